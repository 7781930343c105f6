using System.Numerics.Tensors;
using Temper.Tensors;

namespace Temper.Data;

/// <summary>Pictures of one size in memory, one byte per pixel and channel, with class labels.</summary>
public sealed class ImageDataset : Dataset
{
    private readonly byte[] _pixels;
    private readonly byte[] _labels;

    /// <summary>Creates the data set; the arrays are used without copying.</summary>
    /// <param name="name">Short name for logs and reports.</param>
    /// <param name="shape">Shape of one picture, <c>[C, H, W]</c>.</param>
    /// <param name="pixels">Pixels <c>[N, C, H, W]</c>, 0 to 255.</param>
    /// <param name="labels">Labels <c>[N]</c>, each less than the number of classes.</param>
    /// <param name="classNames">Names of the classes, in the order of their labels.</param>
    /// <exception cref="ArgumentException">
    /// The shape does not have three axes, the lengths are inconsistent, or a label is out of range.
    /// </exception>
    public ImageDataset(string name, Shape shape, byte[] pixels, byte[] labels, IReadOnlyList<string> classNames)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(shape);
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(classNames);
        if (shape.Rank != 3)
        {
            throw new ArgumentException(
                $"{name}: the shape of a picture needs three axes (got {shape}, expected [C, H, W]); a gray picture "
                    + "has one channel, [1, H, W]",
                nameof(shape));
        }

        if (pixels.Length != (long)shape.Count * labels.Length)
        {
            throw new ArgumentException(
                $"{name}: pixels and labels differ in number (got {pixels.Length} bytes, "
                    + $"expected {labels.Length} pictures of {shape})",
                nameof(pixels));
        }

        foreach (byte label in labels)
        {
            if (label >= classNames.Count)
            {
                throw new ArgumentException(
                    $"{name}: a label is out of range (got {label}, "
                        + $"expected 0 to {classNames.Count - 1})", nameof(labels));
            }
        }

        (Name, SampleShape, ClassNames) = (name, shape, classNames);
        (_pixels, _labels) = (pixels, labels);
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override int Count => _labels.Length;

    /// <inheritdoc/>
    public override Shape SampleShape { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames { get; }

    /// <summary>Returns the pixels of one picture, <c>[C, H, W]</c>, 0 to 255.</summary>
    /// <param name="index">Index of the sample, 0 to <see cref="Count"/> - 1.</param>
    public ReadOnlySpan<byte> Pixels(int index) => _pixels.AsSpan(index * SampleShape.Count, SampleShape.Count);

    /// <summary>Returns the same pictures with a longer list of class names.</summary>
    internal ImageDataset WithClassNames(IReadOnlyList<string> names) =>
        names.Count == ClassNames.Count ? this : new ImageDataset(Name, SampleShape, _pixels, _labels, names);

    /// <inheritdoc/>
    public override void CopySample(int index, Span<float> sample)
    {
        TensorPrimitives.ConvertTruncating(Pixels(index), sample);
        TensorPrimitives.Multiply(sample, 1f / 255f, sample);
    }

    /// <inheritdoc/>
    public override long Label(int index) => _labels[index];
}
