using System.Numerics.Tensors;

namespace Temper.Tensors;

public sealed partial class Tensor
{
    /// <summary>The hyperbolic tangent of each element.</summary>
    /// <returns>Values in [-1, 1], same shape; NaN stays NaN.</returns>
    public Tensor Tanh() => new TanhOperation(this).Apply();
}

internal sealed class TanhOperation(Tensor x) : Operation(x)
{
    internal override string Name => "Tanh";

    protected override Tensor Forward()
    {
        Tensor y = Tensor.Allocate(x.Shape, x.Layout);
        TensorPrimitives.Tanh(x.Physical(), y.Writable());
        return y;
    }

    /// <summary>dx = dy (1 - y²)</summary>
    internal override void Backward(Tensor output, Tensor gradient, InputGradients inputs)
    {
        Tensor dx = Tensor.Allocate(output.Shape, output.Layout);
        ReadOnlySpan<float> y = output.Physical();
        ReadOnlySpan<float> dy = gradient.InLayout(output.Layout).Physical();
        Span<float> target = dx.Writable();
        for (int i = 0; i < target.Length; i++)
        {
            target[i] = dy[i] * (1 - (y[i] * y[i]));
        }

        inputs.Add(0, dx);
    }
}
