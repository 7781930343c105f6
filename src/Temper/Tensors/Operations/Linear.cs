using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>Applies the affine map <c>y = x Wᵀ + b</c> to each row.</summary>
    /// <param name="weight">Weights W, <c>[O, I]</c>.</param>
    /// <param name="bias">Bias b, <c>[O]</c>; null: none.</param>
    /// <returns><c>[..., O]</c> for an input <c>[..., I]</c>.</returns>
    /// <exception cref="ShapeMismatchException">The last axis is not I, or the bias is not <c>[O]</c>.</exception>
    public Tensor Linear(Tensor weight, Tensor? bias = null) => Linear(weight, bias, relu: false);

    /// <inheritdoc cref="Linear(Tensor, Tensor?)"/>
    /// <param name="weight">Weights, <c>[O, I]</c>.</param>
    /// <param name="bias">Bias, <c>[O]</c>; null: none.</param>
    /// <param name="relu">Whether ReLU is applied in the same pass.</param>
    internal Tensor Linear(Tensor weight, Tensor? bias, bool relu) =>
        new LinearOperation(this, weight, bias, relu).Apply();
}

internal sealed class LinearOperation(Tensor x, Tensor weight, Tensor? bias, bool relu)
    : Operation(bias is null ? [x, weight] : [x, weight, bias])
{
    private int Outputs => weight.Shape[0];

    private int Features => weight.Shape[1];

    private int Rows => x.Shape.CountOf(0, x.Rank - 1);

    internal override string Name => "Linear";

    protected override Tensor Forward()
    {
        Check();
        Tensor y = Tensor.Allocate(x.Shape.With(-1, Outputs));
        Gemm.Multiply(
            new MatrixView(x.ToRowMajor().Physical(), Rows, Features),
            new MatrixView(weight.Physical(), Outputs, Features).Transposed,
            y.Writable(),
            new GemmEpilogue { Bias = bias is null ? default : bias.Physical(), Relu = relu },
            choice: Choice);
        return y;
    }

    /// <summary>
    /// Computes dx = dy W, dW = dyᵀ x and db = Σ rows of dy. With ReLU, dy is first set to zero where the output is
    /// zero.
    /// </summary>
    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dy = gradient.ToRowMajor();
        if (relu)
        {
            dy = ReluMask.Apply(output, dy);
        }

        var dyRows = new MatrixView(dy.Physical(), Rows, Outputs);
        if (inputs.Wants(1))
        {
            Tensor dw = Tensor.Allocate(weight.Shape);
            Gemm.Multiply(dyRows.Transposed, new MatrixView(x.ToRowMajor().Physical(), Rows, Features), dw.Writable());
            inputs.Add(1, dw);
        }

        if (bias is not null && inputs.Wants(2))
        {
            Tensor db = Tensor.Allocate(bias.Shape);
            Reductions.ColumnSums(dy.Physical(), db.Writable(), Rows, Outputs);
            inputs.Add(2, db);
        }

        if (inputs.Wants(0))
        {
            Tensor dx = Tensor.Allocate(x.Shape);
            Gemm.Multiply(
                dyRows, new MatrixView(weight.Physical(), Outputs, Features), dx.Writable(), default, choice: Choice);
            inputs.Add(0, dx);
        }
    }

    /// <summary>
    /// Uses ‖dy xᵀ‖² = ‖dy‖² ‖x‖² if each sample is one row; else computes the gradient of one sample at a time.
    /// </summary>
    internal override bool TryAddSampleSquares(Tensor output, Tensor gradient, int input, Span<double> squares)
    {
        Tensor dy = gradient.ToRowMajor();
        if (relu)
        {
            dy = ReluMask.Apply(output, dy);
        }

        int rows = Rows / squares.Length;
        ReadOnlySpan<float> values = x.ToRowMajor().Physical();
        float[] one = rows == 1 && input != 0 ? [] : new float[input == 1 ? weight.Count : Outputs];
        for (int i = 0; i < squares.Length; i++)
        {
            ReadOnlySpan<float> dySample = dy.Physical().Slice(i * rows * Outputs, rows * Outputs);
            ReadOnlySpan<float> xSample = values.Slice(i * rows * Features, rows * Features);
            if (rows == 1)
            {
                squares[i] += Reductions.SumOfSquares(dySample) * (input == 1 ? Reductions.SumOfSquares(xSample) : 1);
                continue;
            }

            if (input == 1)
            {
                Gemm.Multiply(
                    new MatrixView(dySample, rows, Outputs).Transposed, new MatrixView(xSample, rows, Features), one);
            }
            else
            {
                Reductions.ColumnSums(dySample, one, rows, Outputs);
            }

            squares[i] += Reductions.SumOfSquares(one);
        }

        return true;
    }

    private void Check()
    {
        if (weight.Rank != 2)
        {
            throw new ShapeMismatchException("Linear weight", weight.Shape, "[O, I]");
        }

        if (x.Rank < 1 || x.Shape[-1] != Features)
        {
            throw new ShapeMismatchException("Linear", x.Shape, $"[..., {Features}] for weight {weight.Shape}");
        }

        if (bias is not null && (bias.Rank != 1 || bias.Shape[0] != Outputs))
        {
            throw new ShapeMismatchException("Linear bias", bias.Shape, $"[{Outputs}] for weight {weight.Shape}");
        }
    }
}
