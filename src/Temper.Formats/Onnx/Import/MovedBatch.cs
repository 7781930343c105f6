using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// A value whose batch axis was moved by a Transpose of the file. The network keeps the batch on axis 0: it computes
/// <paramref name="Inner"/>, the same value with the batch first, until another Transpose moves the batch back.
/// </summary>
/// <param name="Inner">The value computed by the network, with the batch on axis 0.</param>
/// <param name="Axis">Axis of the batch in the file's value, 1 or more.</param>
/// <param name="By">Name of the node that moved it, for errors.</param>
internal readonly record struct MovedBatch(Value Inner, int Axis, string By)
{
    private const int SoftmaxOpset = 13;

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

    /// <summary>
    /// Whether a node gives the same result with the batch on another axis: elementwise, or along the last axis only.
    /// </summary>
    /// <param name="node">The node; its first input is the moved value, or the node is elementwise.</param>
    /// <param name="opset">Version of the operator set.</param>
    /// <param name="isMatrix">Whether its second input is a known matrix.</param>
    internal bool Passes(OnnxNode node, long opset, bool isMatrix) => Elementwise.Contains(node.OperatorType)
        || (Axis < Inner.Shape.Rank - 1 && node.OperatorType switch
        {
            "MatMul" => isMatrix,
            "LayerNormalization" => IsAlongLast(node, absent: -1),
            "Softmax" or "LogSoftmax" => opset >= SoftmaxOpset && IsAlongLast(node, absent: -1),
            _ => false,
        });

    /// <summary>Returns the axis of <see cref="Inner"/> for an axis of the file's value.</summary>
    internal int InnerAxis(int axis) => axis == Axis ? 0 : axis < Axis ? axis + 1 : axis;

    /// <summary>
    /// Transposes the value; if this moves the batch back to axis 0, the result is an ordinary value of the network.
    /// </summary>
    internal MovedBatch Transposed(IReadOnlyList<int> order, Func<Permute, Value, Value> add) =>
        Of(Inner, [.. order.Select(InnerAxis)], By, add);

    /// <summary>Permutes the axes of a batched value.</summary>
    internal static MovedBatch Of(Value x, int[] order, string by, Func<Permute, Value, Value> add)
    {
        int axis = Array.IndexOf(order, 0);
        int[] behind = [0, .. order.Where(index => index != 0)];
        Value inner =
            behind.AsSpan().SequenceEqual([.. Enumerable.Range(0, behind.Length)]) ? x : add(new Permute(behind), x);
        return new MovedBatch(inner, axis, by);
    }

    /// <summary>
    /// Returns a constant in the form that broadcasts against <see cref="Inner"/>; null if it differs between samples.
    /// </summary>
    internal Tensor? Aligned(Tensor constant)
    {
        int rank = Inner.Shape.Rank;
        if (constant.Rank < rank - Axis)
        {
            return constant;
        }

        if (constant.Rank > rank)
        {
            return null;
        }

        int[] lengths = [.. Enumerable.Repeat(1, rank - constant.Rank), .. constant.Shape];
        int axis = Axis;
        return lengths[axis] == 1 ? constant.Reshape(Shape.Create([1, .. lengths.Where((_, i) => i != axis)])) : null;
    }

    private bool IsAlongLast(OnnxNode node, long absent)
    {
        object? axis = node.Attributes.TryGetValue("axis", out OnnxAttribute? attribute) ? attribute.Value : absent;
        return axis is long number && (number == -1 || number == Inner.Shape.Rank - 1);
    }
}
