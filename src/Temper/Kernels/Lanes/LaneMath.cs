using System.Runtime.CompilerServices;

namespace Temper.Kernels.Lanes;

/// <summary>
/// Exponentials and logarithms with a small relative error everywhere, including near zero, and the same bytes at every
/// width. Exponents are at most 0, so nothing overflows: activations are written in terms of exp(-|x|).
/// </summary>
internal static class LaneMath
{
    /// <summary>
    /// Computes exp(x) for x at most 0, with a relative error of about 1e-7; subnormal results lose precision
    /// gradually.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T ExpOfNegative<T>(T x)
        where T : unmanaged, ILanes<T>
    {
        const float Underflow = -104;
        (T n, T tail) = Reduce(T.Max(x, T.Create(Underflow)));     // the result there rounds to 0
        return T.ScaleByPowerOfTwo(T.Create(1) + tail, n);
    }

    /// <summary>
    /// Computes a 2^n if 2^n may be too small for one factor. The first product is exact, the second one rounds.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T ScaleInTwoSteps<T>(T a, T n)
        where T : unmanaged, ILanes<T>
    {
        T half = Round(n * T.Create(0.5f));
        return a * T.PowerOfTwo(half) * T.PowerOfTwo(n - half);
    }

    /// <summary>Computes exp(x) - 1 for x at most 0, with a relative error of about 2e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T ExpMinusOneOfNegative<T>(T x)
        where T : unmanaged, ILanes<T>
    {
        const float IsMinusOne = -30;
        (T n, T tail) = Reduce(T.Max(x, T.Create(IsMinusOne)));
        T power = T.PowerOfTwo(n);
        return T.MultiplyAdd(power, tail, power - T.Create(1));
    }

    /// <summary>
    /// Computes log(1 + u) for u in [0, 1], with a relative error of about 2e-7, as 2 atanh(t) with t = u / (2 + u).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T LogOnePlus<T>(T u)
        where T : unmanaged, ILanes<T>
    {
        T t = u / (T.Create(2) + u), z = t * t;
        T sum = T.MultiplyAdd(z, T.Create(1f / 13), T.Create(1f / 11));
        sum = T.MultiplyAdd(z, sum, T.Create(1f / 9));
        sum = T.MultiplyAdd(z, sum, T.Create(1f / 7));
        sum = T.MultiplyAdd(z, sum, T.Create(1f / 5));
        sum = T.MultiplyAdd(z, sum, T.Create(1f / 3));
        t += t;
        return T.MultiplyAdd(t, z * sum, t);
    }

    /// <summary>
    /// Splits x = n log 2 + r with |r| at most log(2)/2; returns n and exp(r) - 1 (Taylor series, error 5e-9).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (T N, T Tail) Reduce<T>(T x)
        where T : unmanaged, ILanes<T>
    {
        const float LogTwoHigh = 0.693145752f, LogTwoLow = 1.42860677e-6f, PerLogTwo = 1.44269504f;
        T n = Round(x * T.Create(PerLogTwo));
        T r = T.MultiplyAdd(n, T.Create(-LogTwoLow), T.MultiplyAdd(n, T.Create(-LogTwoHigh), x));
        T sum = T.MultiplyAdd(r, T.Create(1f / 5040), T.Create(1f / 720));
        sum = T.MultiplyAdd(r, sum, T.Create(1f / 120));
        sum = T.MultiplyAdd(r, sum, T.Create(1f / 24));
        sum = T.MultiplyAdd(r, sum, T.Create(1f / 6));
        sum = T.MultiplyAdd(r, sum, T.Create(0.5f));
        return (n, T.MultiplyAdd(r * r, sum, r));
    }

    /// <summary>
    /// Rounds to the nearest integer, for magnitudes below 2^22: floats above 2^23 have no fractional bits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Round<T>(T x)
        where T : unmanaged, ILanes<T> => x + T.Create(12582912) - T.Create(12582912);
}
