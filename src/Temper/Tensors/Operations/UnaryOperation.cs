using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>An elementwise function of one operand, and its derivative.</summary>
internal interface IUnaryFunction
{
    /// <summary>Public name of the operation, used in error messages.</summary>
    string Name { get; }

    /// <summary>Computes y = f(x).</summary>
    void Value(ReadOnlySpan<float> x, Span<float> y);

    /// <summary>Computes dx = f'(x) dy from the input or the output, whichever is simpler.</summary>
    void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx);
}

/// <summary>Applies an elementwise function to a tensor. The result has the tensor's layout.</summary>
internal sealed class UnaryOperation<TFunction>(Tensor x, TFunction f = default) : Operation(x)
    where TFunction : struct, IUnaryFunction
{
    internal override string Name => f.Name;

    protected override Tensor Forward()
    {
        Tensor y = Tensor.Allocate(x.Shape, x.Layout);
        f.Value(x.Physical(), y.Writable());
        return y;
    }

    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dx = Tensor.Allocate(x.Shape, x.Layout);
        f.Gradient(x.Physical(), output.Physical(), gradient.InLayout(x.Layout).Physical(), dx.Writable());
        inputs.Add(0, dx);
    }
}
