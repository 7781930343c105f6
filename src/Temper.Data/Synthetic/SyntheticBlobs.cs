using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Data.Synthetic;

/// <summary>Gaussian blobs: points around one random center per class.</summary>
public sealed class SyntheticBlobs : Dataset
{
    private readonly float[] _values;
    private readonly int _classes;
    private readonly int _features;

    /// <summary>Creates a data set.</summary>
    /// <param name="count">Number of points; point i has class i modulo <paramref name="classes"/>.</param>
    /// <param name="classes">Number of classes, 2 or more.</param>
    /// <param name="features">Features per point, 1 or more.</param>
    /// <param name="centers">Random stream of the centers; use the same one for the training and test sets.</param>
    /// <param name="points">Random stream of the points.</param>
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
