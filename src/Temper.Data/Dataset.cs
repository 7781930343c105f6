using System.Globalization;
using Temper.Tensors;

namespace Temper.Data;

/// <summary>Samples with targets, read one at a time by index, so that a data set may be larger than memory.</summary>
/// <remarks>Reading is thread-safe.</remarks>
public abstract class Dataset
{
    /// <summary>Short name for logs and reports.</summary>
    public abstract string Name { get; }

    /// <summary>Number of samples.</summary>
    public abstract int Count { get; }

    /// <summary>
    /// Shape of one sample without the batch axis: <c>[C, H, W]</c> for pictures, <c>[D]</c> for features.
    /// </summary>
    public abstract Shape SampleShape { get; }

    /// <summary>
    /// Shapes in which samples are stored, the most frequent first. If there are several, samples must be
    /// <see cref="Resized">resized</see> before they are read.
    /// </summary>
    public virtual IReadOnlyList<Shape> StoredShapes => [SampleShape];

    /// <summary>Whether samples may have the channel axis last, because the source (an array) does not say.</summary>
    public virtual bool MayHaveChannelsLast => false;

    /// <summary>Samples of the source that this set does not use, with reasons.</summary>
    public virtual IReadOnlyList<UnusedSamples> Unused => [];

    /// <summary>Names of the classes, in the order of their labels; empty if targets are not classes.</summary>
    public abstract IReadOnlyList<string> ClassNames { get; }

    /// <summary>
    /// Shape of one target if targets are not class labels (regression, multiple labels); null for class labels.
    /// </summary>
    public virtual Shape? TargetShape => null;

    /// <summary>
    /// False if the source has no labels: <see cref="Label"/> is then 0 for every sample, and accuracy cannot be
    /// measured.
    /// </summary>
    public virtual bool HasLabels => true;

    /// <summary>Copies one sample in row-major order; pixel values are 0 to 1.</summary>
    /// <param name="index">Index of the sample, 0 to <see cref="Count"/> - 1.</param>
    /// <param name="sample">Receives the sample; its length is the element count of <see cref="SampleShape"/>.</param>
    public abstract void CopySample(int index, Span<float> sample);

    /// <summary>Copies one picture at its stored size, row-major, <c>[C, H, W]</c>.</summary>
    /// <param name="index">Index of the sample, 0 to <see cref="Count"/> - 1.</param>
    /// <param name="height">Height of this picture, in pixels.</param>
    /// <param name="width">Width of this picture, in pixels.</param>
    /// <param name="sample">Receives the picture; replaced by a longer array if it is too short.</param>
    public virtual void CopyStored(int index, out int height, out int width, ref float[] sample)
    {
        (height, width) = (SampleShape[1], SampleShape[2]);
        if (sample.Length < SampleShape.Count)
        {
            sample = new float[SampleShape.Count];
        }

        CopySample(index, sample.AsSpan(0, SampleShape.Count));
    }

    /// <summary>
    /// Returns the class label of a sample, 0 to the number of classes - 1; see <see cref="HasLabels"/>.
    /// </summary>
    /// <param name="index">Index of the sample, 0 to <see cref="Count"/> - 1.</param>
    public abstract long Label(int index);

    /// <summary>Copies one target; only if <see cref="TargetShape"/> is not null.</summary>
    /// <param name="index">Index of the sample, 0 to <see cref="Count"/> - 1.</param>
    /// <param name="target">Receives the target; its length is the element count of <see cref="TargetShape"/>.</param>
    /// <exception cref="NotSupportedException">Targets are class labels.</exception>
    public virtual void CopyTarget(int index, Span<float> target) =>
        throw new NotSupportedException($"{Name}: targets are class labels; read them with Label");

    /// <summary>Returns the samples at the given indices, in that order.</summary>
    /// <param name="indices">Indices, each 0 to <see cref="Count"/> - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no sample of one of the indices.</exception>
    public Dataset Subset(IReadOnlyList<int> indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        foreach (int index in indices)
        {
            RequireRange("Subset", index, 1);
        }

        return new SubsetDataset(this, indices);
    }

    /// <summary>Returns the first samples.</summary>
    /// <param name="count">Number of samples, 0 or more; if the set is smaller, all are returned.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public Dataset Take(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return Subset([.. Enumerable.Range(0, Math.Min(count, Count))]);
    }

    /// <summary>
    /// Returns samples spread evenly over the set. Unlike the first samples, they represent all classes even if samples
    /// are sorted by class, as those of folders are.
    /// </summary>
    /// <param name="count">Number of samples; if the set is smaller, all are returned.</param>
    public Dataset Spread(int count) => count >= Count
        ? this
        : Subset([.. Enumerable.Range(0, count).Select(i => (int)((long)i * Count / count))]);

    /// <summary>Returns a view of this set in which all pictures have the same size.</summary>
    /// <param name="height">Height in pixels.</param>
    /// <param name="width">Width in pixels.</param>
    /// <param name="scaling">Interpolation.</param>
    /// <exception cref="ShapeMismatchException">Samples are not pictures <c>[C, H, W]</c>.</exception>
    public Dataset Resized(int height, int width, PictureScaling scaling) => SampleShape.Rank == 3
        ? new ResizedDataset(this, height, width, scaling)
        : throw new ShapeMismatchException($"{Name}: samples to resize", SampleShape, "pictures, [C, H, W]");

    /// <summary>
    /// Returns a view with the channel axis first: pictures <c>[H, W, C]</c> become <c>[C, H, W]</c>, and gray pictures
    /// <c>[H, W]</c> become <c>[1, H, W]</c>.
    /// </summary>
    /// <exception cref="ShapeMismatchException">Samples have neither shape.</exception>
    public Dataset WithChannelsFirst() => new ChannelsFirstDataset(this);

    /// <summary>Returns gray pictures as color pictures, by repeating the channel three times.</summary>
    /// <exception cref="ShapeMismatchException">Samples are not gray pictures <c>[1, H, W]</c>.</exception>
    public Dataset AsColor() => new ColoredDataset(this);

    /// <summary>
    /// Reads consecutive samples into one tensor <c>[N, ...]</c>, and their labels into an int64 tensor <c>[N]</c>.
    /// </summary>
    /// <param name="start">Index of the first sample, 0 or more.</param>
    /// <param name="count">Number of samples, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The set has no such samples.</exception>
    public (Tensor Inputs, Tensor Labels) Read(int start, int count)
    {
        RequireRange("Read", start, count);
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

    private void RequireRange(string operation, int start, int count)
    {
        if (start < 0 || count < 0 || start > Count - count)
        {
            throw new ArgumentOutOfRangeException(nameof(start), string.Create(
                CultureInfo.InvariantCulture,
                $"Dataset.{operation}: {Name} has no such samples (got {count} from index {start}, expected indices "
                + $"below {Count})"));
        }
    }
}
