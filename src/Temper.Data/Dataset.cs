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

    /// <summary>Shape of one sample without the batch axis: <c>[C, H, W]</c> for pictures, <c>[D]</c> for features.</summary>
    public abstract Shape SampleShape { get; }

    /// <summary>Names of the classes in the order of their labels; empty where targets are not classes.</summary>
    public abstract IReadOnlyList<string> ClassNames { get; }

    /// <summary>Shape of one target that is not a class label (regression, several labels); null for class labels.</summary>
    public virtual Shape? TargetShape => null;

    /// <summary>Copies one sample, row-major; pixels are 0 to 1.</summary>
    /// <param name="index">0 to count - 1.</param>
    /// <param name="sample">As long as <see cref="SampleShape"/> has elements.</param>
    public abstract void CopySample(int index, Span<float> sample);

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

/// <summary>Some samples of another set.</summary>
internal sealed class SubsetDataset(Dataset source, IReadOnlyList<int> indices) : Dataset
{
    public override string Name => source.Name;

    public override int Count => indices.Count;

    public override Shape SampleShape => source.SampleShape;

    public override IReadOnlyList<string> ClassNames => source.ClassNames;

    public override Shape? TargetShape => source.TargetShape;

    public override void CopySample(int index, Span<float> sample) => source.CopySample(indices[index], sample);

    public override long Label(int index) => source.Label(indices[index]);

    public override void CopyTarget(int index, Span<float> target) => source.CopyTarget(indices[index], target);
}
