using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>
/// dx of ReLU from its output x and the gradient y. The output is never below zero, so a test against zero is exact.
/// </summary>
internal readonly struct ReluGradient : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => T.Select(T.GreaterOrEqual(T.Zero, x), T.Zero, y);
}

/// <summary>dx of leaky ReLU from its input x and the gradient y.</summary>
internal readonly struct LeakyReluGradient(float slope) : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => T.Select(T.Greater(x, T.Zero), y, y * T.Create(slope));
}

/// <summary>dx = dy sign(x) from the input x and the gradient y; 0 at 0.</summary>
internal readonly struct AbsoluteGradient : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => y * default(Sign).Invoke(x);
}

/// <summary>dx = dy / (2 r) from the output x = r and the gradient y.</summary>
internal readonly struct SquareRootGradient : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => y / (x + x);
}

/// <summary>dx = dy / x from the input x and the gradient y.</summary>
internal readonly struct LogGradient : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => y / x;
}

/// <summary>dx = -dy r² from the output x = r and the gradient y.</summary>
internal readonly struct ReciprocalGradient : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => T.Zero - (y * (x * x));
}

/// <summary>dx from the input x and the gradient y: passed where low &lt;= x &lt;= high, as PyTorch does.</summary>
internal readonly struct ClampGradient(float low, float high) : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => T.Select(
            T.GreaterOrEqual(x, T.Create(low)), T.Select(T.GreaterOrEqual(T.Create(high), x), y, T.Zero), T.Zero);
}

/// <summary>The divisor's gradient -dz (q / y) from q = x, the divisor y and the gradient z.</summary>
internal readonly struct QuotientGradient : ITernaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y, T z)
        where T : unmanaged, ILanes<T> => T.Zero - (z * (x / y));
}

/// <summary>
/// The part of the gradient z that goes to the first operand x of a maximum with y: all where larger, half at a tie.
/// </summary>
internal readonly struct GreaterGradient : ITernaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y, T z)
        where T : unmanaged,
        ILanes<T> => T.Select(T.Greater(x, y), z, T.Select(T.AreEqual(x, y), z * T.Create(0.5f), T.Zero));
}

/// <summary>
/// The part of the gradient z that goes to the first operand x of a minimum with y: all where smaller, half at a tie.
/// </summary>
internal readonly struct LessGradient : ITernaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y, T z)
        where T : unmanaged,
        ILanes<T> => T.Select(T.Greater(y, x), z, T.Select(T.AreEqual(x, y), z * T.Create(0.5f), T.Zero));
}

/// <summary>
/// dx of <see cref="FakeQuantize"/>, straight through, from its input x and the gradient y; zero where x was clamped.
/// </summary>
internal readonly struct FakeQuantizeGradient(float scale, float low, float high) : IBinaryOperator
{
    private const float Half = 0.5f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T>
    {
        T steps = x / T.Create(scale);
        return T.Select(
            T.GreaterOrEqual(steps, T.Create(low - Half)),
            T.Select(T.GreaterOrEqual(T.Create(high + Half), steps), y, T.Zero), T.Zero);
    }
}
