using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>A function of each element alone and its derivative.</summary>
internal interface IUnaryFunction
{
    /// <summary>The name that users know.</summary>
    string Name { get; }

    /// <summary>y = f(x)</summary>
    void Value(ReadOnlySpan<float> x, Span<float> y);

    /// <summary>dx = f'(x) dy, from the input or the output, whichever is handier.</summary>
    void Gradient(ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> dy, Span<float> dx);
}

/// <summary>Applies a function to each element; layout does not matter to it and is kept.</summary>
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
