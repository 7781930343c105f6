using System.Runtime.CompilerServices;

namespace Temper.Kernels.Lanes;

/// <summary>
/// A single float: the reference implementation of each operation, and the remainder of every vector loop.
/// </summary>
internal readonly unsafe struct Lane : ILanes<Lane>
{
    private readonly float _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Lane(float v) => _v = v;

    public static int Count => 1;

    public static Lane Zero => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane Create(float x) => new(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane Load(float* source) => new(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* target) => *target = _v;

    public static Lane LoadFirst(int count, float* source) => default;

    public void StoreFirst(int count, float* target)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane operator +(Lane a, Lane b) => new(a._v + b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane operator -(Lane a, Lane b) => new(a._v - b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane operator *(Lane a, Lane b) => new(a._v * b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane operator /(Lane a, Lane b) => new(a._v / b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane MultiplyAdd(Lane a, Lane b, Lane c) => new(MathF.FusedMultiplyAdd(a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane PowerOfTwo(Lane n) =>
        new(BitConverter.Int32BitsToSingle((float.ConvertToIntegerNative<int>(n._v) + 127) << 23));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane Max(Lane a, Lane b) => new(MathF.Max(a._v, b._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane Min(Lane a, Lane b) => new(MathF.Min(a._v, b._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane Sqrt(Lane a) => new(MathF.Sqrt(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane Abs(Lane a) => new(MathF.Abs(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane Greater(Lane a, Lane b) => Mask(a._v > b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane GreaterOrEqual(Lane a, Lane b) => Mask(a._v >= b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane AreEqual(Lane a, Lane b) => Mask(a._v == b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane Select(Lane mask, Lane a, Lane b) => BitConverter.SingleToInt32Bits(mask._v) != 0 ? a : b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane FirstOnly(int count, Lane a) => count > 0 ? a : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lane Pick(Lane a, int* lanes) => *lanes == 0 ? a : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Sum() => _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Lane Mask(bool set) => new(BitConverter.Int32BitsToSingle(set ? -1 : 0));
}
