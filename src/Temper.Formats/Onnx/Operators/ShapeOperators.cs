using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Imports operators that change the shape of a value.</summary>
internal static class ShapeOperators
{
    internal static IEnumerable<KeyValuePair<string, OnnxOperator>> Rows =>
    [
        ElementwiseOperators.Row("Identity", node => node.Set(0, node.Input(0))),
        ElementwiseOperators.Row("Reshape", Reshape),
        ElementwiseOperators.Row("Flatten", Flatten),
        ElementwiseOperators.Row("Squeeze", Squeeze),
        ElementwiseOperators.Row("Unsqueeze", Unsqueeze),
        ElementwiseOperators.Row("Transpose", Transpose),
    ];

    /// <summary>Converts a possibly negative axis to an index from the front.</summary>
    internal static int Axis(NodeImport node, long axis, int rank) => axis >= -rank && axis < rank
        ? (int)(axis < 0 ? axis + rank : axis)
        : throw node.Bad($"the axis is out of range (got {axis} for {rank} axes)");

    /// <summary>
    /// Returns a reshape to the given lengths. For a batched value axis 0 is kept, whatever its length in the shape.
    /// </summary>
    internal static Reshape To(Value x, IReadOnlyList<int> lengths) =>
        x.IsBatched ? new Reshape([.. lengths.Skip(1)]) : new Reshape([.. lengths]) { KeepsAxis0 = false };

    private static void Reshape(NodeImport node)
    {
        MovedBatch old = node.Moved(0) ?? MovedBatch.Of(node.Input(0), node.Name);
        Value x = old.Inner;
        Known target = node.Known(1, "the new shape");
        bool keepsZeros = node.Int("allowzero", 0) != 0;
        int[] first = Lengths(node, target.First, (old, node.Batches.First), keepsZeros),
            second = Lengths(node, target.Second, (old, node.Batches.Second), keepsZeros);
        if (!x.IsBatched && !first.AsSpan().SequenceEqual(second))
        {
            throw node.Mixed("gives a value that is not batched a shape that depends on the number of samples "
                + $"({Shapes()})");
        }

        // Axis 0 is the batch if its length equals both batch sizes, or the declared one if the file declares it.
        bool follows = old.IsOrdinary && (!x.IsBatched
            || (first.Length > 0 && first.Length == second.Length && node.IsBatch(first[0], second[0])));
        if (follows && first.AsSpan(x.IsBatched ? 1 : 0).SequenceEqual(second.AsSpan(x.IsBatched ? 1 : 0)))
        {
            node.Result(To(x, first), x);
            return;
        }

        if (BatchReshape.Find(old, node.Batches, first, second) is not var (inner, place, parts))
        {
            throw node.Mixed($"moves the batch away from axis 0 ({Shapes()})");
        }

        Value y = node.Add(To(x, [x.Shape[0], .. inner]), x);
        node.Set(0, new MovedBatch(y, place, parts, old.IsOrdinary ? node.Name : old.By));

        string Shapes() => $"[{string.Join(", ", first)}] for {node.Batches.First} samples, "
            + $"[{string.Join(", ", second)}] for {node.Batches.Second}";
    }

    /// <summary>Returns the shape that the file's value has for a batch size.</summary>
    private static Shape LengthsOf(MovedBatch x, int batch) => x.Inner.IsBatched
        ? Shape.Create([.. x.Lengths(batch).Select(length => checked((int)length))])
        : x.Inner.Shape;

    /// <summary>
    /// Returns the lengths for one batch size; 0 copies the input's length, -1 is inferred. A first length equal to the
    /// declared batch is the batch: PyTorch writes <c>view(x.size(0), -1)</c> as [1, -1] if it exports one sample.
    /// </summary>
    private static int[] Lengths(NodeImport node, Tensor target, (MovedBatch Value, int Batch) x, bool keepsZeros)
    {
        int[] lengths = node.Integers(target, "the new shape");
        Shape shape = LengthsOf(x.Value, x.Batch);
        if (x.Value is { IsOrdinary: true, Inner.IsBatched: true } && lengths.Length > 0 && node.IsDeclared(lengths[0]))
        {
            lengths[0] = x.Batch;
        }

        for (int axis = 0; axis < lengths.Length; axis++)
        {
            lengths[axis] = lengths[axis] == 0 && !keepsZeros
                ? axis < shape.Rank
                    ? shape[axis]
                    : throw node.Bad($"axis {axis} of the new shape is 0, and {shape} has no such axis")
                : lengths[axis];
        }

        long known = lengths.Where(length => length >= 0).Aggregate(1L, (product, length) => checked(product * length));
        int open = Array.IndexOf(lengths, -1);
        if (open >= 0 && known > 0 && shape.Count % known == 0)
        {
            lengths[open] = (int)(shape.Count / known);
        }

        return lengths;
    }

    private static void Flatten(NodeImport node)
    {
        Value x = node.Input(0);
        int rank = x.Shape.Rank;
        int axis = (int)node.Int("axis", 1);
        axis = axis < 0 ? axis + rank : axis;
        if (axis < 0 || axis > rank)
        {
            throw node.Bad($"the axis is out of range (got {axis} for {rank} axes)");
        }

        if (axis == 1 && x.IsBatched)
        {
            node.Result(new Flatten(), x);
        }
        else
        {
            node.Result(
                x.IsBatched
                    ? throw node.Mixed($"merges the batch with other axes (axis {axis})")
                    : To(x, [x.Shape.CountOf(0, axis), x.Shape.CountOf(axis, rank)]),
                x);
        }
    }

    private static void Squeeze(NodeImport node)
    {
        Value x = node.Input(0);
        int[]? listed = node.Opset < 13 ? node.Ints("axes") : node.Has(1) ? node.Integers(1, "the axes") : null;
        if (listed is null && x.IsBatched && node.Batches.First == 1)
        {
            throw node.Mixed("specifies no axes, so it removes the batch axis if the batch size is 1");
        }

        int[] axes = listed is null
            ? [.. Enumerable.Range(x.IsBatched ? 1 : 0, x.Shape.Rank - (x.IsBatched ? 1 : 0)).Where(
                axis => x.Shape[axis] == 1)]
            : [.. listed.Select(axis => Axis(node, axis, x.Shape.Rank))];
        if (x.IsBatched && axes.Contains(0))
        {
            throw node.Mixed("removes the batch axis");
        }

        if (axes.FirstOrDefault(axis => x.Shape[axis] != 1, -1) is var bad and >= 0)
        {
            throw node.Bad($"axis {bad} is not of length 1 (got {x.Shape})");
        }

        node.Result(To(x, [.. Enumerable.Range(0, x.Shape.Rank).Where(axis => !axes.Contains(axis)).Select(
            axis => x.Shape[axis])]), x);
    }

    private static void Unsqueeze(NodeImport node)
    {
        Value x = node.Input(0);
        int[] listed = node.Opset < 13 ? node.Ints("axes")
            ?? throw node.Bad("attribute 'axes' is missing") : node.Integers(1, "the axes");
        int rank = x.Shape.Rank + listed.Length;
        int[] axes = [.. listed.Select(axis => Axis(node, axis, rank)).Distinct()];
        if (axes.Length != listed.Length)
        {
            throw node.Bad($"an axis occurs twice (got [{string.Join(", ", listed)}] for {x.Shape})");
        }

        if (x.IsBatched && axes.Contains(0))
        {
            throw node.Mixed("inserts an axis before the batch");
        }

        var lengths = new Queue<int>(x.Shape);
        node.Result(
            To(x, [.. Enumerable.Range(0, rank).Select(axis => axes.Contains(axis) ? 1 : lengths.Dequeue())]), x);
    }

    /// <summary>
    /// If the batch axis is moved, it still stays first in the network; see <see cref="MovedBatch"/>.
    /// </summary>
    private static void Transpose(NodeImport node)
    {
        MovedBatch x = node.Moved(0) ?? MovedBatch.Of(node.Input(0), node.Name);
        int rank = x.Rank;
        int[] order = node.Ints("perm") ?? [.. Enumerable.Range(0, rank).Reverse()];
        if (x.IsOrdinary && (!x.Inner.IsBatched || order is [0, ..]))
        {
            node.Result(new Permute(order), x.Inner);
            return;
        }

        if (!order.Order().SequenceEqual(Enumerable.Range(0, rank)))
        {
            throw node.Bad($"attribute 'perm' is not a permutation (got [{string.Join(", ", order)}] for {rank} axes)");
        }

        node.Set(0, x.Transposed(order, (permute, value) => node.Add(permute, value)));
    }
}
