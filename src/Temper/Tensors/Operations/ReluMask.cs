using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>Gradient through a ReLU that is fused into another operation.</summary>
internal static class ReluMask
{
    /// <summary>Returns the gradient where the output is above 0, and 0 elsewhere.</summary>
    internal static Tensor Apply(Tensor output, Tensor gradient)
    {
        Tensor masked = Tensor.Allocate(output.Shape, output.Layout);
        Elementwise.Apply(default(ReluGradient), output.Physical(), gradient.Physical(), masked.Writable());
        return masked;
    }
}
