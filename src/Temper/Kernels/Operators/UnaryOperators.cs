using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>-x; changes the sign of zero too.</summary>
internal readonly struct Negate : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged, ILanes<T> => x * T.Create(-1);
}

/// <summary>|x|</summary>
internal readonly struct Absolute : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged, ILanes<T> => T.Abs(x);
}

/// <summary>Square root; NaN below zero.</summary>
internal readonly struct SquareRoot : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged, ILanes<T> => T.Sqrt(x);
}

/// <summary>x²</summary>
internal readonly struct Square : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged, ILanes<T> => x * x;
}

/// <summary>1 / x</summary>
internal readonly struct Reciprocal : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged, ILanes<T> => T.Create(1) / x;
}

/// <summary>Sign of x: -1, 0 or 1. Zero keeps its sign; NaN stays NaN.</summary>
internal readonly struct Sign : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged,
        ILanes<T> => T.Select(T.Greater(x, T.Zero), T.Create(1), T.Select(T.Greater(T.Zero, x), T.Create(-1), x));
}

/// <summary>max(x, 0). NaN stays NaN; -0 becomes 0.</summary>
internal readonly struct Relu : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged, ILanes<T> => T.Select(T.GreaterOrEqual(T.Zero, x), T.Zero, x);
}

/// <summary>x where x is above 0, else slope x.</summary>
internal readonly struct LeakyRelu(float slope) : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged, ILanes<T> => T.Select(T.Greater(x, T.Zero), x, x * T.Create(slope));
}

/// <summary>min(max(x, low), high); NaN stays NaN.</summary>
internal readonly struct Clamp(float low, float high) : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged, ILanes<T> => T.Min(T.Max(x, T.Create(low)), T.Create(high));
}

/// <summary>scale x + shift, with a single rounding.</summary>
internal readonly struct Affine(float scale, float shift) : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged, ILanes<T> => T.MultiplyAdd(x, T.Create(scale), T.Create(shift));
}

/// <summary>factor x</summary>
internal readonly struct Scale(float factor) : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged, ILanes<T> => x * T.Create(factor);
}

/// <summary>Subtracts two numbers one after the other: (x - first) - second.</summary>
internal readonly struct SubtractTwo(float first, float second) : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged, ILanes<T> => x - T.Create(first) - T.Create(second);
}

/// <summary>
/// Rounds x to the nearest multiple n scale, ties to even, with n clamped to low to high; NaN stays NaN.
/// </summary>
internal readonly struct FakeQuantize(float scale, float low, float high) : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged, ILanes<T>
    {
        // Clamped first, so that the sum with the rounder is exact.
        T rounder = T.Create(ByteGrid.Rounder),
            inside = T.Min(T.Max(x / T.Create(scale), T.Create(low)), T.Create(high));
        return (inside + rounder - rounder) * T.Create(scale);
    }
}
