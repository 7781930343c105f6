using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Imports operators that slice, join, repeat or pad values.</summary>
internal static class SliceOperators
{
    internal static IEnumerable<KeyValuePair<string, OnnxOperator>> Rows =>
    [
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

    private static void Concat(NodeImport node)
    {
        Value[] inputs = [.. Enumerable.Range(0, node.InputCount).Select(node.Input)];
        node.Result(new Concatenate((int)node.Int("axis")), inputs);
    }

    private static void Split(NodeImport node)
    {
        Value x = node.Input(0);
        int axis = ShapeOperators.Axis(node, node.Int("axis", 0), x.Shape.Rank);
        int[] lengths = PartsOf(node, x.Shape, axis);
        for (int i = 0, start = 0; i < node.OutputCount; start += lengths[i], i++)
        {
            node.Set(i, node.Add(new Slice(axis, start, start + lengths[i]), x));
        }
    }

    /// <summary>
    /// Returns the lengths of the parts of a Split. They were an attribute before opset 13; from opset 18 on
    /// num_outputs is given. Without either, parts are equal.
    /// </summary>
    internal static int[] PartsOf(NodeImport node, Shape shape, int axis)
    {
        int[]? lengths =
            node.Opset < 13 ? node.Ints("split") : node.Has(1) ? node.Integers(1, "the lengths of the parts") : null;
        lengths ??= EqualParts(node, shape[axis]);
        bool fits = lengths.Sum() == shape[axis]
            && lengths.All(length => length >= 0) && lengths.Length >= node.OutputCount;
        return fits ? lengths : throw node.Bad($"the lengths of the parts do not add up to axis {axis} (got "
            + $"[{string.Join(", ", lengths)}] for {shape})");
    }

    /// <summary>
    /// Returns the lengths of equal parts, of which the last may be shorter. Parts without an output are one length, so
    /// that many of them take no memory.
    /// </summary>
    private static int[] EqualParts(NodeImport node, int length)
    {
        long parts = node.Int("num_outputs", node.OutputCount);
        if (parts < 1 || parts > Math.Max(node.OutputCount, length))
        {
            throw node.Bad($"attribute 'num_outputs' is invalid (got {parts} for {node.OutputCount} outputs and an "
                + $"axis of length {length})");
        }

        long longest = (length + parts - 1) / parts;
        int[] lengths = [.. Enumerable.Range(0, (int)Math.Min(parts, node.OutputCount + 1)).Select(
            i => (int)Math.Clamp(length - (i * longest), 0, longest))];
        lengths[^1] = length - lengths[..^1].Sum();
        return lengths;
    }

    private static void Slice(NodeImport node)
    {
        Value x = node.Input(0), result = x;
        foreach ((int axis, int start, int end, int step) in RangesOf(node, x.Shape.Rank))
        {
            bool isWhole = step == 1 && start == 0 && end >= (x.IsBatched && axis == 0 ? int.MaxValue : x.Shape[axis]);
            result = isWhole ? result : node.Add(new Slice(axis, start, end, step), result);
        }

        node.Set(0, result);
    }

    /// <summary>
    /// Returns the ranges of a Slice. Starts, ends, axes and steps were attributes before opset 10.
    /// </summary>
    internal static (int Axis, int Start, int End, int Step)[] RangesOf(NodeImport node, int rank)
    {
        bool asInputs = node.Opset >= 10;
        int[] starts = asInputs ? node.Integers(1, "the starts") : node.Ints("starts") ?? [];
        int[] ends = asInputs ? node.Integers(2, "the ends") : node.Ints("ends") ?? [];
        int[]? axes = asInputs ? node.Has(3) ? node.Integers(3, "the axes") : null : node.Ints("axes");
        axes ??= [.. Enumerable.Range(0, starts.Length)];
        int[] steps = asInputs && node.Has(4) ? node.Integers(4, "the steps") : [.. starts.Select(_ => 1)];
        if (ends.Length != starts.Length || axes.Length != starts.Length || steps.Length != starts.Length)
        {
            throw node.Bad($"starts, ends, axes and steps differ in number (got {starts.Length}, {ends.Length}, "
                + $"{axes.Length} and {steps.Length})");
        }

        return
        [
            .. Enumerable.Range(0, starts.Length).Select(
                i => (ShapeOperators.Axis(node, axes[i], rank), starts[i], ends[i], steps[i])),
        ];
    }

    /// <summary>
    /// A batched value keeps its batch. Another value is repeated for each sample if the new shape begins with the
    /// batch.
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
            throw node.Mixed("gives an axis other than the first the length of the batch");
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
            throw node.Bad($"the repeats are invalid (got [{string.Join(", ", repeats)}] for {result.Shape}, expected "
                + "1 "
                + $"to {MaxCopies} per axis)");
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
    /// Pads were attributes before opset 11. Adds one node per padded axis; negative pads crop.
    /// </summary>
    private static void Pad(NodeImport node)
    {
        Value result = node.Input(0);
        bool asInputs = node.Opset >= 11;
        int[] pads = asInputs ? node.Integers(1, "the pads") : node.Ints("pads")
            ?? throw node.Bad("attribute 'pads' is missing");
        float fill = !asInputs ? node.Float("value", 0)
            : node.Has(2) ? node.Fixed(2, "the constant").First.To(DType.Float32).ToScalar()
            : 0;
        int[] axes = node.Has(3) ? node.Integers(3, "the axes") : [.. Enumerable.Range(0, result.Shape.Rank)];
        string mode = node.Text("mode", "constant");
        if (pads.Length != 2 * axes.Length || !Enum.TryParse(mode, ignoreCase: true, out PadMode kind))
        {
            throw node.Bad($"pads or mode are not supported (got {pads.Length} pads for {axes.Length} axes, mode "
                + $"\"{mode}\", expected two pads per axis, mode {string.Join(", ", Enum.GetNames<PadMode>())})");
        }

        for (int i = 0; i < axes.Length; i++)
        {
            int axis = ShapeOperators.Axis(node, axes[i], result.Shape.Rank);
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
