using Temper.Kernels;

namespace Temper.Optimization;

/// <summary>
/// An exponential moving average of the weights, which often classifies better than the last weights.
/// </summary>
/// <remarks>A record of options: the averages are the caller's, so that a checkpoint can save them.</remarks>
public sealed record WeightAverage
{
    /// <summary>Decay of the exponential moving average per step, 0 to 1.</summary>
    public float Decay { get; init; } = 0.999f;

    /// <summary>Whether to warm up the decay: it is at most (1 + updates) / (10 + updates).</summary>
    public bool WarmUp { get; init; } = true;

    /// <summary>average = d average + (1 - d) value</summary>
    /// <param name="average">Changed in place; starts as a copy of the weights.</param>
    /// <param name="value">The weights, as long.</param>
    /// <param name="updates">Updates done before this one.</param>
    /// <exception cref="ArgumentException">Lengths differ.</exception>
    public void Update(Span<float> average, ReadOnlySpan<float> value, long updates)
    {
        double decay = WarmUp ? Math.Min(Decay, (1.0 + updates) / (10.0 + updates)) : Decay;
        OptimizerSteps.MovingAverage(average, value, (float)decay);
    }

    /// <summary>Throws when the decay is out of its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The decay is below 0 or not below 1.</exception>
    public void Validate()
    {
        if (Decay is not (>= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Decay), $"weight average: Decay is out of range (got {Decay}, expected 0 or more and below 1)");
        }
    }
}
