using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>
/// 4 lanes of 32-bit sums. On x64 with 16-bit products, on other processors byte by byte in 32-bit arithmetic.
/// </summary>
internal readonly unsafe struct DotLanes128 : IDotLanes<DotLanes128, Lanes128>
{
    private readonly Vector128<int> _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DotLanes128(Vector128<int> v) => _v = v;

    public static int Count => Vector128<int>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotLanes128 Load(int* source) => new(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int* target) => _v.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotLanes128 Broadcast(byte* fourBytes) => new(Vector128.Create(*(int*)fourBytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotLanes128 operator +(DotLanes128 a, DotLanes128 b) => new(a._v + b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DotLanes128 DotAdd(DotLanes128 sum, DotLanes128 x, DotLanes128 w) =>
        new(Sse2.IsSupported ? OfWords(sum._v, x._v, w._v) : OfBytes(sum._v, x._v, w._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 ToFloat(DotLanes128 sums) =>
        Unsafe.BitCast<Vector128<float>, Lanes128>(Vector128.ConvertToSingle(sums._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 FromBytes(byte* source) =>
        Unsafe.BitCast<Vector128<float>, Lanes128>(
            Vector128.ConvertToSingle(Vector128.Create(source[0], source[1], source[2], (int)source[3])));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(Lanes128 value, byte* target)
    {
        Vector128<uint> bits = Unsafe.BitCast<Lanes128, Vector128<uint>>(value) & Vector128.Create(0xFFu);
        Vector128<ushort> words = Vector128.Narrow(bits, bits);
        *(int*)target = Vector128.Narrow(words, words).AsInt32().ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> OfWords(Vector128<int> sum, Vector128<int> x, Vector128<int> w)
    {
        Vector128<short> even = (x & Vector128.Create(0x00FF00FF)).AsInt16(),
            odd = Vector128.ShiftRightLogical(x.AsInt16(), 8);
        Vector128<short> evenWeights = Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(w.AsInt16(), 8), 8),
            oddWeights = Vector128.ShiftRightArithmetic(w.AsInt16(), 8);
        return sum + (Sse2.MultiplyAddAdjacent(even, evenWeights) + Sse2.MultiplyAddAdjacent(odd, oddWeights));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> OfBytes(Vector128<int> sum, Vector128<int> x, Vector128<int> w)
    {
        Vector128<int> low = Vector128.Create(0xFF);
        sum += (x & low) * Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(w, 24), 24);
        sum +=
            (Vector128.ShiftRightLogical(x, 8) & low) * Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(w, 16), 24);
        sum +=
            (Vector128.ShiftRightLogical(x, 16) & low) * Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(w, 8), 24);
        return sum + (Vector128.ShiftRightLogical(x, 24) * Vector128.ShiftRightArithmetic(w, 24));
    }
}

/// <summary>A single sum, for machines without vector instructions.</summary>
internal readonly unsafe struct DotLane : IDotLanes<DotLane, Lane>
{
    private readonly int _v;

    private DotLane(int v) => _v = v;

    public static int Count => 1;

    public static DotLane Load(int* source) => new(*source);

    public void Store(int* target) => *target = _v;

    public static DotLane Broadcast(byte* fourBytes) => new(*(int*)fourBytes);

    public static DotLane operator +(DotLane a, DotLane b) => new(a._v + b._v);

    public static DotLane DotAdd(DotLane sum, DotLane x, DotLane w)
    {
        int total = sum._v;
        for (int shift = 0; shift < 32; shift += 8)
        {
            total += (byte)(x._v >> shift) * (sbyte)(w._v >> shift);
        }

        return new(total);
    }

    public static Lane ToFloat(DotLane sums) => Lane.Create(sums._v);

    public static Lane FromBytes(byte* source) => Lane.Create(*source);

    public static void StoreBytes(Lane value, byte* target) => *target = (byte)Unsafe.BitCast<Lane, int>(value);
}
