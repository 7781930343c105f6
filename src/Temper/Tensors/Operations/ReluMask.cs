using Temper.Kernels;

namespace Temper.Tensors;

/// <summary>The gradient through a ReLU that another operation has carried out in its store.</summary>
internal static class ReluMask
{
    /// <summary>The gradient where the output is above zero, else zero.</summary>
    internal static Tensor Apply(Tensor output, Tensor gradient)
    {
        Tensor masked = Tensor.Allocate(output.Shape, output.Layout);
        Elementwise.Apply(default(ReluGradient), output.Physical(), gradient.Physical(), masked.Writable());
        return masked;
    }
}
