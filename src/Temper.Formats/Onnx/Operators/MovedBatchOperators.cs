using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// Imports operators that split, select, remove or insert axes of a value whose batch is not its first axis, as in
/// attention that computes queries, keys and values at once and then moves their axis to the front. The batch stays the
/// first axis in the network; see <see cref="MovedBatch"/>.
/// </summary>
internal static class MovedBatchOperators
{
    /// <summary>Returns the translation of a node whose first input has a moved batch; null: there is none.</summary>
    internal static OnnxOperator? Find(NodeImport node) => node.Moved(0) is not { } x ? null : node.Kind switch
    {
        "Gather" => _ => Gather(node, x),
        "Split" => _ => Split(node, x),
        "Squeeze" => _ => Squeeze(node, x),
        "Unsqueeze" => _ => Unsqueeze(node, x),
        _ => null,
    };

    /// <summary>The axis is replaced by those of the indices.</summary>
    private static void Gather(NodeImport node, MovedBatch x)
    {
        int axis = OtherAxis(node, x, node.Int("axis", 0)), rank = node.Fixed(1, "the indices").First.Rank;
        Value y = node.Add(new Gather(x.InnerAxis(axis)), x.Inner, node.Input(1));
        Set(node, 0, x with { Inner = y, Axis = axis < x.Axis ? x.Axis + rank - 1 : x.Axis });
    }

    private static void Split(NodeImport node, MovedBatch x)
    {
        int axis = x.InnerAxis(OtherAxis(node, x, node.Int("axis", 0)));
        int[] lengths = SliceOperators.PartsOf(node, x.Inner.Shape, axis);
        for (int i = 0, start = 0; i < node.OutputCount; start += lengths[i], i++)
        {
            Set(node, i, x with { Inner = node.Add(new Slice(axis, start, start + lengths[i]), x.Inner) });
        }
    }

    private static void Squeeze(NodeImport node, MovedBatch x)
    {
        int[] listed = (node.Opset < 13 ? node.Ints("axes") : node.Has(1) ? node.Integers(1, "the axes") : null)
            ?? throw node.Mixed("specifies no axes, so it removes the batch axis if the batch size is 1");
        int[] axes = [.. listed.Select(axis => OtherAxis(node, x, axis))], inner = [.. axes.Select(x.InnerAxis)];
        Shape shape = x.Inner.Shape;
        if (Array.Exists(inner, axis => shape[axis] != 1))
        {
            throw node.Bad($"an axis is not of length 1 (got axes [{string.Join(", ", listed)}])");
        }

        int[] lengths = [.. shape.Where((_, axis) => !inner.Contains(axis))];
        Value y = node.Add(ShapeOperators.To(x.Inner, lengths), x.Inner);
        Set(node, 0, x with { Inner = y, Axis = x.Axis - axes.Count(axis => axis < x.Axis) });
    }

    private static void Unsqueeze(NodeImport node, MovedBatch x)
    {
        int[] listed = node.Opset < 13 ? node.Ints("axes")
            ?? throw node.Bad("attribute 'axes' is missing") : node.Integers(1, "the axes");
        int rank = x.Inner.Shape.Rank + listed.Length;
        int[] axes = [.. listed.Select(axis => ShapeOperators.Axis(node, axis, rank)).Distinct()];
        if (axes.Length != listed.Length)
        {
            throw node.Bad($"an axis occurs twice (got [{string.Join(", ", listed)}])");
        }

        // The old axes keep their order at the positions that are not inserted; the batch is one of them.
        int[] kept = [.. Enumerable.Range(0, rank).Where(axis => !axes.Contains(axis))];
        int batch = kept[x.Axis];
        var others = new Queue<int>(x.Inner.Shape.Skip(1));
        int[] lengths =
        [
            x.Inner.Shape[0],
            .. Enumerable.Range(0, rank).Where(axis => axis != batch).Select(
                axis => axes.Contains(axis) ? 1 : others.Dequeue()),
        ];
        Set(node, 0, x with { Inner = node.Add(ShapeOperators.To(x.Inner, lengths), x.Inner), Axis = batch });
    }

    /// <summary>Returns a non-negative axis that is not the batch.</summary>
    private static int OtherAxis(NodeImport node, MovedBatch x, long given)
    {
        int axis = ShapeOperators.Axis(node, given, x.Inner.Shape.Rank);
        return axis != x.Axis ? axis : throw node.Mixed($"selects samples or removes their axis (axis {axis})");
    }

    private static void Set(NodeImport node, int output, MovedBatch value)
    {
        if (value.Axis == 0)
        {
            node.Set(output, value.Inner);
        }
        else
        {
            node.Set(output, value);
        }
    }
}
