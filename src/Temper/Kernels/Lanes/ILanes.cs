namespace Temper.Kernels.Lanes;

/// <summary>
/// A register of floats, which lets a formula be written once for every width: <see cref="Lanes512"/>, <see
/// cref="Lanes256"/>, <see cref="Lanes128"/> and, for the last elements and for machines without vector instructions,
/// <see cref="Lane"/>. The JIT compiles it to plain vector code. Every operation rounds in the same way at every width,
/// so a formula gives the same bytes at every width.
/// </summary>
/// <remarks>
/// Comparisons return masks (all bits of a lane set or clear) and are false for NaN. Max and Min return NaN if either
/// operand is NaN.
/// </remarks>
internal unsafe interface ILanes<T>
    where T : unmanaged, ILanes<T>
{
    /// <summary>Number of floats in the register.</summary>
    static abstract int Count { get; }

    static abstract T Zero { get; }

    static abstract T Create(float x);

    static abstract T Load(float* source);

    void Store(float* target);

    /// <summary>
    /// Loads exactly <paramref name="count"/> floats, less than a full register; the other lanes become zero.
    /// </summary>
    static abstract T LoadFirst(int count, float* source);

    /// <summary>Stores exactly <paramref name="count"/> floats, less than a full register.</summary>
    void StoreFirst(int count, float* target);

    static abstract T operator +(T a, T b);

    static abstract T operator -(T a, T b);

    static abstract T operator *(T a, T b);

    static abstract T operator /(T a, T b);

    /// <summary>Computes a b + c with a single rounding.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    /// <summary>Computes 2^n for integers n from -126 to 127; the result for other n is undefined.</summary>
    static abstract T PowerOfTwo(T n);

    /// <summary>
    /// Computes a 2^n for an integer n from -252 to 0 and a from 1/2 to 2. Subnormal results are rounded once.
    /// </summary>
    static virtual T ScaleByPowerOfTwo(T a, T n) => LaneMath.ScaleInTwoSteps(a, n);

    static abstract T Max(T a, T b);

    static abstract T Min(T a, T b);

    static abstract T Sqrt(T a);

    static abstract T Abs(T a);

    static abstract T Greater(T a, T b);

    static abstract T GreaterOrEqual(T a, T b);

    static abstract T AreEqual(T a, T b);

    /// <summary>Selects <paramref name="a"/> if the mask is set, else <paramref name="b"/>, per lane.</summary>
    static abstract T Select(T mask, T a, T b);

    /// <summary>
    /// Keeps the first <paramref name="count"/> lanes of <paramref name="a"/> and sets the others to zero.
    /// </summary>
    static abstract T FirstOnly(int count, T a);

    /// <summary>
    /// Permutes lanes: lane i is lane <c>lanes[i]</c> of <paramref name="a"/>, or zero if <c>lanes[i]</c> is -1.
    /// </summary>
    static abstract T Pick(T a, int* lanes);

    /// <summary>Returns the sum of the lanes, in an order that depends on the width.</summary>
    float Sum();
}
