namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>Computes the softmax along an axis.</summary>
    /// <param name="axis">The axis; -1 is the last.</param>
    /// <returns>Values from 0 to 1 that sum to 1 along the axis.</returns>
    public Tensor Softmax(int axis = -1) => AlongLast(axis, x => new SoftmaxOperation(x, isLog: false).Apply());

    /// <summary>Computes the logarithm of <see cref="Softmax"/>, without overflow or cancellation.</summary>
    /// <inheritdoc cref="Softmax"/>
    /// <returns>Values of at most 0.</returns>
    public Tensor LogSoftmax(int axis = -1) => AlongLast(axis, x => new SoftmaxOperation(x, isLog: true).Apply());

    /// <summary>Moves an axis to the end, applies a function, and moves the axis back.</summary>
    private Tensor AlongLast(int axis, Func<Tensor, Tensor> apply)
    {
        int at = Shape.Axis(axis, "Softmax");
        if (at == Rank - 1)
        {
            return apply(this);
        }

        int[] order = Enumerable.Range(0, Rank).ToArray();
        (order[at], order[^1]) = (order[^1], order[at]);
        return apply(Permute(order)).Permute(order);
    }
}

internal sealed class SoftmaxOperation(Tensor x, bool isLog) : Operation(x)
{
    internal override string Name => isLog ? "LogSoftmax" : "Softmax";

    protected override Tensor Forward()
    {
        Tensor y = Tensor.Allocate(x.Shape);
        ReadOnlySpan<float> source = x.ToRowMajor().Physical();
        if (isLog)
        {
            Kernels.Softmax.LogForward(source, y.Writable(), x.Shape[-1]);
        }
        else
        {
            Kernels.Softmax.Forward(source, y.Writable(), x.Shape[-1]);
        }

        return y;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dx = Tensor.Allocate(x.Shape);
        ReadOnlySpan<float> dy = gradient.ToRowMajor().Physical();
        if (isLog)
        {
            Kernels.Softmax.LogGradient(output.Physical(), dy, dx.Writable(), x.Shape[-1]);
        }
        else
        {
            Kernels.Softmax.Gradient(output.Physical(), dy, dx.Writable(), x.Shape[-1]);
        }

        inputs.Add(0, dx);
    }
}
