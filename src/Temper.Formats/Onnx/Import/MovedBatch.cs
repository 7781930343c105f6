using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// A value whose batch is not simply its first axis in the file: a Transpose moved it, or a Reshape merged it with
/// other axes, as attention does with samples and heads. The network keeps the batch on axis 0: it computes
/// <paramref name="Inner"/> until other nodes of the file move the batch back.
/// </summary>
/// <remarks>
/// An axis of the file's value consists of one or more parts, slowest first. One part is the batch; the others are the
/// axes of <paramref name="Inner"/> after the first, in the file's order.
/// </remarks>
/// <param name="Inner">The value computed by the network, with the batch on axis 0.</param>
/// <param name="Place">Index of the batch among all parts.</param>
/// <param name="Parts">Number of parts of each axis of the file's value.</param>
/// <param name="By">Name of the node that moved or merged it, for errors.</param>
internal sealed record MovedBatch(Value Inner, int Place, IReadOnlyList<int> Parts, string By)
{
    /// <summary>
    /// Elementwise operators, with or without broadcasting.
    /// </summary>
    private static readonly HashSet<string> Elementwise =
    [
        .. Enum.GetNames<PointwiseFunction>(), .. Enum.GetNames<Comparison>(), .. Enum.GetNames<LogicalFunction>(),
        "Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "PRelu", "Where", "Relu", "Tanh", "Sigmoid", "Softplus",
        "LeakyRelu", "Elu", "Celu", "Selu",
        "HardSigmoid", "ThresholdedRelu", "Gelu", "Swish", "Clip", "Dropout", "Cast", "Identity",
        "IsNaN", "Mod",
    ];

    /// <summary>Number of axes of the file's value.</summary>
    internal int Rank => Parts.Count;

    /// <summary>
    /// Whether the batch is the first axis, and no axis is merged, so that the value is that of the network.
    /// </summary>
    internal bool IsOrdinary => Place == 0 && Parts.All(count => count == 1);

    /// <summary>Axis of the file's value that contains the batch.</summary>
    internal int Axis => AxisOf(Place);

    /// <summary>What happened to the batch, for errors.</summary>
    internal string Story => Parts[Axis] == 1
        ? $"node '{By}' moves the batch to axis {Axis}"
        : $"node '{By}' merges the batch with other axes (axis {Axis})";

    /// <summary>Describes a value of the network in the terms of the file, where it has the same axes.</summary>
    internal static MovedBatch Of(Value x, string by) => new(x, 0, [.. Enumerable.Repeat(1, x.Shape.Rank)], by);

    /// <summary>
    /// Whether a node gives the same result on <see cref="Inner"/>: elementwise, or along the last axis only.
    /// </summary>
    /// <param name="node">The node; its first input is the moved value, or the node is elementwise.</param>
    /// <param name="isMatrix">Whether its second input is a known matrix.</param>
    internal bool Passes(OnnxNode node, bool isMatrix) => Elementwise.Contains(node.OperatorType)
        || (HasPlainEnd(1) && node.OperatorType switch
        {
            "MatMul" => isMatrix,
            "Gemm" => isMatrix && Rank == 2 && Integer(node, "transA", absent: 0) == 0,
            "LayerNormalization" => Integer(node, "axis", absent: -1) == -1,
            _ => false,
        });

    /// <summary>Whether the last axes are neither the batch nor merged.</summary>
    internal bool HasPlainEnd(int count) =>
        Rank >= count && Place < Parts.Sum() - count && Parts.TakeLast(count).All(part => part == 1);

    /// <summary>
    /// Returns the axis of <see cref="Inner"/> for an axis of the file; null: it is the batch or merged.
    /// </summary>
    internal int? InnerAxis(int axis) =>
        Parts[axis] == 1 && FirstOf(axis) is var part && part != Place ? InnerOf(part) : null;

    /// <summary>Returns the lengths of the file's value for a batch size.</summary>
    internal long[] Lengths(int batch) => [.. Enumerable.Range(0, Rank).Select(axis =>
        Enumerable.Range(FirstOf(axis), Parts[axis]).Aggregate(
            1L, (product, part) => checked(product * (part == Place ? batch : Inner.Shape[InnerOf(part)]))))];

    /// <summary>Whether another value has the same axes, so that both can be combined element by element.</summary>
    internal bool Matches(MovedBatch other) => Place == other.Place
        && Inner.Shape.Rank == other.Inner.Shape.Rank && Parts.SequenceEqual(other.Parts);

    /// <summary>Permutes the axes of the file's value.</summary>
    internal MovedBatch Transposed(IReadOnlyList<int> order, Func<Permute, Value, Value> add)
    {
        int[] parts = [.. order.SelectMany(axis => Enumerable.Range(FirstOf(axis), Parts[axis]))];
        int place = Array.IndexOf(parts, Place);
        int[] inner = [0, .. parts.Where(part => part != Place).Select(InnerOf)];
        bool isSame = inner.AsSpan().SequenceEqual([.. Enumerable.Range(0, inner.Length)]);
        return new MovedBatch(
            isSame ? Inner : add(new Permute(inner), Inner), place, [.. order.Select(axis => Parts[axis])], By);
    }

    /// <summary>
    /// Returns a constant in the form that broadcasts against <see cref="Inner"/>; null if it differs between samples.
    /// </summary>
    internal Tensor? Aligned(Tensor constant)
    {
        if (constant.Rank == 0 || (constant.Rank < Rank && HasPlainEnd(constant.Rank)))
        {
            return constant;
        }

        if (constant.Rank > Rank || Parts.Any(count => count > 1))
        {
            return constant.Count == 1 ? constant.Reshape(1) : null;
        }

        int[] lengths = [.. Enumerable.Repeat(1, Rank - constant.Rank), .. constant.Shape];
        int axis = Axis;
        return lengths[axis] == 1 ? constant.Reshape(Shape.Create([1, .. lengths.Where((_, i) => i != axis)])) : null;
    }

    private int InnerOf(int part) => part == Place ? 0 : part < Place ? part + 1 : part;

    private int FirstOf(int axis) => Parts.Take(axis).Sum();

    private int AxisOf(int part)
    {
        int axis = 0;
        for (int first = Parts[0]; first <= part; first += Parts[axis])
        {
            axis++;
        }

        return axis;
    }

    private static long? Integer(OnnxNode node, string name, long absent) =>
        node.Attributes.TryGetValue(name, out OnnxAttribute? attribute) ? attribute.Value as long? : absent;
}
