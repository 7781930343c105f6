namespace Temper.Reinforcement.Agents;

/// <summary>The loss of PPO and A2C for some samples, and its gradient by the network's outputs.</summary>
/// <param name="head">What the outputs mean.</param>
/// <param name="options">Clip and weights.</param>
internal sealed class PolicyGradient(ActionHead head, OnPolicyOptions options)
{
    /// <summary>
    /// Mean over the samples of <c>-min(r A, clip(r) A) - entropyWeight H + valueWeight (V - target)^2 / 2</c>, <c>r</c> the new probability of
    /// the action over the old one (arXiv:1707.06347, eq. 9). Without a clip the first term is <c>-A log p</c>, the plain policy gradient.
    /// </summary>
    /// <param name="rollout">The experience.</param>
    /// <param name="samples">Which of it.</param>
    /// <param name="outputs">The policy's outputs, <c>[B, A]</c>.</param>
    /// <param name="values">The values, <c>[B]</c>.</param>
    /// <param name="byOutputs">Receives the gradient by the outputs.</param>
    /// <param name="byValues">Receives the gradient by the values.</param>
    internal PolicyLoss Compute(
        Rollout rollout, ReadOnlySpan<int> samples, ReadOnlySpan<float> outputs, ReadOnlySpan<float> values, Span<float> byOutputs, Span<float> byValues)
    {
        byOutputs.Clear();
        (float mean, float scale) = options.NormalizesAdvantages ? Moments(rollout, samples) : (0, 1);
        int width = outputs.Length / samples.Length;
        float part = 1f / samples.Length;
        PolicyLoss sum = default;
        for (int i = 0; i < samples.Length; i++)
        {
            int sample = samples[i];
            ReadOnlySpan<float> logits = outputs.Slice(i * width, width), action = rollout.Action(sample);
            (float log, float entropy) = head.Likelihood(logits, action);
            float advantage = (rollout.Advantages[sample] - mean) * scale;
            float difference = log - rollout.LogProbabilities[sample], ratio = MathF.Exp(difference);
            (float surrogate, float slope) = Surrogate(advantage, log, ratio);
            float error = values[i] - rollout.Targets[sample];
            head.AddGradient(logits, action, -slope * part, -options.EntropyWeight * part, byOutputs.Slice(i * width, width));
            byValues[i] = options.ValueWeight * error * part;
            sum = sum.Plus(-surrogate * part, 0.5f * error * error * part, entropy * part, (ratio - 1 - difference) * part);
        }

        return sum;
    }

    /// <summary>What is to be maximized, and its slope by the log probability: <c>dr / d log p = r</c>.</summary>
    private (float Surrogate, float Slope) Surrogate(float advantage, float log, float ratio)
    {
        if (options.Clip is not { } clip)
        {
            return (advantage * log, advantage);
        }

        float clipped = Math.Clamp(ratio, 1 - clip, 1 + clip) * advantage, free = ratio * advantage;
        return free <= clipped ? (free, free) : (clipped, 0);
    }

    private static (float Mean, float Scale) Moments(Rollout rollout, ReadOnlySpan<int> samples)
    {
        (double sum, double squares) = (0, 0);
        foreach (int sample in samples)
        {
            double advantage = rollout.Advantages[sample];
            sum += advantage;
            squares += advantage * advantage;
        }

        double mean = sum / samples.Length, variance = Math.Max(0, (squares / samples.Length) - (mean * mean));
        return ((float)mean, (float)(1 / (Math.Sqrt(variance) + 1e-8)));
    }
}

/// <summary>The parts of a loss, each a mean over samples.</summary>
/// <param name="Policy">Of the policy.</param>
/// <param name="Value">Half the squared error of the value.</param>
/// <param name="Entropy">Entropy of the policy, in nats.</param>
/// <param name="Divergence">How far the policy has moved since the experience was made: an estimate of the KL divergence, in nats.</param>
public readonly record struct PolicyLoss(float Policy, float Value, float Entropy, float Divergence)
{
    internal PolicyLoss Plus(float policy, float value, float entropy, float divergence) =>
        new(Policy + policy, Value + value, Entropy + entropy, Divergence + divergence);
}
