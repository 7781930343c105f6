using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Temper.Kernels;

/// <summary>Width of the vectors used by the kernels, in bits.</summary>
internal enum SimdWidth
{
    /// <summary>No vectors.</summary>
    Scalar = 0,

    /// <summary>128 bits: four floats.</summary>
    Vector128 = 128,

    /// <summary>256 bits: eight floats.</summary>
    Vector256 = 256,

    /// <summary>512 bits: sixteen floats.</summary>
    Vector512 = 512,
}

/// <summary>Vector support of this machine, detected once.</summary>
internal static class Simd
{
    /// <summary>The widest vectors with hardware support. Wider ones would be emulated and slow.</summary>
    internal static SimdWidth Active { get; } =
        Vector512.IsHardwareAccelerated ? SimdWidth.Vector512
        : Vector256.IsHardwareAccelerated ? SimdWidth.Vector256
        : Vector128.IsHardwareAccelerated ? SimdWidth.Vector128
        : SimdWidth.Scalar;

    /// <summary>
    /// Whether multiply-add is a single instruction. Code compiled ahead of time for any x64 processor has 128-bit
    /// vectors without this instruction, and calls a function for each element instead.
    /// </summary>
    internal static bool FusesMultiplyAdd { get; } = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 or Architecture.X86 => Fma.IsSupported,
        Architecture.Arm64 => AdvSimd.Arm64.IsSupported,
        _ => true,
    };
}
