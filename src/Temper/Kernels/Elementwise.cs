using System.Numerics.Tensors;

namespace Temper.Kernels;

/// <summary>Kernels that treat each element alone.</summary>
internal static class Elementwise
{
    /// <summary><c>target += source</c>.</summary>
    internal static void Accumulate(ReadOnlySpan<float> source, Span<float> target) =>
        TensorPrimitives.Add(target, source, target);
}
