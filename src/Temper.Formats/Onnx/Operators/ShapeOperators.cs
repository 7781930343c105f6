using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Operators that move elements about.</summary>
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
        ElementwiseOperators.Row("Concat", Concat),
        ElementwiseOperators.Row("Split", Split),
        ElementwiseOperators.Row("Slice", Slice),
        ElementwiseOperators.Row(
            "Gather", node => node.Result(new Gather((int)node.Int("axis", 0)), node.Input(0), node.Input(1))),
        ElementwiseOperators.Row("GatherElements", node =>
            node.Result(new GatherElements((int)node.Int("axis", 0)), node.Input(0), node.Input(1))),
        ElementwiseOperators.Row("Expand", Expand),
        ElementwiseOperators.Row("Tile", Tile),
        ElementwiseOperators.Row("Pad", Pad),
    ];

    /// <summary>An axis counted from the front.</summary>
    internal static int Axis(NodeImport node, long axis, int rank) => axis >= -rank && axis < rank
        ? (int)(axis < 0 ? axis + rank : axis)
        : throw node.Bad($"there is no such axis (got {axis} for {rank} axes)");

    /// <summary>
    /// The same elements in a shape; of a batched value axis 0 stays, whatever length it has in the shape.
    /// </summary>
    internal static Reshape To(Value x, IReadOnlyList<int> lengths) =>
        x.IsBatched ? new Reshape([.. lengths.Skip(1)]) : new Reshape([.. lengths]) { KeepsAxis0 = false };

    private static void Reshape(NodeImport node)
    {
        Value x = node.Input(0);
        Known target = node.Known(1, "the new shape");
        bool keepsZeros = node.Int("allowzero", 0) != 0;
        int[] first = Lengths(node, target.First, x, node.Batches.First, keepsZeros),
            second = Lengths(node, target.Second, x, node.Batches.Second, keepsZeros);
        if (!x.IsBatched && !first.AsSpan().SequenceEqual(second))
        {
            throw node.Mixed($"gives a value of no sample a shape that depends on their number ({Shapes()})");
        }

        // With two batch sizes known, axis 0 is the batch if it follows both; a model with a fixed batch says its
        // length.
        bool follows = !x.IsBatched
            || (first.Length > 0 && first.Length == second.Length && node.IsBatch(first[0], second[0]));
        if (!follows || !first.AsSpan(x.IsBatched ? 1 : 0).SequenceEqual(second.AsSpan(x.IsBatched ? 1 : 0)))
        {
            throw node.Mixed($"gives the batch another axis than the first ({Shapes()})");
        }

        node.Result(To(x, first), x);

        string Shapes() => $"[{string.Join(", ", first)}] for {node.Batches.First} samples, "
            + $"[{string.Join(", ", second)}] for {node.Batches.Second}";
    }

    /// <summary>The lengths for one batch size; 0 stands for the value's own length, -1 for what remains.</summary>
    private static int[] Lengths(NodeImport node, Tensor target, Value x, int batch, bool keepsZeros)
    {
        int[] lengths = node.Integers(target, "the new shape");
        Shape shape = x.IsBatched ? x.Shape.With(0, batch) : x.Shape;
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
            throw node.Bad($"there is no such axis (got {axis} for {rank} axes)");
        }

        if (axis == 1 && x.IsBatched)
        {
            node.Result(new Flatten(), x);
        }
        else
        {
            node.Result(x.IsBatched ? throw node.Mixed($"puts the batch together with other axes (axis {axis})") : To(
                x, [x.Shape.CountOf(0, axis), x.Shape.CountOf(axis, rank)]), x);
        }
    }

    private static void Squeeze(NodeImport node)
    {
        Value x = node.Input(0);
        int[]? listed = node.Opset < 13 ? node.Ints("axes") : node.Has(1) ? node.Integers(1, "the axes") : null;
        if (listed is null && x.IsBatched && node.Batches.First == 1)
        {
            throw node.Mixed("names no axes, so it takes the batch axis away where that is 1");
        }

        int[] axes = listed is null
            ? [.. Enumerable.Range(x.IsBatched ? 1 : 0, x.Shape.Rank - (x.IsBatched ? 1 : 0)).Where(
                axis => x.Shape[axis] == 1)]
            : [.. listed.Select(axis => Axis(node, axis, x.Shape.Rank))];
        if (x.IsBatched && axes.Contains(0))
        {
            throw node.Mixed("takes the batch axis away");
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
            throw node.Bad($"the axes do not fit (got [{string.Join(", ", listed)}] for {x.Shape})");
        }

        if (x.IsBatched && axes.Contains(0))
        {
            throw node.Mixed("puts an axis before the batch");
        }

        var lengths = new Queue<int>(x.Shape);
        node.Result(
            To(x, [.. Enumerable.Range(0, rank).Select(axis => axes.Contains(axis) ? 1 : lengths.Dequeue())]), x);
    }

    /// <summary>A batch that goes behind other axes stays first in the network; see <see cref="MovedBatch"/>.</summary>
    private static void Transpose(NodeImport node)
    {
        MovedBatch? moved = node.Moved(0);
        Value x = moved?.Inner ?? node.Input(0);
        int rank = x.Shape.Rank;
        int[] order = node.Ints("perm") ?? [.. Enumerable.Range(0, rank).Reverse()];
        if (moved is null && (!x.IsBatched || order is [0, ..]))
        {
            node.Result(new Permute(order), x);
            return;
        }

        if (!order.Order().SequenceEqual(Enumerable.Range(0, rank)))
        {
            throw node.Bad($"attribute 'perm' does not fit (got [{string.Join(", ", order)}] for {rank} axes)");
        }

        Func<Permute, Value, Value> add = (permute, value) => node.Add(permute, value);
        MovedBatch result = moved?.Transposed(order, add) ?? MovedBatch.Of(x, order, node.Name, add);
        if (result.Axis == 0)
        {
            node.Set(0, result.Inner);
        }
        else
        {
            node.Set(0, result);
        }
    }

    private static void Concat(NodeImport node)
    {
        Value[] inputs = [.. Enumerable.Range(0, node.InputCount).Select(node.Input)];
        node.Result(new Concatenate((int)node.Int("axis")), inputs);
    }

    /// <summary>
    /// Lengths of the parts were an attribute before opset 13; opset 18 names their number; else they are equal.
    /// </summary>
    private static void Split(NodeImport node)
    {
        Value x = node.Input(0);
        int axis = Axis(node, node.Int("axis", 0), x.Shape.Rank);
        int[]? lengths =
            node.Opset < 13 ? node.Ints("split") : node.Has(1) ? node.Integers(1, "the lengths of the parts") : null;
        int parts = lengths?.Length ?? (int)node.Int("num_outputs", node.OutputCount);
        if (lengths is null)
        {
            int max = (x.Shape[axis] + parts - 1) / Math.Max(parts, 1);
            lengths = [.. Enumerable.Range(0, parts).Select(i => Math.Clamp(x.Shape[axis] - (i * max), 0, max))];
        }

        if (lengths.Sum() != x.Shape[axis] || lengths.Any(length => length < 0) || parts < node.OutputCount)
        {
            throw node.Bad($"the parts do not make up axis {axis} (got [{string.Join(", ", lengths)}] for {x.Shape})");
        }

        for (int i = 0, start = 0; i < node.OutputCount; start += lengths[i], i++)
        {
            node.Set(i, node.Add(new Slice(axis, start, start + lengths[i]), x));
        }
    }

    /// <summary>Starts, ends, axes and steps were attributes before opset 10.</summary>
    private static void Slice(NodeImport node)
    {
        Value x = node.Input(0);
        bool asInputs = node.Opset >= 10;
        int[] starts = asInputs ? node.Integers(1, "the starts") : node.Ints("starts") ?? [];
        int[] ends = asInputs ? node.Integers(2, "the ends") : node.Ints("ends") ?? [];
        int[]? axes = asInputs ? node.Has(3) ? node.Integers(3, "the axes") : null : node.Ints("axes");
        axes ??= [.. Enumerable.Range(0, starts.Length)];
        int[] steps = asInputs && node.Has(4) ? node.Integers(4, "the steps") : [.. starts.Select(_ => 1)];
        if (ends.Length != starts.Length || axes.Length != starts.Length || steps.Length != starts.Length)
        {
            throw node.Bad($"starts, ends, axes and steps do not fit (got {starts.Length}, {ends.Length}, "
                + $"{axes.Length} and {steps.Length} of them)");
        }

        Value result = x;
        for (int i = 0; i < starts.Length; i++)
        {
            int axis = Axis(node, axes[i], x.Shape.Rank);
            bool isWhole =
                steps[i] == 1 && starts[i] == 0 && ends[i] >= (x.IsBatched && axis == 0 ? int.MaxValue : x.Shape[axis]);
            result = isWhole ? result : node.Add(new Slice(axis, starts[i], ends[i], steps[i]), result);
        }

        node.Set(0, result);
    }

    /// <summary>
    /// Of a batched value the batch stays; another value becomes one for each sample where the new shape begins with
    /// the batch.
    /// </summary>
    private static void Expand(NodeImport node)
    {
        Value x = node.Input(0);
        Known target = node.Known(1, "the new shape");
        int[] lengths = node.Integers(target.First, "the new shape"),
            others = node.Integers(target.Second, "the new shape");
        bool isBatch = !(target.IsFixed && !x.IsBatched)
            && lengths.Length > 0
            && others.Length == lengths.Length
            && lengths.Length >= x.Shape.Rank
            && node.IsBatch(lengths[0], others[0]);
        if (isBatch)
        {
            (lengths[0], others[0]) = (1, 1);
        }

        if (!lengths.AsSpan().SequenceEqual(others))
        {
            throw node.Mixed("makes another axis than the first as long as the batch");
        }

        Value[] inputs = isBatch && !x.IsBatched ? [x, node.Batch] : [x];
        node.Result(new Expand(lengths), inputs);
    }

    private static void Tile(NodeImport node)
    {
        const int MaxCopies = 4096;
        Value result = node.Input(0);
        int[] repeats = node.Integers(1, "the repeats");
        if (repeats.Length != result.Shape.Rank || Array.Exists(repeats, count => count is < 1 or > MaxCopies))
        {
            throw node.Bad($"the repeats do not fit (got [{string.Join(", ", repeats)}] for {result.Shape}, expected 1 "
                + $"to {MaxCopies} for each axis)");
        }

        for (int axis = 0; axis < repeats.Length; axis++)
        {
            result = repeats[axis] == 1
                ? result
                : node.Add(new Concatenate(axis), [.. Enumerable.Repeat(result, repeats[axis])]);
        }

        node.Set(0, result);
    }

    /// <summary>
    /// Pads were attributes before opset 11; one node for each axis that gets any; negative ones cut off.
    /// </summary>
    private static void Pad(NodeImport node)
    {
        Value result = node.Input(0);
        bool asInputs = node.Opset >= 11;
        int[] pads = asInputs ? node.Integers(1, "the pads") : node.Ints("pads")
            ?? throw node.Bad("attribute 'pads' is missing");
        float fill = asInputs ? node.Has(2) ? node.Fixed(2, "the constant").First.To(DType.Float32)
            .ToScalar() : 0 : node.Float("value", 0);
        int[] axes = node.Has(3) ? node.Integers(3, "the axes") : [.. Enumerable.Range(0, result.Shape.Rank)];
        string mode = node.Text("mode", "constant");
        if (pads.Length != 2 * axes.Length || !Enum.TryParse(mode, ignoreCase: true, out PadMode kind))
        {
            throw node.Bad($"pads or mode do not fit (got {pads.Length} pads for {axes.Length} axes, mode \"{mode}\")");
        }

        for (int i = 0; i < axes.Length; i++)
        {
            int axis = Axis(node, axes[i], result.Shape.Rank);
            (int before, int after) = (pads[i], pads[i + axes.Length]);
            if (before < 0 || after < 0)
            {
                result = node.Add(new Slice(axis, Math.Max(0, -before), after < 0 ? after : int.MaxValue), result);
            }

            if (before > 0 || after > 0)
            {
                result = node.Add(
                    new Pad(axis, Math.Max(0, before), Math.Max(0, after)) { Fill = fill, Mode = kind }, result);
            }
        }

        node.Set(0, result);
    }
}
