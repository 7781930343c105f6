using System.Runtime.Intrinsics;

namespace Temper.Kernels;

/// <summary>Bits of the vectors that the kernels use.</summary>
internal enum SimdWidth
{
    /// <summary>No vectors.</summary>
    Scalar = 0,

    /// <summary>128 bit: four floats.</summary>
    Vector128 = 128,

    /// <summary>256 bit: eight floats.</summary>
    Vector256 = 256,

    /// <summary>512 bit: sixteen floats.</summary>
    Vector512 = 512,
}

/// <summary>The width that this machine does in hardware, found once.</summary>
internal static class Simd
{
    /// <summary>The widest vectors with hardware support. Wider ones would run, emulated and slow.</summary>
    internal static SimdWidth Active { get; } =
        Vector512.IsHardwareAccelerated ? SimdWidth.Vector512
        : Vector256.IsHardwareAccelerated ? SimdWidth.Vector256
        : Vector128.IsHardwareAccelerated ? SimdWidth.Vector128
        : SimdWidth.Scalar;
}
