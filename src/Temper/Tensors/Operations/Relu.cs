using Temper.Kernels;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary><c>max(x, 0)</c> of each element.</summary>
    /// <returns>Same shape; NaN stays NaN. The gradient at zero is zero.</returns>
    public Tensor Relu() => new ReluOperation(this).Apply();
}

internal sealed class ReluOperation(Tensor x) : Operation(x)
{
    internal override string Name => "Relu";

    protected override Tensor Forward()
    {
        Tensor y = Tensor.Allocate(x.Shape, x.Layout);
        Elementwise.Apply(default(Relu), x.Physical(), y.Writable());
        return y;
    }

    /// <summary>dx = dy where y > 0, else 0</summary>
    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs) =>
        inputs.Add(0, ReluMask.Apply(output, gradient.InLayout(output.Layout)));
}
