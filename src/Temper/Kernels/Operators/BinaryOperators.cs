using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>x + y</summary>
internal readonly struct AddKernel : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => x + y;
}

/// <summary>x - y</summary>
internal readonly struct SubtractKernel : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => x - y;
}

/// <summary>x y</summary>
internal readonly struct MultiplyKernel : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => x * y;
}

/// <summary>x / y</summary>
internal readonly struct DivideKernel : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => x / y;
}

/// <summary>max(x, y); NaN if either is NaN.</summary>
internal readonly struct MaximumKernel : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => T.Max(x, y);
}

/// <summary>min(x, y); NaN if either is NaN.</summary>
internal readonly struct MinimumKernel : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => T.Min(x, y);
}

/// <summary>factor x + y, with a single rounding.</summary>
internal readonly struct MultiplyAddTo(float factor) : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => T.MultiplyAdd(x, T.Create(factor), y);
}

/// <summary>(x - y)²</summary>
internal readonly struct SquaredDifference : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => (x - y) * (x - y);
}

/// <summary>(x - shift) y</summary>
internal readonly struct ShiftedProduct(float shift) : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => (x - T.Create(shift)) * y;
}

/// <summary>Huber loss of the error d = x - y: d² / 2 for |d| up to delta, else delta (|d| - delta / 2).</summary>
internal readonly struct HuberLoss(float delta) : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T>
    {
        T d = T.Abs(x - y);
        T inside = T.Create(0.5f) * d * d;
        T outside = T.Create(delta) * (d - T.Create(0.5f * delta));
        return T.Select(T.Greater(d, T.Create(delta)), outside, inside);
    }
}

/// <summary>Derivative of the Huber loss with respect to x: the error x - y, clamped to ±delta.</summary>
internal readonly struct HuberGradient(float delta) : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => T.Min(T.Max(x - y, T.Create(-delta)), T.Create(delta));
}

/// <summary>scale y where the uniform random number x is below keep, else 0.</summary>
internal readonly struct DropoutSelect(float keep, float scale) : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => T.Select(T.Greater(T.Create(keep), x), y * T.Create(scale), T.Zero);
}

/// <summary>Moves x toward y: x + factor (y - x).</summary>
internal readonly struct MoveTowards(float factor) : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => T.MultiplyAdd(T.Create(factor), y - x, x);
}

/// <summary>y + a sgn(x) - b x, with sgn(0) = 0: adds the gradient of a norm-like term to y.</summary>
internal readonly struct AddSignedGradient(float a, float b) : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T>
    {
        T sign = T.Select(T.Greater(x, T.Zero), T.Create(a), T.Select(T.Greater(T.Zero, x), T.Create(-a), T.Zero));
        return T.MultiplyAdd(T.Create(-b), x, y + sign);
    }
}

/// <summary>y + 2 a sgn(x) / (1 + |x|)², with sgn(0) = 0: adds the gradient of transformed L1 to y.</summary>
internal readonly struct AddTransformedGradient(float a) : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T>
    {
        T sign =
            T.Select(T.Greater(x, T.Zero), T.Create(2 * a), T.Select(T.Greater(T.Zero, x), T.Create(-2 * a), T.Zero));
        T size = T.Create(1) + T.Abs(x);
        return y + (sign / (size * size));
    }
}

/// <summary>x: broadcasts the left operand.</summary>
internal readonly struct FirstOf : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => x;
}

/// <summary>y: broadcasts the right operand.</summary>
internal readonly struct SecondOf : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => y;
}
