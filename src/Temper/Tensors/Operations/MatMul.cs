using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Computes a matrix product, batched over the leading axes, which broadcast. As in PyTorch, a vector on the left
    /// is a row, and one on the right a column.
    /// </summary>
    /// <param name="other">The right operand, <c>[..., K, N]</c> or <c>[K]</c>.</param>
    /// <returns>
    /// <c>[..., M, N]</c> for this tensor <c>[..., M, K]</c>; the axis added to a vector operand is removed.
    /// </returns>
    /// <exception cref="ShapeMismatchException">
    /// The inner lengths differ or the leading axes do not broadcast.
    /// </exception>
    public Tensor MatMul(Tensor other)
    {
        if (Rank == 0 || other.Rank == 0)
        {
            throw new ShapeMismatchException("MatMul", Shape, other.Shape, "each operand needs at least one axis");
        }

        Tensor left = Rank == 1 ? Unsqueeze(0) : this;
        Tensor right = other.Rank == 1 ? other.Unsqueeze(1) : other;
        if (left.Shape[-1] != right.Shape[-2])
        {
            throw new ShapeMismatchException(
                "MatMul", Shape, other.Shape, "the inner lengths must be equal: [..., M, K] and [..., K, N]");
        }

        Shape batch = Shape.Broadcast(Leading(left), Leading(right), "MatMul");
        Tensor product = new MatMulOperation(InBatch(left, batch), InBatch(right, batch)).Apply();
        product = Rank == 1 ? product.Squeeze(-2) : product;
        return other.Rank == 1 ? product.Squeeze(-1) : product;

        static Shape Leading(Tensor t) => Shape.Create(t.Shape.AsSpan()[..^2]);

        static Tensor InBatch(Tensor t, Shape batch) =>
            Leading(t).Equals(batch) ? t : t.Expand(Shape.Create([.. batch.AsSpan(), t.Shape[-2], t.Shape[-1]]));
    }
}

/// <summary>Matrix products, batched over equal leading axes.</summary>
internal sealed class MatMulOperation(Tensor a, Tensor b) : Operation(a, b)
{
    internal override string Name => "MatMul";

    protected override Tensor Forward()
    {
        Tensor c = Tensor.Allocate(a.Shape.With(-1, b.Shape[-1]));
        Multiply(a, transposeA: false, b, transposeB: false, c);
        return c;
    }

    /// <summary>Computes dA = dC Bᵀ and dB = Aᵀ dC.</summary>
    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        if (inputs.Wants(0))
        {
            Tensor da = Tensor.Allocate(a.Shape);
            Multiply(gradient, transposeA: false, b, transposeB: true, da);
            inputs.Add(0, da);
        }

        if (inputs.Wants(1))
        {
            Tensor db = Tensor.Allocate(b.Shape);
            Multiply(a, transposeA: true, gradient, transposeB: false, db);
            inputs.Add(1, db);
        }
    }

    private void Multiply(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor c)
    {
        ReadOnlySpan<float> left = a.ToRowMajor().Physical();
        ReadOnlySpan<float> right = b.ToRowMajor().Physical();
        (int ra, int ca, int rb, int cb) = (a.Shape[-2], a.Shape[-1], b.Shape[-2], b.Shape[-1]);
        int batch = c.Shape.CountOf(0, c.Rank - 2);
        int size = c.Shape[-2] * c.Shape[-1];
        for (int i = 0; i < batch; i++)
        {
            var x = new MatrixView(left.Slice(i * ra * ca, ra * ca), ra, ca);
            var y = new MatrixView(right.Slice(i * rb * cb, rb * cb), rb, cb);
            Gemm.Multiply(
                transposeA ? x.Transposed : x, transposeB ? y.Transposed : y, c.Writable().Slice(i * size, size),
                default, choice: Choice);
        }
    }
}
