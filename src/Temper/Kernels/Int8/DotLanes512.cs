using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>
/// 16 lanes of 32-bit sums. Widens even and odd bytes separately to 16 bits, and adds their products in pairs without
/// overflow.
/// </summary>
internal readonly unsafe struct DotLanes512 : IDotLanes<DotLanes512, Lanes512>
{
    private readonly Vector512<int> _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DotLanes512(Vector512<int> v) => _v = v;

    internal static bool IsSupported => Avx512BW.IsSupported && Simd.Active == SimdWidth.Vector512;

    public static int Count => Vector512<int>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotLanes512 Load(int* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int* target) => _v.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotLanes512 Broadcast(byte* fourBytes) => new(Vector512.Create(*(int*)fourBytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotLanes512 operator +(DotLanes512 a, DotLanes512 b) => new(a._v + b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotLanes512 DotAdd(DotLanes512 sum, DotLanes512 x, DotLanes512 w)
    {
        Vector512<short> even = (x._v & Vector512.Create(0x00FF00FF)).AsInt16(),
            odd = Vector512.ShiftRightLogical(x._v.AsInt16(), 8);
        Vector512<short> evenWeights = Vector512.ShiftRightArithmetic(Vector512.ShiftLeft(w._v.AsInt16(), 8), 8),
            oddWeights = Vector512.ShiftRightArithmetic(w._v.AsInt16(), 8);
        return new(sum._v + (Avx512BW.MultiplyAddAdjacent(even, evenWeights) + Avx512BW.MultiplyAddAdjacent(
            odd, oddWeights)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 ToFloat(DotLanes512 sums) =>
        Unsafe.BitCast<Vector512<float>, Lanes512>(Vector512.ConvertToSingle(sums._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 FromBytes(byte* source) =>
        Unsafe.BitCast<Vector512<float>, Lanes512>(
            Vector512.ConvertToSingle(Avx512F.ConvertToVector512Int32(Vector128.Load(source))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(Lanes512 value, byte* target) =>
        Avx512F.ConvertToVector128Byte(Unsafe.BitCast<Lanes512, Vector512<int>>(value)).Store(target);
}
