using Temper.Networks;

namespace Temper.Compression.Pruning;

/// <summary>Which weights are small enough to go.</summary>
public abstract record PruningRule
{
    private protected PruningRule()
    {
    }

    /// <summary>Weights smaller than a multiple of their layer's standard deviation go (DeepHoyer's rule for small networks).</summary>
    /// <param name="ratio">The multiple, zero or more; 0.25 in the authors' script.</param>
    public static PruningRule StandardDeviations(float ratio) => new StandardDeviationRule(NotNegative(ratio));

    /// <summary>Weights smaller than a number go (DeepHoyer's rule for large networks).</summary>
    /// <param name="threshold">The number, zero or more; 1e-4 in the authors' script.</param>
    public static PruningRule Absolute(float threshold) => new AbsoluteRule(NotNegative(threshold));

    /// <summary>Weights of a magnitude below this go.</summary>
    internal abstract float Threshold(ReadOnlySpan<float> weights);

    private static float NotNegative(float value, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(value))] string? name = null) =>
        value >= 0 && float.IsFinite(value)
            ? value
            : throw new ArgumentOutOfRangeException(name, $"PruningRule: must be zero or more (got {value})");

    private sealed record StandardDeviationRule(float Ratio) : PruningRule
    {
        internal override float Threshold(ReadOnlySpan<float> weights)
        {
            double mean = 0;
            foreach (float weight in weights)
            {
                mean += weight / (double)weights.Length;
            }

            double variance = 0;
            foreach (float weight in weights)
            {
                variance += (weight - mean) * (weight - mean) / weights.Length;
            }

            return Ratio * (float)Math.Sqrt(variance);
        }
    }

    private sealed record AbsoluteRule(float Value) : PruningRule
    {
        internal override float Threshold(ReadOnlySpan<float> weights) => Value;
    }
}
