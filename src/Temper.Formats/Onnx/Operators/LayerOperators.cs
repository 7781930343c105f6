using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Imports matrix products: as linear layers if the right operand is known, else as MatMul.</summary>
internal static class LayerOperators
{
    internal static IEnumerable<KeyValuePair<string, OnnxOperator>> Rows =>
    [
        ElementwiseOperators.Row("Gemm", Gemm),
        ElementwiseOperators.Row("MatMul", MatMul),
    ];

    /// <summary>Computes alpha A' B' + beta C; primes mean optional transposition.</summary>
    private static void Gemm(NodeImport node)
    {
        float alpha = node.Float("alpha", 1), beta = node.Float("beta", 1);
        bool flipsLeft = node.Int("transA", 0) != 0, flipsRight = node.Int("transB", 0) != 0;
        Value left = flipsLeft ? node.Add(new Permute([1, 0]), node.Input(0)) : node.Input(0);
        bool hasBias = node.Has(2) && beta != 0;
        if (node.IsKnown(1) && alpha == 1 && node.Fixed(1, "B").First is { Rank: 2, DType: DType.Float32 } matrix)
        {
            Known weights = node.Fixed(1, "B");
            int features = matrix.Shape[flipsRight ? 0 : 1];
            Weight weight =
                flipsRight ? new(weights, "", matrix) : new(weights, "transposed", matrix.Transpose().Detach());
            Weight[] scales = Scales(weights, flipsRight ? 0 : 1);
            if (hasBias && beta == 1 && node.IsKnown(2) && node.Fixed(2, "C") is { } bias
                && bias.First.Count == features && bias.First.Rank is 1 or 2 && bias.First.Shape[-1] == features)
            {
                node.Result(new Linear(features)
                {
                    HasInt8Weight = scales.Length > 0,
                }, [weight, new(bias, "", bias.First.Reshape([features])), .. scales], left);
                return;
            }

            var layer = new Linear(features) { HasBias = false, HasInt8Weight = scales.Length > 0 };
            if (!hasBias)
            {
                node.Result(layer, [weight, .. scales], left);
                return;
            }

            AddScaled(node, node.Add(layer, [weight, .. scales], left), beta);
            return;
        }

        Value right = flipsRight ? node.Add(new Permute([1, 0]), node.Input(1)) : node.Input(1);
        Value product = Scaled(node, node.Add(new MatMul(), left, right), alpha, "alpha");
        if (hasBias)
        {
            AddScaled(node, product, beta);
        }
        else
        {
            node.Set(0, product);
        }
    }

    /// <summary>Returns the scales of an 8-bit weight, one per output; empty for any other weight.</summary>
    private static Weight[] Scales(Known weights, int axis) =>
        weights.Int8Scales(axis) is { } scales ? [new(Known.Of($"{weights.Name}_scale", scales), "", scales)] : [];

    private static void AddScaled(NodeImport node, Value product, float beta) =>
        node.Result(new Add(), product, Scaled(node, node.Input(2), beta, "beta"));

    private static Value Scaled(NodeImport node, Value value, float factor, string name) =>
        factor == 1 ? value : node.Add(new Multiply(), value, node.Constant(Tensor.Scalar(factor), name));

    private static void MatMul(NodeImport node)
    {
        Value a = node.Input(0);
        if (a.Shape.Rank >= 2
            && node.IsKnown(1) && node.Fixed(1, "B") is { First: { Rank: 2, DType: DType.Float32 } matrix } weights)
        {
            Weight[] scales = Scales(weights, axis: 1);
            node.Result(new Linear(matrix.Shape[1])
            {
                HasBias = false, HasInt8Weight = scales.Length > 0,
            }, [new(weights, "transposed", matrix.Transpose().Detach()), .. scales], a);
            return;
        }

        // A vector becomes a matrix with one row or one column during the product.
        Value b = node.Input(1);
        bool isRow = a.Shape.Rank == 1, isColumn = b.Shape.Rank == 1;
        if ((isRow && a.IsBatched) || (isColumn && b.IsBatched))
        {
            throw node.Mixed("sums over the samples");
        }

        Value left = isRow ? node.Add(ShapeOperators.To(a, [1, a.Shape[0]]), a) : a;
        Value right = isColumn ? node.Add(ShapeOperators.To(b, [b.Shape[0], 1]), b) : b;
        Value product = node.Add(new MatMul(), left, right);
        if (isRow || isColumn)
        {
            int rank = product.Shape.Rank;
            int[] lengths = [.. product.Shape.Where((_, axis) => !(isRow && axis == rank - 2)
                && !(isColumn && axis == rank - 1))];
            product = node.Add(ShapeOperators.To(product, lengths), product);
        }

        node.Set(0, product);
    }
}
