using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// Imports Einsum of one or two operands: as permutations, sums and a matrix product, or as a linear layer if the
/// second operand is a known weight.
/// </summary>
internal static class EinsumOperators
{
    internal static IEnumerable<KeyValuePair<string, OnnxOperator>> Rows =>
        [ElementwiseOperators.Row("Einsum", Einsum)];

    private static void Einsum(NodeImport node)
    {
        if (node.InputCount is not (1 or 2))
        {
            throw node.Bad($"is supported for one or two operands (got {node.InputCount})");
        }

        string text = node.Text("equation", "");
        Shape[] shapes = [.. Enumerable.Range(0, node.InputCount).Select(ShapeOf)];
        EinsumEquation equation = EinsumEquation.Parse(text, [.. shapes.Select(shape => shape.Rank)])
            ?? throw node.Bad($"the equation is invalid, takes a diagonal, or does not fit the operands (got '{text}' "
                + $"for {string.Join(" and ", shapes)})");
        RequireEqualLengths(node, equation, shapes);
        RequireSamplesFirst(node, equation);
        Term result = node.InputCount == 1
            ? new Term(node.Input(0), equation.Operands[0]).Summed(node, equation.Result)
            : Product(node, equation);
        node.Set(0, result.Permuted(node, equation.Result).Value);

        // A known weight is not added to the network here, because a linear layer may take its place.
        Shape ShapeOf(int input) =>
            node.IsKnown(input) ? node.Fixed(input, "the operand").First.Shape : node.Input(input).Shape;
    }

    private static Term Product(NodeImport node, EinsumEquation equation)
    {
        Term a = new(node.Input(0), equation.Operands[0]);
        if (node.IsKnown(1) && node.Fixed(1, "the weight") is { First.DType: DType.Float32 } weight)
        {
            ProductAxes axes = ProductAxes.Of(a.Axes, equation.Operands[1], equation.Result, a.Value.IsBatched);
            if (axes.Shared.Length == 0 && axes.Right.Length + axes.Summed.Length == equation.Operands[1].Length)
            {
                return Layer(node, a, (weight, equation.Operands[1]), axes);
            }
        }

        Term b = new(node.Input(1), equation.Operands[1]);
        return b.Value.IsBatched && !a.Value.IsBatched
            ? Product(node, b, a, equation.Result)
            : Product(node, a, b, equation.Result);
    }

    private static Term Layer(NodeImport node, Term a, (Known Known, string Axes) weight, ProductAxes axes)
    {
        Tensor values = weight.Known.First;
        string order = axes.Right + axes.Summed;
        int outputs = axes.Right.Aggregate(1, (count, axis) => checked(count * values.Shape[At(weight.Axes, axis)]));
        Tensor matrix = values.Permute([.. order.Select(axis => At(weight.Axes, axis))])
            .Reshape(outputs, values.Count / Math.Max(1, outputs)).Detach();
        Value product = node.Add(
            new Linear(outputs) { HasBias = false }, [new Weight(weight.Known, "matrix", matrix)],
            a.Rows(node, axes));
        int[] lengths =
        [
            .. (axes.Samples + axes.Left).Select(a.LengthOf),
            .. axes.Right.Select(axis => values.Shape[At(weight.Axes, axis)]),
        ];
        return new Term(node.Add(ShapeOperators.To(product, lengths), product), axes.Result);
    }

    private static Term Product(NodeImport node, Term a, Term b, string result)
    {
        ProductAxes axes = ProductAxes.Of(a.Axes, b.Axes, result, a.Value.IsBatched && !b.Value.IsBatched);
        Value product = node.Add(new MatMul(), a.Rows(node, axes), b.Columns(node, axes));
        int[] lengths =
            [.. axes.Result.Select(axis => Has(a.Axes, axis) ? a.LengthOf(axis) : b.LengthOf(axis))];
        return new Term(node.Add(ShapeOperators.To(product, lengths), product), axes.Result);
    }

    private static void RequireEqualLengths(NodeImport node, EinsumEquation equation, Shape[] shapes)
    {
        (string first, string last) = (equation.Operands[0], equation.Operands[^1]);
        foreach (char axis in first.Where(axis => Has(last, axis)))
        {
            if (shapes[0][At(first, axis)] != shapes[^1][At(last, axis)])
            {
                throw node.Bad($"axis '{axis}' has different lengths (got {shapes[0]} and {shapes[^1]})");
            }
        }
    }

    private static void RequireSamplesFirst(NodeImport node, EinsumEquation equation)
    {
        bool[] batched =
            [.. Enumerable.Range(0, node.InputCount).Select(i => !node.IsKnown(i) && node.Input(i).IsBatched)];
        foreach (char samples in equation.Operands.Where((_, i) => batched[i]).Select(axes => axes[0]))
        {
            if (!equation.Result.StartsWith(samples)
                || equation.Operands.Where((axes, i) => batched[i] ? axes[0] != samples : Has(axes, samples)).Any())
            {
                throw node.Mixed("sums over the samples or moves them to another axis");
            }
        }
    }

    private static int At(string axes, char axis) => axes.IndexOf(axis, StringComparison.Ordinal);

    private static bool Has(string axes, char axis) => axes.Contains(axis, StringComparison.Ordinal);

    private static string Kept(string axes, Func<char, bool> wanted) => string.Concat(axes.Where(wanted));

    /// <summary>The axes of a product of two operands, by their role.</summary>
    /// <param name="Samples">The samples, if only the first operand has them: a leading axis of the product.</param>
    /// <param name="Shared">In both operands and the result.</param>
    /// <param name="Left">In the first operand and the result.</param>
    /// <param name="Summed">In both operands only.</param>
    /// <param name="Right">In the second operand and the result.</param>
    private sealed record ProductAxes(string Samples, string Shared, string Left, string Summed, string Right)
    {
        internal string Result => Samples + Shared + Left + Right;

        internal static ProductAxes Of(string a, string b, string result, bool hasOwnSamples)
        {
            string samples = hasOwnSamples ? a[..1] : "";
            return new ProductAxes(
                samples,
                Kept(a, axis => Has(b, axis) && Has(result, axis)),
                Kept(a, axis => !Has(b, axis) && Has(result, axis) && !Has(samples, axis)),
                Kept(a, axis => Has(b, axis) && !Has(result, axis)),
                Kept(b, axis => !Has(a, axis) && Has(result, axis)));
        }
    }

    /// <summary>A value whose axes are named by letters.</summary>
    private readonly record struct Term(Value Value, string Axes)
    {
        internal int LengthOf(char axis) => Value.Shape[At(Axes, axis)];

        /// <summary>Returns the value as matrices whose columns are summed over.</summary>
        internal Value Rows(NodeImport node, ProductAxes axes) =>
            Matrices(node, axes.Samples + axes.Shared, axes.Left, axes.Summed);

        /// <summary>Returns the value as matrices whose rows are summed over.</summary>
        internal Value Columns(NodeImport node, ProductAxes axes) =>
            Matrices(node, axes.Shared, axes.Summed, axes.Right);

        /// <summary>Sums over the axes that are not kept.</summary>
        internal Term Summed(NodeImport node, string kept)
        {
            int[] summed = [.. Axes.Index().Where(at => !Has(kept, at.Item)).Select(at => at.Index)];
            return summed.Length == 0
                ? this
                : new Term(
                    node.Add(new Reduce(Reduction.Sum, summed), Value), Kept(Axes, axis => Has(kept, axis)));
        }

        internal Term Permuted(NodeImport node, string order)
        {
            string axes = Axes;
            return string.Equals(axes, order, StringComparison.Ordinal)
                ? this
                : new Term(node.Add(new Permute([.. order.Select(axis => At(axes, axis))]), Value), order);
        }

        private Value Matrices(NodeImport node, string leading, string rows, string columns)
        {
            Term ordered = Summed(node, leading + rows + columns).Permuted(node, leading + rows + columns);
            int[] lengths =
                [.. leading.Select(ordered.LengthOf), ordered.CountOf(rows), ordered.CountOf(columns)];
            return node.Add(ShapeOperators.To(ordered.Value, lengths), ordered.Value);
        }

        private int CountOf(string axes)
        {
            Term term = this;
            return axes.Aggregate(1, (count, axis) => checked(count * term.LengthOf(axis)));
        }
    }
}
