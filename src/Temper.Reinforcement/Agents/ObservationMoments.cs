using Temper.Networks;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents;

/// <summary>Running mean and standard deviation of each observed value, used to normalize observations.</summary>
/// <param name="length">Length of an observation.</param>
internal sealed class ObservationMoments(int length)
{
    private const double MinVariance = 1e-4;
    private readonly double[] _mean = new double[length], _squares = new double[length];
    private readonly float[] _center = new float[length], _scale = [.. Enumerable.Repeat(1f, length)];
    private double _count;

    /// <summary>State for a checkpoint: count, means, sums of squared deviations.</summary>
    internal double[] State
    {
        get => [_count, .. _mean, .. _squares];
        set
        {
            _count = value[0];
            value.AsSpan(1, length).CopyTo(_mean);
            value.AsSpan(1 + length, length).CopyTo(_squares);
            if (_count > 0)
            {
                // Before the first update, observations are not normalized yet.
                Refresh();
            }
        }
    }

    /// <summary>
    /// Updates the statistics. <see cref="Apply"/> uses the new values only after <see cref="Refresh"/>.
    /// </summary>
    internal void Add(ReadOnlySpan<float> observations)
    {
        for (int start = 0; start < observations.Length; start += length)
        {
            _count++;
            for (int i = 0; i < length; i++)
            {
                double x = observations[start + i], difference = x - _mean[i];
                _mean[i] += difference / _count;
                _squares[i] += difference * (x - _mean[i]);
            }
        }
    }

    /// <summary>Makes <see cref="Apply"/> use the statistics of all observations added so far.</summary>
    internal void Refresh()
    {
        for (int i = 0; i < length; i++)
        {
            _center[i] = (float)_mean[i];
            _scale[i] = (float)Math.Sqrt(Math.Max(MinVariance, _squares[i] / Math.Max(1, _count)));
        }
    }

    /// <summary>Normalizes observations in place.</summary>
    internal void Apply(Span<float> observations)
    {
        for (int i = 0; i < observations.Length; i++)
        {
            observations[i] = (observations[i] - _center[i % length]) / _scale[i % length];
        }
    }

    /// <summary>Adds a normalization layer in front of a network, so that it accepts raw observations.</summary>
    internal Network Prepend(Network network) =>
        network.Prepend(network.Inputs[0], x => x.Normalize(_center, _scale, name: "normalize"));
}
