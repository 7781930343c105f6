using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

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

    /// <summary>
    /// Whether a product and a sum are one instruction. Code that is compiled ahead of time for any x64 processor has
    /// vectors of 128 bit but not this instruction, and calls a function for each element instead.
    /// </summary>
    internal static bool FusesMultiplyAdd { get; } = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 or Architecture.X86 => Fma.IsSupported,
        Architecture.Arm64 => AdvSimd.Arm64.IsSupported,
        _ => true,
    };
}
