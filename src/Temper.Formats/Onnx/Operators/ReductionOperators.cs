using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Imports reductions and selections along axes.</summary>
internal static class ReductionOperators
{
    internal static IEnumerable<KeyValuePair<string, OnnxOperator>> Rows =>
    [
        .. Enum.GetValues<Reduction>()
        .Select(reduction => ElementwiseOperators.Row($"Reduce{reduction}", node => Reduce(node, reduction))),
        ElementwiseOperators.Row("ArgMax", node => ArgExtreme(node, isSmallest: false)),
        ElementwiseOperators.Row("ArgMin", node => ArgExtreme(node, isSmallest: true)),
        ElementwiseOperators.Row("TopK", TopK),
    ];

    /// <summary>
    /// Axes became an input in opset 13 for ReduceSum and in opset 18 for the others. No axes means all axes, unless
    /// noop_with_empty_axes is set.
    /// </summary>
    private static void Reduce(NodeImport node, Reduction reduction)
    {
        Value x = node.Input(0);
        bool asInput = node.Opset >= (reduction == Reduction.Sum ? 13 : 18);
        int[] axes = (asInput ? node.Has(1) ? node.Integers(1, "the axes") : null : node.Ints("axes")) ?? [];
        bool keeps = node.Int("keepdims", 1) != 0;
        bool isNothing = node.Int("noop_with_empty_axes", 0) != 0 && axes.Length == 0;
        axes = axes.Length == 0 && !isNothing ? [.. Enumerable.Range(0, x.Shape.Rank)] : axes;
        node.Result(new Reduce(reduction, axes, keeps), x);
    }

    private static void ArgExtreme(NodeImport node, bool isSmallest) => node.Result(
        new ArgExtreme((int)node.Int("axis", 0))
        {
            IsSmallest = isSmallest,
            KeepAxis = node.Int("keepdims", 1) != 0,
            TakesLast = node.Int("select_last_index", 0) != 0,
        },
        node.Input(0));

    /// <summary>
    /// The count was an attribute before opset 10. Results are always sorted, which is also valid if sorted is 0.
    /// </summary>
    private static void TopK(NodeImport node)
    {
        Value x = node.Input(0);
        int count = node.Opset < 10 ? (int)node.Int("k") : node.Integers(node.Single(1, "k"), "k")[0];
        _ = node.Int("sorted", 1);
        var values = new TopK(count, (int)node.Int("axis", -1)) { IsSmallest = node.Int("largest", 1) == 0 };
        node.Result(values, x);
        if (node.Wants(1))
        {
            node.Set(1, node.Add(values with { GivesIndices = true }, x));
        }
    }
}
