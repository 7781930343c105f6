using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>
/// One-dimensional transforms of Winograd's F(4, 3), which computes four results y of a 3-tap filter g on six pixels d
/// with six multiplications: <c>y = A^T ((G g) * (B^T d))</c>. Since y is linear in both g and d, the transposes
/// <c>A</c> and <c>G^T</c> give the gradient of g. See Lavin and Gray, arXiv:1509.09308, section 4.
/// </summary>
/// <remarks>
/// The interpolation points are 0, 1/√2, -1/√2, √2, -√2 and infinity, instead of the usual 0, 1, -1, 2, -2 and
/// infinity. Their powers stay closer to 1, so the rounding error is about twice that of direct summation and a quarter
/// of that of the usual points.
/// </remarks>
internal interface IWinogradTransform
{
    /// <summary>Number of inputs.</summary>
    static abstract int Inputs { get; }

    /// <summary>Number of outputs.</summary>
    static abstract int Outputs { get; }

    /// <summary>Transforms one line of elements; each element is a vector of channels.</summary>
    static abstract unsafe void Apply<TLanes>(float* source, nint sourceStep, float* target, nint targetStep)
        where TLanes : unmanaged, ILanes<TLanes>;
}

/// <summary>
/// B^T: transforms six pixels. The row of a finite point p holds the coefficients of the product of (x - q) over the
/// other finite points q.
/// </summary>
internal readonly struct PixelTransform : IWinogradTransform
{
    public static int Inputs => 6;

    public static int Outputs => 6;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Apply<TLanes>(float* source, nint sourceStep, float* target, nint targetStep)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes d0 = TLanes.Load(source), d1 = TLanes.Load(source + sourceStep),
            d2 = TLanes.Load(source + (2 * sourceStep));
        TLanes d3 = TLanes.Load(source + (3 * sourceStep)), d4 = TLanes.Load(source + (4 * sourceStep)),
            d5 = TLanes.Load(source + (5 * sourceStep));
        TLanes sum = TLanes.Create(-WinogradPoints.SquaresSum);
        TLanes evenA = TLanes.MultiplyAdd(TLanes.Create(-WinogradPoints.B2), d2, d4);
        TLanes oddA = TLanes.Create(WinogradPoints.A) * TLanes.MultiplyAdd(TLanes.Create(-WinogradPoints.B2), d1, d3);
        TLanes evenB = TLanes.MultiplyAdd(TLanes.Create(-WinogradPoints.A2), d2, d4);
        TLanes oddB = TLanes.Create(WinogradPoints.B) * TLanes.MultiplyAdd(TLanes.Create(-WinogradPoints.A2), d1, d3);
        TLanes.MultiplyAdd(sum, d2, d0 + d4).Store(target);
        (evenA + oddA).Store(target + targetStep);
        (evenA - oddA).Store(target + (2 * targetStep));
        (evenB + oddB).Store(target + (3 * targetStep));
        (evenB - oddB).Store(target + (4 * targetStep));
        TLanes.MultiplyAdd(sum, d3, d1 + d5).Store(target + (5 * targetStep));
    }
}

/// <summary>
/// G: transforms three weights. The row of a finite point p is (1, p, p^2) divided by the product of (p - q) over the
/// other finite points q.
/// </summary>
internal readonly struct FilterTransform : IWinogradTransform
{
    public static int Inputs => 3;

    public static int Outputs => 6;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Apply<TLanes>(float* source, nint sourceStep, float* target, nint targetStep)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes g0 = TLanes.Load(source), g1 = TLanes.Load(source + sourceStep),
            g2 = TLanes.Load(source + (2 * sourceStep));
        TLanes evenA =
            TLanes.Create(1 / WinogradPoints.ProductA) * TLanes.MultiplyAdd(TLanes.Create(WinogradPoints.A2), g2, g0);
        TLanes oddA = TLanes.Create(WinogradPoints.A / WinogradPoints.ProductA) * g1;
        TLanes evenB =
            TLanes.Create(1 / WinogradPoints.ProductB) * TLanes.MultiplyAdd(TLanes.Create(WinogradPoints.B2), g2, g0);
        TLanes oddB = TLanes.Create(WinogradPoints.B / WinogradPoints.ProductB) * g1;
        g0.Store(target);
        (evenA + oddA).Store(target + targetStep);
        (evenA - oddA).Store(target + (2 * targetStep));
        (evenB + oddB).Store(target + (3 * targetStep));
        (evenB - oddB).Store(target + (4 * targetStep));
        g2.Store(target + (5 * targetStep));
    }
}

/// <summary>A^T: computes the four results. The column of a finite point p is (1, p, p^2, p^3).</summary>
internal readonly struct ResultTransform : IWinogradTransform
{
    public static int Inputs => 6;

    public static int Outputs => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Apply<TLanes>(float* source, nint sourceStep, float* target, nint targetStep)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes m1 = TLanes.Load(source + sourceStep), m2 = TLanes.Load(source + (2 * sourceStep));
        TLanes m3 = TLanes.Load(source + (3 * sourceStep)), m4 = TLanes.Load(source + (4 * sourceStep));
        TLanes sumA = m1 + m2, sumB = m3 + m4;
        TLanes differenceA = TLanes.Create(WinogradPoints.A) * (m1 - m2),
            differenceB = TLanes.Create(WinogradPoints.B) * (m3 - m4);
        TLanes a2 = TLanes.Create(WinogradPoints.A2), b2 = TLanes.Create(WinogradPoints.B2);
        (TLanes.Load(source) + sumA + sumB).Store(target);
        (differenceA + differenceB).Store(target + targetStep);
        TLanes.MultiplyAdd(a2, sumA, b2 * sumB).Store(target + (2 * targetStep));
        TLanes last = TLanes.MultiplyAdd(a2, differenceA, TLanes.Load(source + (5 * sourceStep)));
        TLanes.MultiplyAdd(b2, differenceB, last).Store(target + (3 * targetStep));
    }
}

/// <summary>A: transforms the gradient of the four results to the gradient of the six products.</summary>
internal readonly struct ResultGradientTransform : IWinogradTransform
{
    public static int Inputs => 4;

    public static int Outputs => 6;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Apply<TLanes>(float* source, nint sourceStep, float* target, nint targetStep)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes y0 = TLanes.Load(source), y1 = TLanes.Load(source + sourceStep);
        TLanes y2 = TLanes.Load(source + (2 * sourceStep)), y3 = TLanes.Load(source + (3 * sourceStep));
        TLanes a2 = TLanes.Create(WinogradPoints.A2), b2 = TLanes.Create(WinogradPoints.B2);
        TLanes evenA = TLanes.MultiplyAdd(a2, y2, y0),
            oddA = TLanes.Create(WinogradPoints.A) * TLanes.MultiplyAdd(a2, y3, y1);
        TLanes evenB = TLanes.MultiplyAdd(b2, y2, y0),
            oddB = TLanes.Create(WinogradPoints.B) * TLanes.MultiplyAdd(b2, y3, y1);
        y0.Store(target);
        (evenA + oddA).Store(target + targetStep);
        (evenA - oddA).Store(target + (2 * targetStep));
        (evenB + oddB).Store(target + (3 * targetStep));
        (evenB - oddB).Store(target + (4 * targetStep));
        y3.Store(target + (5 * targetStep));
    }
}

/// <summary>G^T: transforms the gradient of the six products to the gradient of the three weights.</summary>
internal readonly struct FilterGradientTransform : IWinogradTransform
{
    public static int Inputs => 6;

    public static int Outputs => 3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Apply<TLanes>(float* source, nint sourceStep, float* target, nint targetStep)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        TLanes u1 = TLanes.Load(source + sourceStep), u2 = TLanes.Load(source + (2 * sourceStep));
        TLanes u3 = TLanes.Load(source + (3 * sourceStep)), u4 = TLanes.Load(source + (4 * sourceStep));
        TLanes overA = TLanes.Create(1 / WinogradPoints.ProductA), overB = TLanes.Create(1 / WinogradPoints.ProductB);
        TLanes sumA = overA * (u1 + u2), sumB = overB * (u3 + u4);
        TLanes differenceA = overA * (u1 - u2), differenceB = overB * (u3 - u4);
        (TLanes.Load(source) + sumA + sumB).Store(target);
        TLanes.MultiplyAdd(TLanes.Create(WinogradPoints.A), differenceA, TLanes.Create(WinogradPoints.B) * differenceB)
            .Store(target + targetStep);
        TLanes last =
            TLanes.MultiplyAdd(TLanes.Create(WinogradPoints.A2), sumA, TLanes.Load(source + (5 * sourceStep)));
        TLanes.MultiplyAdd(TLanes.Create(WinogradPoints.B2), sumB, last).Store(target + (2 * targetStep));
    }
}

/// <summary>The finite interpolation points other than 0: A, -A, B and -B, with A B = 1.</summary>
internal static class WinogradPoints
{
    internal const float A = 0.70710678118654752f;
    internal const float B = 1.41421356237309505f;
    internal const float A2 = 0.5f;
    internal const float B2 = 2;

    /// <summary>A^2 + B^2.</summary>
    internal const float SquaresSum = 2.5f;

    /// <summary>A times the product of (A - q) over q = -A, B, -B: 2 A^2 (A^2 - B^2).</summary>
    internal const float ProductA = -1.5f;

    /// <summary>B times the product of (B - q) over q = -B, A, -A: 2 B^2 (B^2 - A^2).</summary>
    internal const float ProductB = 6;
}
