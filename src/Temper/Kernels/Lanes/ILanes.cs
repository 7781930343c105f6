namespace Temper.Kernels.Lanes;

/// <summary>
/// A register of floats of some width, so that a formula is written once: <see cref="Lanes512"/>,
/// <see cref="Lanes256"/>, <see cref="Lanes128"/> and, for the last elements and machines without vectors,
/// <see cref="Lane"/>. The JIT makes plain vector code of it. Every operation rounds the same at every width, so a
/// formula gives the same bytes whichever width carries it out.
/// </summary>
/// <remarks>
/// Comparisons give masks (all bits of a lane set or clear) and are false for NaN. Max and Min give NaN when either is.
/// </remarks>
internal unsafe interface ILanes<T>
    where T : unmanaged, ILanes<T>
{
    /// <summary>Floats in the register.</summary>
    static abstract int Count { get; }

    static abstract T Zero { get; }

    static abstract T Create(float x);

    static abstract T Load(float* source);

    void Store(float* target);

    /// <summary>
    /// Reads <paramref name="count"/> floats, fewer than the register has, and nothing beyond; the others become zero.
    /// </summary>
    static abstract T LoadFirst(int count, float* source);

    /// <summary>Writes <paramref name="count"/> floats, fewer than the register has, and nothing beyond.</summary>
    void StoreFirst(int count, float* target);

    static abstract T operator +(T a, T b);

    static abstract T operator -(T a, T b);

    static abstract T operator *(T a, T b);

    static abstract T operator /(T a, T b);

    /// <summary>a b + c with one rounding.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    /// <summary>2 to the power of whole numbers from -126 to 127; other numbers give anything.</summary>
    static abstract T PowerOfTwo(T n);

    /// <summary>
    /// a times 2 to the power of a whole number from -252 to 0, for a from 1/2 to 2; rounded once where the result is
    /// below the smallest normal number.
    /// </summary>
    static virtual T ScaleByPowerOfTwo(T a, T n) => LaneMath.ScaleInTwoSteps(a, n);

    static abstract T Max(T a, T b);

    static abstract T Min(T a, T b);

    static abstract T Sqrt(T a);

    static abstract T Abs(T a);

    static abstract T Greater(T a, T b);

    static abstract T GreaterOrEqual(T a, T b);

    static abstract T AreEqual(T a, T b);

    /// <summary>Where the mask is set <paramref name="a"/>, else <paramref name="b"/>.</summary>
    static abstract T Select(T mask, T a, T b);

    /// <summary>The first <paramref name="count"/> lanes of <paramref name="a"/>, zero in the others.</summary>
    static abstract T FirstOnly(int count, T a);

    /// <summary>
    /// Lane i is that of <paramref name="a"/> whose number is <c>lanes[i]</c>, or zero where that is -1.
    /// </summary>
    static abstract T Pick(T a, int* lanes);

    /// <summary>The sum of the lanes, in an order that depends on the width.</summary>
    float Sum();
}
