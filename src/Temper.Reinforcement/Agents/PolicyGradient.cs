using Temper.Kernels;

namespace Temper.Reinforcement.Agents;

/// <summary>
/// Computes the loss of PPO and A2C for a minibatch, and its gradient with respect to the network's outputs. Samples
/// are processed in parallel in chunks of fixed size; the chunks are summed in order, so results do not depend on the
/// number of threads.
/// </summary>
/// <param name="head">Head that interprets the outputs.</param>
/// <param name="options">Clip range and loss weights.</param>
/// <param name="rollout">The collected experience.</param>
internal sealed class PolicyGradient(ActionHead head, OnPolicyOptions options, Rollout rollout) : IPoolWork
{
    private const int Piece = 64;
    private readonly PolicyLoss[] _sums = new PolicyLoss[(rollout.Length + Piece - 1) / Piece];
    private ReadOnlyMemory<int> _samples;
    private float _mean, _scale;

    /// <summary>
    /// The network's policy outputs for the samples, <c>[B, A]</c>; set before calling <see cref="Compute"/>.
    /// </summary>
    internal float[] Outputs { get; private set; } = [];

    /// <summary>The network's values for the samples, <c>[B]</c>; set before calling <see cref="Compute"/>.</summary>
    internal float[] Values { get; } = new float[rollout.Length];

    /// <summary>Gradient of the loss with respect to <see cref="Outputs"/>.</summary>
    internal float[] ByOutputs { get; private set; } = [];

    /// <summary>Gradient of the loss with respect to <see cref="Values"/>.</summary>
    internal float[] ByValues { get; } = new float[rollout.Length];

    /// <summary>Number of policy outputs, A.</summary>
    internal required int Width
    {
        get;
        init
        {
            field = value;
            (Outputs, ByOutputs) = (rollout.NewArray(value), rollout.NewArray(value));
        }
    }

    /// <summary>
    /// Computes the mean over the samples of <c>-min(r A, clip(r) A) - entropyWeight H + valueWeight (V - target)^2 /
    /// 2</c>, where <c>r</c> is the new probability of the action divided by the old one (arXiv:1707.06347, eq. 9).
    /// Without clipping the first term is <c>-A log p</c>, the plain policy gradient.
    /// </summary>
    /// <param name="samples">Indices of the samples in the rollout.</param>
    internal PolicyLoss Compute(ReadOnlyMemory<int> samples)
    {
        _samples = samples;
        (_mean, _scale) = options.NormalizesAdvantages ? Moments(samples.Span) : (0, 1);
        int pieces = (samples.Length + Piece - 1) / Piece;
        WorkerPool.Current.Run(this, pieces);
        PolicyLoss sum = default;
        for (int i = 0; i < pieces; i++)
        {
            sum += _sums[i];
        }

        return sum;
    }

    /// <inheritdoc/>
    public void Run(int task, int thread)
    {
        float part = 1f / _samples.Length;
        PolicyLoss sum = default;
        for (int i = task * Piece; i < Math.Min(_samples.Length, (task + 1) * Piece); i++)
        {
            int sample = _samples.Span[i];
            ReadOnlySpan<float> outputs = Outputs.AsSpan(i * Width, Width), action = rollout.Action(sample);
            Span<float> byOutputs = ByOutputs.AsSpan(i * Width, Width);
            (float log, float entropy) = head.Likelihood(outputs, action);
            float advantage = (rollout.Advantages[sample] - _mean) * _scale;
            float difference = log - rollout.LogProbabilities[sample], ratio = MathF.Exp(difference);
            (float surrogate, float derivative) = Surrogate(advantage, log, ratio);
            float error = Values[i] - rollout.Targets[sample];
            byOutputs.Clear();
            head.AddGradient(
                outputs, action, (log, entropy), -derivative * part, -options.EntropyWeight * part, byOutputs);
            ByValues[i] = options.ValueWeight * error * part;
            sum += new PolicyLoss(
                -surrogate * part, 0.5f * error * error * part, entropy * part, (ratio - 1 - difference) * part);
        }

        _sums[task] = sum;
    }

    /// <summary>
    /// Computes the objective to maximize and its derivative by the log probability, with <c>dr / d log p = r</c>.
    /// </summary>
    private (float Surrogate, float Derivative) Surrogate(float advantage, float log, float ratio)
    {
        if (options.Clip is not { } clip)
        {
            return (advantage * log, advantage);
        }

        float clipped = Math.Clamp(ratio, 1 - clip, 1 + clip) * advantage, free = ratio * advantage;
        return free <= clipped ? (free, free) : (clipped, 0);
    }

    private (float Mean, float Scale) Moments(ReadOnlySpan<int> samples)
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

/// <summary>Components of a loss, each averaged over the samples.</summary>
/// <param name="Policy">Policy loss.</param>
/// <param name="Value">Half the squared error of the value.</param>
/// <param name="Entropy">Entropy of the policy, in nats.</param>
/// <param name="Divergence">Estimated KL divergence from the policy that collected the experience, in nats.</param>
internal readonly record struct PolicyLoss(float Policy, float Value, float Entropy, float Divergence)
{
    public static PolicyLoss operator +(PolicyLoss a, PolicyLoss b) =>
        new(a.Policy + b.Policy, a.Value + b.Value, a.Entropy + b.Entropy, a.Divergence + b.Divergence);
}
