using Temper.Tensors;

namespace Temper.Data;

/// <summary>Samples with targets, read one at a time by index, so that a set may be larger than memory.</summary>
/// <remarks>Reading is safe from several threads at once.</remarks>
public abstract class Dataset
{
    /// <summary>A short name for logs and reports.</summary>
    public abstract string Name { get; }

    /// <summary>Number of samples.</summary>
    public abstract int Count { get; }

    /// <summary>
    /// Shape of one sample without the batch axis: <c>[C, H, W]</c> for pictures, <c>[D]</c> for features.
    /// </summary>
    public abstract Shape SampleShape { get; }

    /// <summary>
    /// Shapes in which samples are stored, the most frequent first. Where there are several, samples must be
    /// <see cref="Resized">resized</see> before they are read.
    /// </summary>
    public virtual IReadOnlyList<Shape> StoredShapes => [SampleShape];

    /// <summary>Whether the source does not say where the channel axis of a sample is, as arrays do not.</summary>
    public virtual bool MayHaveChannelsLast => false;

    /// <summary>What the source holds and this set does not use, with reasons.</summary>
    public virtual IReadOnlyList<UnusedSamples> Unused => [];

    /// <summary>Names of the classes in the order of their labels; empty where targets are not classes.</summary>
    public abstract IReadOnlyList<string> ClassNames { get; }

    /// <summary>
    /// Shape of one target that is not a class label (regression, several labels); null for class labels.
    /// </summary>
    public virtual Shape? TargetShape => null;

    /// <summary>Copies one sample, row-major; pixels are 0 to 1.</summary>
    /// <param name="index">0 to count - 1.</param>
    /// <param name="sample">As long as <see cref="SampleShape"/> has elements.</param>
    public abstract void CopySample(int index, Span<float> sample);

    /// <summary>Copies one picture in the size in which it is stored, row-major, <c>[C, H, W]</c>.</summary>
    /// <param name="index">0 to count - 1.</param>
    /// <param name="height">Rows of this picture.</param>
    /// <param name="width">Pixels per row.</param>
    /// <param name="sample">Receives the picture; replaced where it is too short.</param>
    public virtual void CopyStored(int index, out int height, out int width, ref float[] sample)
    {
        (height, width) = (SampleShape[1], SampleShape[2]);
        if (sample.Length < SampleShape.Count)
        {
            sample = new float[SampleShape.Count];
        }

        CopySample(index, sample.AsSpan(0, SampleShape.Count));
    }

    /// <summary>The class of a sample, 0 to number of classes - 1.</summary>
    /// <param name="index">0 to count - 1.</param>
    public abstract long Label(int index);

    /// <summary>Copies one target, where <see cref="TargetShape"/> is not null.</summary>
    /// <param name="index">0 to count - 1.</param>
    /// <param name="target">As long as the target's shape has elements.</param>
    /// <exception cref="NotSupportedException">Targets are class labels.</exception>
    public virtual void CopyTarget(int index, Span<float> target) =>
        throw new NotSupportedException($"{Name}: targets are class labels; read them with Label");

    /// <summary>The samples of some indices, in their order.</summary>
    /// <param name="indices">Each 0 to count - 1.</param>
    public Dataset Subset(IReadOnlyList<int> indices) => new SubsetDataset(this, indices);

    /// <summary>The first samples, at most as many as asked for.</summary>
    /// <param name="count">How many.</param>
    public Dataset Take(int count) => Subset([.. Enumerable.Range(0, Math.Min(count, Count))]);

    /// <summary>All pictures in one size.</summary>
    /// <param name="height">Rows.</param>
    /// <param name="width">Pixels per row.</param>
    /// <param name="scaling">How.</param>
    /// <exception cref="ShapeMismatchException">Samples are no pictures, <c>[C, H, W]</c>.</exception>
    public Dataset Resized(int height, int width, PictureScaling scaling) => SampleShape.Rank == 3
        ? new ResizedDataset(this, height, width, scaling)
        : throw new ShapeMismatchException($"{Name}: samples to resize", SampleShape, "pictures, [C, H, W]");

    /// <summary>
    /// Pictures <c>[H, W, C]</c> as <c>[C, H, W]</c>, and gray ones <c>[H, W]</c> as <c>[1, H, W]</c>.
    /// </summary>
    /// <exception cref="ShapeMismatchException">Samples are neither.</exception>
    public Dataset WithChannelsFirst() => new ChannelsFirstDataset(this);

    /// <summary>Gray pictures as color: the one channel three times.</summary>
    /// <exception cref="ShapeMismatchException">Samples are no gray pictures, <c>[1, H, W]</c>.</exception>
    public Dataset AsColor() => new ColoredDataset(this);

    /// <summary>Some samples as one tensor, <c>[N, ...]</c>, and their labels, int64 <c>[N]</c>.</summary>
    /// <param name="start">First sample.</param>
    /// <param name="count">How many.</param>
    public (Tensor Inputs, Tensor Labels) Read(int start, int count)
    {
        int size = SampleShape.Count;
        float[] values = new float[checked(count * size)];
        long[] labels = new long[count];
        for (int i = 0; i < count; i++)
        {
            CopySample(start + i, values.AsSpan(i * size, size));
            labels[i] = Label(start + i);
        }

        return (Tensor.From(values, [count, .. SampleShape.AsSpan()]), Tensor.From(labels, [count]));
    }
}
