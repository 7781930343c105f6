using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>tanh(x), computed as (1 - v) / (1 + v) with v = exp(-2|x|) and the sign of x.</summary>
internal readonly struct HyperbolicTangent : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged, ILanes<T>
    {
        T minusOne = LaneMath.ExpMinusOneOfNegative(T.Abs(x) * T.Create(-2)), two = T.Create(2);
        return T.Select(T.Greater(T.Zero, x), minusOne, T.Zero - minusOne) / (two + minusOne);
    }
}

/// <summary>
/// Input gradient of tanh, from the input x, the output y and the output gradient z: v (1 + |y|)² z with v =
/// exp(-2|x|). The form 1 - y² would lose all precision for large |x|; 1 + |y| = 2 / (1 + v) saves a division.
/// </summary>
internal readonly struct HyperbolicTangentGradient : ITernaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y, T z)
        where T : unmanaged, ILanes<T>
    {
        T v = LaneMath.ExpOfNegative(T.Abs(x) * T.Create(-2)), sum = T.Create(1) + T.Abs(y);
        return z * (v * (sum * sum));
    }
}

/// <summary>Logistic sigmoid, 1 / (1 + exp(-x)).</summary>
internal readonly struct Logistic : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged, ILanes<T>
    {
        T u = LaneMath.ExpOfNegative(T.Zero - T.Abs(x)), one = T.Create(1);
        return T.Select(T.Greater(T.Zero, x), u, one) / (one + u);
    }
}

/// <summary>
/// Input gradient of the sigmoid, from the input x, the output y and the output gradient z: u m² z with u = exp(-|x|)
/// and m = 1 / (1 + u), which is the larger of y and 1 - y.
/// </summary>
internal readonly struct LogisticGradient : ITernaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y, T z)
        where T : unmanaged, ILanes<T>
    {
        T u = LaneMath.ExpOfNegative(T.Zero - T.Abs(x)), larger = T.Max(y, T.Create(1) - y);
        return z * (u * (larger * larger));
    }
}

/// <summary>Softplus, log(1 + exp(x)), computed as max(x, 0) + log(1 + exp(-|x|)).</summary>
internal readonly struct SoftplusOperator : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged, ILanes<T> =>
        T.Max(x, T.Zero) + LaneMath.LogOnePlus(LaneMath.ExpOfNegative(T.Zero - T.Abs(x)));
}

/// <summary>Input gradient of softplus, from the input x and the output gradient y: sigmoid(x) y.</summary>
internal readonly struct SoftplusGradient : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => y * default(Logistic).Invoke(x);
}

/// <summary>
/// Binary cross-entropy of the logit x and the target y, softplus(x) - x y, computed as (max(x, 0) - x y) + log(1 +
/// exp(-|x|)): for y = 1 and large x the first part is exactly 0, so that the small loss is not lost in a difference.
/// </summary>
internal readonly struct LogisticLoss : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T> => T.Max(x, T.Zero) - (x * y)
            + LaneMath.LogOnePlus(LaneMath.ExpOfNegative(T.Zero - T.Abs(x)));
}

/// <summary>gain x where x is above 0, else low (exp(rate x) - 1), with rate above 0.</summary>
internal readonly struct ExponentialLinear(float gain, float low, float rate) : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged, ILanes<T>
    {
        T below = T.Create(low) * LaneMath.ExpMinusOneOfNegative(T.Min(x, T.Zero) * T.Create(rate));
        return T.Select(T.Greater(x, T.Zero), T.Create(gain) * x, below);
    }
}

/// <summary>Input gradient of <see cref="ExponentialLinear"/>, from the input x and the output gradient y.</summary>
internal readonly struct ExponentialLinearGradient(float gain, float low, float rate) : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T>
    {
        T below = T.Create(low) * T.Create(rate) * LaneMath.ExpOfNegative(T.Min(x, T.Zero) * T.Create(rate));
        return y * T.Select(T.Greater(x, T.Zero), T.Create(gain), below);
    }
}

/// <summary>
/// Mish, x tanh(log(1 + exp(x))), computed as x w / (w + 2) with w = e (e + 2) and e = exp(x). For x above 0, numerator
/// and denominator are divided by e² to avoid overflow.
/// </summary>
internal readonly struct MishOperator : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged, ILanes<T>
    {
        T u = LaneMath.ExpOfNegative(T.Zero - T.Abs(x)), two = T.Create(2);
        T below = u * (u + two), above = T.MultiplyAdd(two, u, T.Create(1));
        T isBelow = T.Greater(T.Zero, x);
        return x * T.Select(isBelow, below, above) / T.Select(isBelow, below + two, T.MultiplyAdd(two * u, u, above));
    }
}

/// <summary>
/// Input gradient of <see cref="MishOperator"/>, from the input x and the output gradient y: (tanh(s) + x (1 -
/// tanh²(s)) sigmoid(x)) y with s = log(1 + exp(x)), expressed in u = exp(-|x|).
/// </summary>
internal readonly struct MishGradient : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T>
    {
        T u = LaneMath.ExpOfNegative(T.Zero - T.Abs(x)), one = T.Create(1), two = T.Create(2), four = T.Create(4);
        T sum = one + u, w = u * (u + two), below = w + two;
        T slopeBelow = u * (((u + two) * below) + (four * x * sum)) / (below * below);
        T top = T.MultiplyAdd(two, u, one), above = T.MultiplyAdd(two * u, u, top);
        T slopeAbove = (top / above) + (four * (x * u) * u * sum / (above * above));
        return y * T.Select(T.Greater(T.Zero, x), slopeBelow, slopeAbove);
    }
}

/// <summary>Input gradient of softsign, from the input x and the output gradient y: y / (1 + |x|)².</summary>
internal readonly struct SoftsignGradient : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T>
    {
        T sum = T.Create(1) + T.Abs(x);
        return y / sum / sum;
    }
}

/// <summary>Softsign, x / (1 + |x|).</summary>
internal readonly struct SoftsignOperator : IUnaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x)
        where T : unmanaged, ILanes<T> => x / (T.Create(1) + T.Abs(x));
}

/// <summary>
/// Input gradient of the normal distribution function, from the input x and the output gradient y: exp(-x²/2) / √(2π)
/// y.
/// </summary>
internal readonly struct NormalDensityGradient : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Invoke<T>(T x, T y)
        where T : unmanaged,
        ILanes<T> => y * (T.Create(0.398942280f) * LaneMath.ExpOfNegative(x * x * T.Create(-0.5f)));
}
