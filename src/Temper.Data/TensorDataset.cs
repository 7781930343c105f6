using System.Globalization;
using Temper.Tensors;

namespace Temper.Data;

/// <summary>A data set whose samples are the slices of a tensor along its first axis.</summary>
public sealed class TensorDataset : Dataset
{
    private const int MaxLabel = 1_000_000;

    private readonly Tensor _inputs;
    private readonly Tensor _targets;
    private readonly float _scale;

    /// <summary>Creates a data set from tensors.</summary>
    /// <param name="name">Short name for logs and reports.</param>
    /// <param name="inputs">Float32 <c>[N, ...]</c>, or uint8, which is scaled to 0 to 1.</param>
    /// <param name="targets">Class labels, int64 <c>[N]</c>, or float32 targets <c>[N, ...]</c>.</param>
    /// <exception cref="ShapeMismatchException">The lengths of the first axes differ.</exception>
    /// <exception cref="ArgumentException">The targets have another type, or labels have another shape.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A label is negative or above 1,000,000.</exception>
    public TensorDataset(string name, Tensor inputs, Tensor targets)
        : this(name, inputs, targets ?? throw new ArgumentNullException(nameof(targets)), classes: 0)
    {
    }

    /// <summary>
    /// Creates a set with at least <paramref name="classes"/> classes, for one of several sets; targets of null: it has
    /// no labels.
    /// </summary>
    internal TensorDataset(string name, Tensor inputs, Tensor? targets, int classes)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(inputs);
        HasLabels = targets is not null;
        targets ??= Tensor.From(new long[inputs.Shape[0]], [inputs.Shape[0]]);
        if (inputs.Rank < 1 || targets.Rank < 1 || inputs.Shape[0] != targets.Shape[0])
        {
            throw new ShapeMismatchException(
                name, inputs.Shape, targets.Shape, "inputs and targets have the same first axis");
        }

        if (targets.DType is not (DType.Int64 or DType.Float32) || (targets.DType == DType.Int64 && targets.Rank != 1))
        {
            throw new ArgumentException($"TensorDataset: {name}: invalid targets (got {targets.DType} {targets.Shape}, "
                + "expected class labels, int64 [N], or float32 targets [N, ...]); convert them with Tensor.To",
                nameof(targets));
        }

        Name = name;
        _scale = inputs.DType == DType.UInt8 ? 1f / 255f : 1;
        _inputs = inputs.To(DType.Float32);
        _targets = targets;
        SampleShape = Shape.Create(inputs.Shape.AsSpan()[1..]);
        TargetShape =
            targets.DType == DType.Int64 && targets.Rank == 1 ? null : Shape.Create(targets.Shape.AsSpan()[1..]);
        ClassNames = TargetShape is not null ? [] : HasLabels ? Classes(name, targets, classes) : Names(classes);
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override int Count => _inputs.Shape[0];

    /// <inheritdoc/>
    public override Shape SampleShape { get; }

    /// <inheritdoc/>
    public override bool MayHaveChannelsLast => SampleShape.Rank is 2 or 3;

    /// <inheritdoc/>
    public override Shape? TargetShape { get; }

    /// <inheritdoc/>
    public override bool HasLabels { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames { get; }

    /// <inheritdoc/>
    public override void CopySample(int index, Span<float> sample)
    {
        ReadOnlySpan<float> source = _inputs.AsSpan<float>().Slice(index * SampleShape.Count, SampleShape.Count);
        for (int i = 0; i < sample.Length; i++)
        {
            sample[i] = source[i] * _scale;
        }
    }

    /// <inheritdoc/>
    public override long Label(int index) => TargetShape is null
        ? _targets.AsSpan<long>()[index]
        : throw new NotSupportedException($"{Name}: targets are not class labels; read them with CopyTarget");

    /// <inheritdoc/>
    public override void CopyTarget(int index, Span<float> target) =>
        _targets.AsSpan<float>().Slice(index * TargetShape!.Count, TargetShape.Count).CopyTo(target);

    private static string[] Classes(string name, Tensor targets, int min)
    {
        long max = min - 1;
        ReadOnlySpan<long> labels = targets.AsSpan<long>();
        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i] is < 0 or > MaxLabel)
            {
                throw new ArgumentOutOfRangeException(nameof(targets), string.Create(
                    CultureInfo.InvariantCulture,
                    $"TensorDataset: {name}: a label is out of range (got {labels[i]} at sample {i}, expected 0 to "
                    + $"{MaxLabel}); number the classes from 0"));
            }

            max = Math.Max(max, labels[i]);
        }

        return Names((int)max + 1);
    }

    private static string[] Names(int classes) => [.. Enumerable.Range(0, classes).Select(c => $"{c}")];
}
