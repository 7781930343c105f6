using System.Globalization;
using Temper.Kernels;

namespace Temper.Optimization;

/// <summary>
/// Exponential moving average of the weights, which often gives better accuracy than the final weights.
/// </summary>
/// <remarks>A record of options; the caller holds the averages, so that a checkpoint can save them.</remarks>
public sealed record WeightAverage
{
    /// <summary>Decay rate of the moving average per step, 0 or more and below 1. Default: 0.999.</summary>
    public float Decay { get; init; } = 0.999f;

    /// <summary>True (default) to warm up the decay rate: it is at most (1 + updates) / (10 + updates).</summary>
    public bool WarmUp { get; init; } = true;

    /// <summary>Updates an average: average = d average + (1 - d) value, with d the decay rate.</summary>
    /// <param name="average">The average, updated in place; initialize it with a copy of the weights.</param>
    /// <param name="value">The weights, of the same length.</param>
    /// <param name="updates">Number of updates before this one.</param>
    /// <exception cref="ArgumentException">Lengths differ.</exception>
    public void Update(Span<float> average, ReadOnlySpan<float> value, long updates)
    {
        double decay = WarmUp ? Math.Min(Decay, (1.0 + updates) / (10.0 + updates)) : Decay;
        OptimizerSteps.MovingAverage(average, value, (float)decay);
    }

    /// <summary>Throws if the decay rate is out of range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The decay rate is below 0, or 1 or more.</exception>
    public void Validate()
    {
        if (Decay is not (>= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(Decay), string.Create(
                CultureInfo.InvariantCulture,
                $"weight average: Decay is out of range (got {Decay}, expected 0 or more and below 1)"));
        }
    }
}
