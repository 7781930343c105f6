using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// Imports operators that change the axes of a value whose batch is not simply its first axis, as in attention. The
/// batch stays the first axis in the network; see <see cref="MovedBatch"/>.
/// </summary>
internal static class MovedBatchOperators
{
    /// <summary>Returns the translation of a node whose first input has a moved batch; null: there is none.</summary>
    internal static OnnxOperator? Find(NodeImport node) => node.Moved(0) is not { } x ? null : node.Kind switch
    {
        "Gather" => _ => Gather(node, x),
        "Slice" => _ => Slice(node, x),
        "Split" => _ => Split(node, x),
        "Squeeze" => _ => Squeeze(node, x),
        "Unsqueeze" => _ => Unsqueeze(node, x),
        "MatMul" when node.Moved(1) is { } y && HasProduct(x, y) =>
            _ => node.Set(0, x with { Inner = node.Add(new MatMul(), x.Inner, y.Inner) }),
        "Softmax" when IsAlongLast(node, x) => _ => node.Set(0, x with { Inner = node.Add(new Softmax(-1), x.Inner) }),
        "LogSoftmax" when IsAlongLast(node, x) =>
            _ => node.Set(0, x with { Inner = node.Add(new LogSoftmax(-1), x.Inner) }),
        _ => null,
    };

    /// <summary>Whether a softmax is along the last axis, which means the same in all operator sets.</summary>
    private static bool IsAlongLast(NodeImport node, MovedBatch x) => x.HasPlainEnd(1)
        && ShapeOperators.Axis(node, node.Int("axis", node.Opset < 13 ? 1 : -1), x.Rank) == x.Rank - 1;

    /// <summary>Whether both are matrices with the same axes before them.</summary>
    private static bool HasProduct(MovedBatch x, MovedBatch y)
    {
        int leading = x.Rank - 2;
        return x.HasPlainEnd(2) && y.HasPlainEnd(2) && x.Place == y.Place && x.Parts.SequenceEqual(y.Parts)
            && x.Inner.Shape.Take(x.Inner.Shape.Rank - 2).SequenceEqual(y.Inner.Shape.Take(y.Inner.Shape.Rank - 2))
            && leading > 0;
    }

    /// <summary>The axis is replaced by those of the indices.</summary>
    private static void Gather(NodeImport node, MovedBatch x)
    {
        (int axis, int inner) = Plain(node, x, node.Int("axis", 0));
        int rank = node.Fixed(1, "the indices").First.Rank;
        Value y = node.Add(new Gather(inner), x.Inner, node.Input(1));
        node.Set(0, x with
        {
            Inner = y, Place = x.Place + (axis < x.Axis ? rank - 1 : 0),
            Parts = [.. x.Parts.Take(axis), .. Enumerable.Repeat(1, rank), .. x.Parts.Skip(axis + 1)],
        });
    }

    private static void Slice(NodeImport node, MovedBatch x)
    {
        Value y = x.Inner;
        foreach ((int axis, int start, int end, int step) in SliceOperators.RangesOf(node, x.Rank))
        {
            y = node.Add(new Slice(Plain(node, x, axis).Inner, start, end, step), y);
        }

        node.Set(0, x with { Inner = y });
    }

    private static void Split(NodeImport node, MovedBatch x)
    {
        int axis = Plain(node, x, node.Int("axis", 0)).Inner;
        int[] lengths = SliceOperators.PartsOf(node, x.Inner.Shape, axis);
        for (int i = 0, start = 0; i < node.OutputCount; start += lengths[i], i++)
        {
            node.Set(i, x with { Inner = node.Add(new Slice(axis, start, start + lengths[i]), x.Inner) });
        }
    }

    private static void Squeeze(NodeImport node, MovedBatch x)
    {
        int[] listed = (node.Opset < 13 ? node.Ints("axes") : node.Has(1) ? node.Integers(1, "the axes") : null)
            ?? throw node.Mixed("specifies no axes, so it removes the batch axis if the batch size is 1");
        (int Axis, int Inner)[] axes = [.. listed.Select(axis => Plain(node, x, axis))];
        Shape shape = x.Inner.Shape;
        if (Array.Exists(axes, axis => shape[axis.Inner] != 1))
        {
            throw node.Bad($"an axis is not of length 1 (got axes [{string.Join(", ", listed)}])");
        }

        int[] lengths = [.. shape.Where((_, i) => !Array.Exists(axes, axis => axis.Inner == i))];
        node.Set(0, x with
        {
            Inner = node.Add(ShapeOperators.To(x.Inner, lengths), x.Inner),
            Place = x.Place - axes.Count(axis => axis.Axis < x.Axis),
            Parts = [.. x.Parts.Where((_, i) => !Array.Exists(axes, axis => axis.Axis == i))],
        });
    }

    private static void Unsqueeze(NodeImport node, MovedBatch x)
    {
        int[] listed = node.Opset < 13 ? node.Ints("axes")
            ?? throw node.Bad("attribute 'axes' is missing") : node.Integers(1, "the axes");
        int rank = x.Rank + listed.Length;
        int[] axes = [.. listed.Select(axis => ShapeOperators.Axis(node, axis, rank)).Distinct()];
        if (axes.Length != listed.Length)
        {
            throw node.Bad($"an axis occurs twice (got [{string.Join(", ", listed)}])");
        }

        // The old axes keep their order at the positions that are not inserted.
        var old = new Queue<int>(x.Parts);
        var others = new Queue<int>(x.Inner.Shape.Skip(1));
        var lengths = new List<int> { x.Inner.Shape[0] };
        var parts = new List<int>();
        int place = -1, passed = 0;
        for (int axis = 0; axis < rank; axis++)
        {
            bool isNew = axes.Contains(axis);
            parts.Add(isNew ? 1 : old.Dequeue());
            for (int part = 0; part < parts[^1]; part++)
            {
                bool isBatch = !isNew && passed++ == x.Place;
                place = isBatch ? parts.Take(axis).Sum() + part : place;
                lengths.AddRange(isBatch ? [] : [isNew ? 1 : others.Dequeue()]);
            }
        }

        Value y = node.Add(ShapeOperators.To(x.Inner, lengths), x.Inner);
        node.Set(0, x with { Inner = y, Place = place, Parts = parts });
    }

    /// <summary>
    /// Returns an axis of the file, which must be neither the batch nor merged, and that of the inner value.
    /// </summary>
    private static (int Axis, int Inner) Plain(NodeImport node, MovedBatch x, long given)
    {
        int axis = ShapeOperators.Axis(node, given, x.Rank);
        return x.InnerAxis(axis) is { } inner
            ? (axis, inner)
            : throw node.Mixed($"selects samples or changes their axis (axis {axis})");
    }
}
