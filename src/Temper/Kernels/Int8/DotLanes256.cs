using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>Computes 8 sums of byte products: with a single instruction, or with 16-bit products.</summary>
internal interface IDot256
{
    static abstract Vector256<int> DotAdd(Vector256<int> sum, Vector256<int> x, Vector256<int> w);
}

/// <summary>Uses the instruction VPDPBUSD, which adds all four products in 32 bits.</summary>
internal readonly struct DotInstruction : IDot256
{
    internal static bool IsSupported => AvxVnni.IsSupported && Simd.Active >= SimdWidth.Vector256;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> DotAdd(Vector256<int> sum, Vector256<int> x, Vector256<int> w) =>
        AvxVnni.MultiplyWideningAndAdd(sum, x.AsByte(), w.AsSByte());
}

/// <summary>
/// Widens even and odd bytes separately to 16 bits, and adds their products in pairs without overflow.
/// </summary>
internal readonly struct DotOfWords : IDot256
{
    internal static bool IsSupported => Avx2.IsSupported && Simd.Active >= SimdWidth.Vector256;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> DotAdd(Vector256<int> sum, Vector256<int> x, Vector256<int> w)
    {
        Vector256<short> even = (x & Vector256.Create(0x00FF00FF)).AsInt16(),
            odd = Vector256.ShiftRightLogical(x.AsInt16(), 8);
        Vector256<short> evenWeights = Vector256.ShiftRightArithmetic(Vector256.ShiftLeft(w.AsInt16(), 8), 8),
            oddWeights = Vector256.ShiftRightArithmetic(w.AsInt16(), 8);
        return sum + (Avx2.MultiplyAddAdjacent(even, evenWeights) + Avx2.MultiplyAddAdjacent(odd, oddWeights));
    }
}

/// <summary>8 lanes of 32-bit sums.</summary>
internal readonly unsafe struct DotLanes256<TDot> : IDotLanes<DotLanes256<TDot>, Lanes256>
    where TDot : struct, IDot256
{
    private readonly Vector256<int> _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DotLanes256(Vector256<int> v) => _v = v;

    public static int Count => Vector256<int>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotLanes256<TDot> Load(int* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int* target) => _v.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotLanes256<TDot> Broadcast(byte* fourBytes) => new(Vector256.Create(*(int*)fourBytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotLanes256<TDot> operator +(DotLanes256<TDot> a, DotLanes256<TDot> b) => new(a._v + b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotLanes256<TDot> DotAdd(DotLanes256<TDot> sum, DotLanes256<TDot> x, DotLanes256<TDot> w) =>
        new(TDot.DotAdd(sum._v, x._v, w._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 ToFloat(DotLanes256<TDot> sums) =>
        Unsafe.BitCast<Vector256<float>, Lanes256>(Vector256.ConvertToSingle(sums._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 FromBytes(byte* source) =>
        Unsafe.BitCast<Vector256<float>, Lanes256>(Vector256.ConvertToSingle(
            Avx2.ConvertToVector256Int32(Vector128.CreateScalarUnsafe(*(long*)source).AsByte())));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(Lanes256 value, byte* target)
    {
        Vector256<uint> bits = Unsafe.BitCast<Lanes256, Vector256<uint>>(value) & Vector256.Create(0xFFu);
        Vector128<ushort> words = Vector128.Narrow(bits.GetLower(), bits.GetUpper());
        *(long*)target = Vector128.Narrow(words, words).AsInt64().ToScalar();
    }
}
