using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Data.Synthetic;

/// <summary>Points around random centers, one center a class: features without pictures.</summary>
public sealed class SyntheticBlobs : Dataset
{
    private readonly float[] _values;
    private readonly int _classes;
    private readonly int _features;

    /// <summary>Draws a set.</summary>
    /// <param name="count">Points; classes take turns.</param>
    /// <param name="classes">2 or more.</param>
    /// <param name="features">Numbers per point, 1 or more.</param>
    /// <param name="centers">Decides the centers; the same for a training and a test part.</param>
    /// <param name="points">Decides the points.</param>
    public SyntheticBlobs(int count, int classes, int features, RandomStream centers, RandomStream points)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(features, 1);
        (_classes, _features, Count) = (classes, features, count);
        float[] means = new float[classes * features];
        centers.FillGaussian(means, deviation: 1.5f);
        _values = new float[checked(count * features)];
        points.FillGaussian(_values);
        for (int i = 0; i < _values.Length; i++)
        {
            _values[i] += means[(i / features % classes * features) + (i % features)];
        }

        ClassNames = [.. Enumerable.Range(0, classes).Select(c => $"blob {c}")];
        SampleShape = [features];
    }

    /// <inheritdoc/>
    public override string Name => "synth:blobs";

    /// <inheritdoc/>
    public override int Count { get; }

    /// <inheritdoc/>
    public override Shape SampleShape { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc/>
    public override void CopySample(int index, Span<float> sample) =>
        _values.AsSpan(index * _features, _features).CopyTo(sample);

    /// <inheritdoc/>
    public override long Label(int index) => index % _classes;
}
