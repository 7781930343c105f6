using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>
/// Input gradient of ReLU, from its output x and the output gradient y: y where x is above 0, else 0. The output can
/// replace the input in this test, because both are above 0 for the same elements.
/// </summary>
internal readonly struct ReluGradient : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => T.Select(T.GreaterOrEqual(T.Zero, x), T.Zero, y);
}

/// <summary>Input gradient of leaky ReLU, from its input x and the output gradient y.</summary>
internal readonly struct LeakyReluGradient(float slope) : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => T.Select(T.Greater(x, T.Zero), y, y * T.Create(slope));
}

/// <summary>Input gradient of |x|, from the input x and the output gradient y: y sign(x), 0 at 0.</summary>
internal readonly struct AbsoluteGradient : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => y * default(Sign).Invoke(x);
}

/// <summary>Input gradient of the square root, from its output x and the output gradient y: y / (2 x).</summary>
internal readonly struct SquareRootGradient : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => y / (x + x);
}

/// <summary>Input gradient of the logarithm, from its input x and the output gradient y: y / x.</summary>
internal readonly struct LogGradient : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => y / x;
}

/// <summary>Input gradient of the reciprocal, from its output x and the output gradient y: -y x².</summary>
internal readonly struct ReciprocalGradient : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => T.Zero - (y * (x * x));
}

/// <summary>
/// Input gradient of clamp, from its input x and the output gradient y: y where low &lt;= x &lt;= high, as in PyTorch,
/// else 0.
/// </summary>
internal readonly struct ClampGradient(float low, float high) : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => T.Select(
            T.GreaterOrEqual(x, T.Create(low)), T.Select(T.GreaterOrEqual(T.Create(high), x), y, T.Zero), T.Zero);
}

/// <summary>
/// Gradient of a quotient with respect to its divisor, from the quotient x, the divisor y and the output gradient z: -z
/// x / y.
/// </summary>
internal readonly struct QuotientGradient : ITernaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y, T z)
        where T : unmanaged, ILanes<T> => T.Zero - (z * (x / y));
}

/// <summary>
/// Gradient of max(x, y) with respect to x, from the output gradient z: z where x is larger, z / 2 at a tie, else 0.
/// </summary>
internal readonly struct GreaterGradient : ITernaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y, T z)
        where T : unmanaged,
        ILanes<T> => T.Select(T.Greater(x, y), z, T.Select(T.AreEqual(x, y), z * T.Create(0.5f), T.Zero));
}

/// <summary>
/// Gradient of min(x, y) with respect to x, from the output gradient z: z where x is smaller, z / 2 at a tie, else 0.
/// </summary>
internal readonly struct LessGradient : ITernaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y, T z)
        where T : unmanaged,
        ILanes<T> => T.Select(T.Greater(y, x), z, T.Select(T.AreEqual(x, y), z * T.Create(0.5f), T.Zero));
}

/// <summary>
/// Straight-through input gradient of <see cref="FakeQuantize"/>, from its input x and the output gradient y: y, or 0
/// where x was clamped.
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
