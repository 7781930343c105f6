using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Imports operators that become a selection by a constant mask or a comparison with constants.</summary>
internal static class MaskOperators
{
    private const int MaxElements = 1 << 24;
    private const int MaxDepth = 1 << 20;

    internal static IEnumerable<KeyValuePair<string, OnnxOperator>> Rows =>
    [
        ElementwiseOperators.Row("Trilu", Trilu),
        ElementwiseOperators.Row("OneHot", OneHot),
    ];

    /// <summary>Keeps the upper or lower triangle of the last two axes; other elements become 0.</summary>
    private static void Trilu(NodeImport node)
    {
        Value x = node.Input(0);
        bool isUpper = node.Int("upper", 1) != 0;
        long diagonal = node.Has(1) ? node.Integers(node.Single(1, "the diagonal"), "the diagonal")[0] : 0;
        if (x.Shape.Rank < 2 || (long)x.Shape[-2] * x.Shape[-1] > MaxElements)
        {
            throw node.Bad($"needs two axes or more, and at most {MaxElements} elements in the last two (got "
                + $"{x.Shape})");
        }

        if (x.Shape.Rank == 2 && x.IsBatched)
        {
            throw node.Mixed("treats the samples as the rows of a matrix");
        }

        (int rows, int columns) = (x.Shape[-2], x.Shape[-1]);
        node.Charge((long)rows * columns);
        var kept = new bool[rows * columns];
        for (int i = 0; i < kept.Length; i++)
        {
            long offset = (i % columns) - (i / columns);
            kept[i] = isUpper ? offset >= diagonal : offset <= diagonal;
        }

        Value mask = node.Constant(Tensor.From(kept, [rows, columns]), "mask");
        node.Result(new Where(), mask, x, node.Constant(Tensor.Scalar(0f).To(x.DType), "zero"));
    }

    /// <summary>
    /// Compares the indices with the positions along a new axis. A negative index counts from the end; an index out of
    /// range gives a row without a hit, as the standard says.
    /// </summary>
    private static void OneHot(NodeImport node)
    {
        Value given = node.Input(0), values = node.Input(2);
        Value indices = given.DType is DType.Int64 or DType.Int32 ? given : node.Add(new Cast(DType.Int64), given);
        long depth = node.Single(1, "the depth").To(DType.Int64).ToArray<long>()[0];
        int rank = indices.Shape.Rank + 1, axis = ShapeOperators.Axis(node, node.Int("axis", -1), rank);
        if (depth is < 1 or > MaxDepth || values.Shape.Rank != 1 || values.Shape[0] != 2)
        {
            throw node.Bad($"the depth or the values are invalid (got {depth} and {values.Shape}, expected 1 to "
                + $"{MaxDepth} and [2])");
        }

        if (axis == 0 && indices.IsBatched)
        {
            throw node.Mixed("inserts an axis before the batch");
        }

        Value behind = node.Add(new Add(), indices, node.Constant(Tensor.Scalar(depth).To(indices.DType), "depth"));
        Value zero = node.Constant(Tensor.Scalar(0L).To(indices.DType), "zero");
        Value wrapped = node.Add(new Where(), node.Add(new Compare(Comparison.Less), indices, zero), behind, indices);
        node.Charge(depth);
        int[] lengths = [.. indices.Shape.Take(axis), 1, .. indices.Shape.Skip(axis)];
        long[] numbers = [.. Enumerable.Range(0, (int)depth).Select(i => (long)i)];
        int[] along = [(int)depth, .. Enumerable.Repeat(1, rank - 1 - axis)];
        Value positions = node.Constant(Tensor.From(numbers, Shape.Create(along)).To(indices.DType), "positions");
        Value isHit = node.Add(
            new Compare(Comparison.Equal), node.Add(ShapeOperators.To(wrapped, lengths), wrapped), positions);

        // The values are [off, on].
        node.Result(new Gather(0), values, node.Add(new Cast(DType.Int64), isHit));
    }
}
