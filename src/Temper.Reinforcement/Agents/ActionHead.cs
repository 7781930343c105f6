using System.Numerics.Tensors;
using Temper.Randomness;
using Temper.Reinforcement.Environments;

namespace Temper.Reinforcement.Agents;

/// <summary>
/// Interprets the outputs of a policy network: chooses actions from them and, for training, computes the likelihood of
/// an action.
/// </summary>
public abstract class ActionHead
{
    /// <summary>Outputs are the logits of a softmax over the actions.</summary>
    public static ActionHead Categorical { get; } = new CategoricalHead();

    /// <summary>Outputs are action values (Q); the action with the largest value is chosen.</summary>
    public static ActionHead Values { get; } = new ValueHead();

    /// <summary>
    /// Outputs are the means of independent normal distributions, then their log standard deviations.
    /// </summary>
    public static ActionHead Gaussian { get; } = new GaussianHead();

    internal static IReadOnlyList<ActionHead> All { get; } = [Categorical, Values, Gaussian];

    /// <summary>Name of the head in files.</summary>
    public abstract string Name { get; }

    /// <summary>Returns the number of outputs that a network needs for an action space.</summary>
    internal abstract int OutputsFor(ActionSpace actions);

    /// <summary>Returns the number of random numbers that <see cref="Sample"/> needs per action.</summary>
    internal virtual int NoiseFor(ActionSpace actions) => 1;

    /// <summary>Fills a buffer with random numbers in the distribution that <see cref="Sample"/> expects.</summary>
    internal virtual void FillNoise(RandomStream stream, Span<float> noise, long start) => stream.Fill(noise, start);

    /// <summary>Writes the most likely action (or the one with the largest value).</summary>
    internal abstract void Greedy(ReadOnlySpan<float> outputs, Span<float> action);

    /// <summary>Writes an action sampled from the policy.</summary>
    internal abstract void Sample(ReadOnlySpan<float> outputs, ReadOnlySpan<float> noise, Span<float> action);

    /// <summary>
    /// Computes the log probability (or log density) of an action, and the entropy of the distribution.
    /// </summary>
    internal virtual (float LogProbability, float Entropy) Likelihood(
        ReadOnlySpan<float> outputs, ReadOnlySpan<float> action) => throw NotTrained();

    /// <summary>
    /// Adds <c>w</c> times the gradient of the log probability and <c>v</c> times the gradient of the entropy, both
    /// with respect to the outputs.
    /// </summary>
    /// <param name="outputs">Outputs of the network for one observation.</param>
    /// <param name="action">The action taken.</param>
    /// <param name="likelihood">Result of <see cref="Likelihood"/> for these outputs and this action.</param>
    /// <param name="w">Factor of the log probability's gradient.</param>
    /// <param name="v">Factor of the entropy's gradient.</param>
    /// <param name="gradient">Gradient with respect to the outputs, to which the sum is added.</param>
    internal virtual void AddGradient(
        ReadOnlySpan<float> outputs, ReadOnlySpan<float> action, (float LogProbability, float Entropy) likelihood,
        float w, float v, Span<float> gradient) =>
        throw NotTrained();

    private static NotSupportedException NotTrained() =>
        new("ActionHead: value-based policies have no policy gradient; train them with DQN");
}

/// <summary>Softmax over discrete actions.</summary>
internal sealed class CategoricalHead : ActionHead
{
    private const int MaxOnStack = 64;

    public override string Name => "categorical";

    internal override int OutputsFor(ActionSpace actions) => actions.Count;

    internal override void Greedy(ReadOnlySpan<float> outputs, Span<float> action) =>
        action[0] = TensorPrimitives.IndexOfMax(outputs);

    internal override void Sample(ReadOnlySpan<float> outputs, ReadOnlySpan<float> noise, Span<float> action)
    {
        Span<float> p = outputs.Length <= MaxOnStack ? stackalloc float[MaxOnStack] : new float[outputs.Length];
        Probabilities(outputs, p);
        float left = noise[0];
        int chosen = 0;
        for (int i = 0; i < outputs.Length; i++)
        {
            // Rounding may leave a small remainder at the end; it goes to the last action with nonzero probability.
            chosen = p[i] > 0 ? i : chosen;
            left -= p[i];
            if (left < 0)
            {
                break;
            }
        }

        action[0] = chosen;
    }

    internal override (float LogProbability, float Entropy) Likelihood(
        ReadOnlySpan<float> outputs, ReadOnlySpan<float> action)
    {
        Span<float> p = outputs.Length <= MaxOnStack ? stackalloc float[MaxOnStack] : new float[outputs.Length];
        float normalizer = Probabilities(outputs, p);
        return (outputs[(int)action[0]] - normalizer, Entropy(outputs, p, normalizer));
    }

    // With p = softmax(z): d log p_a / dz_i = [i = a] - p_i and dH / dz_i = -p_i (log p_i + H).
    internal override void AddGradient(
        ReadOnlySpan<float> outputs, ReadOnlySpan<float> action, (float LogProbability, float Entropy) likelihood,
        float w, float v, Span<float> gradient)
    {
        float normalizer = outputs[(int)action[0]] - likelihood.LogProbability;
        for (int i = 0; i < outputs.Length; i++)
        {
            float log = outputs[i] - normalizer;
            gradient[i] -= MathF.Exp(log) * (w + (v * (log + likelihood.Entropy)));
        }

        gradient[(int)action[0]] += w;
    }

    /// <returns>The log of the sum of exponentials of the outputs.</returns>
    private static float Probabilities(ReadOnlySpan<float> outputs, Span<float> p)
    {
        float largest = TensorPrimitives.Max(outputs), sum = 0;
        for (int i = 0; i < outputs.Length; i++)
        {
            sum += p[i] = MathF.Exp(outputs[i] - largest);
        }

        for (int i = 0; i < outputs.Length; i++)
        {
            p[i] /= sum;
        }

        return largest + MathF.Log(sum);
    }

    private static float Entropy(ReadOnlySpan<float> outputs, ReadOnlySpan<float> p, float normalizer)
    {
        float entropy = 0;
        for (int i = 0; i < outputs.Length; i++)
        {
            entropy -= p[i] * (outputs[i] - normalizer);
        }

        return entropy;
    }
}

/// <summary>Chooses the action with the largest value.</summary>
internal sealed class ValueHead : ActionHead
{
    public override string Name => "values";

    internal override int OutputsFor(ActionSpace actions) => actions.Count;

    internal override void Greedy(ReadOnlySpan<float> outputs, Span<float> action) =>
        action[0] = TensorPrimitives.IndexOfMax(outputs);

    internal override void Sample(ReadOnlySpan<float> outputs, ReadOnlySpan<float> noise, Span<float> action) =>
        Greedy(outputs, action);
}

/// <summary>Independent normal distributions for continuous actions.</summary>
internal sealed class GaussianHead : ActionHead
{
    private const float MinLogDeviation = -5, MaxLogDeviation = 2;
    private static readonly float HalfLogTwoPi = 0.5f * MathF.Log(2 * MathF.PI);

    public override string Name => "gaussian";

    internal override int OutputsFor(ActionSpace actions) => 2 * actions.Dimensions;

    internal override int NoiseFor(ActionSpace actions) => actions.Dimensions;

    internal override void FillNoise(RandomStream stream, Span<float> noise, long start) =>
        stream.FillGaussian(noise, start: start);

    internal override void Greedy(ReadOnlySpan<float> outputs, Span<float> action) =>
        outputs[..action.Length].CopyTo(action);

    internal override void Sample(ReadOnlySpan<float> outputs, ReadOnlySpan<float> noise, Span<float> action)
    {
        for (int i = 0; i < action.Length; i++)
        {
            action[i] = outputs[i] + (MathF.Exp(LogDeviation(outputs, i, action.Length)) * noise[i]);
        }
    }

    internal override (float LogProbability, float Entropy) Likelihood(
        ReadOnlySpan<float> outputs, ReadOnlySpan<float> action)
    {
        (float log, float entropy) = (0, 0);
        for (int i = 0; i < action.Length; i++)
        {
            float s = LogDeviation(outputs, i, action.Length), z = (action[i] - outputs[i]) * MathF.Exp(-s);
            log -= (0.5f * z * z) + s + HalfLogTwoPi;
            entropy += s + HalfLogTwoPi + 0.5f;
        }

        return (log, entropy);
    }

    // With z = (a - mean) / deviation: d log p / d mean = z / deviation, d log p / d log deviation = z^2 - 1, dH / d
    // log deviation = 1.
    internal override void AddGradient(
        ReadOnlySpan<float> outputs, ReadOnlySpan<float> action, (float LogProbability, float Entropy) likelihood,
        float w, float v, Span<float> gradient)
    {
        for (int i = 0; i < action.Length; i++)
        {
            float s = LogDeviation(outputs, i, action.Length), scale = MathF.Exp(-s),
                z = (action[i] - outputs[i]) * scale;
            gradient[i] += w * z * scale;
            bool isFree = outputs[action.Length + i] is > MinLogDeviation and < MaxLogDeviation;
            gradient[action.Length + i] += isFree ? (w * ((z * z) - 1)) + v : 0;
        }
    }

    private static float LogDeviation(ReadOnlySpan<float> outputs, int i, int dimensions) =>
        Math.Clamp(outputs[dimensions + i], MinLogDeviation, MaxLogDeviation);
}
