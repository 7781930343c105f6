using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>Folds many numbers into one.</summary>
internal interface IReducer
{
    /// <summary>The result for no numbers.</summary>
    float Identity { get; }

    /// <summary>Takes <paramref name="x"/> in.</summary>
    T Fold<T>(T folded, T x)
        where T : unmanaged, ILanes<T>;

    /// <summary>Joins two folded parts.</summary>
    T Join<T>(T a, T b)
        where T : unmanaged, ILanes<T>;

    /// <summary>Joins the results of two blocks.</summary>
    double Join(double a, double b);
}

/// <summary>The sum.</summary>
internal readonly struct SumReducer : IReducer
{
    public float Identity => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Fold<T>(T folded, T x)
        where T : unmanaged, ILanes<T> => folded + x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Join<T>(T a, T b)
        where T : unmanaged, ILanes<T> => a + b;

    public double Join(double a, double b) => a + b;
}

/// <summary>The sum of squares.</summary>
internal readonly struct SquareSumReducer : IReducer
{
    public float Identity => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Fold<T>(T folded, T x)
        where T : unmanaged, ILanes<T> => T.MultiplyAdd(x, x, folded);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Join<T>(T a, T b)
        where T : unmanaged, ILanes<T> => a + b;

    public double Join(double a, double b) => a + b;
}

/// <summary>The sum of magnitudes.</summary>
internal readonly struct AbsoluteSumReducer : IReducer
{
    public float Identity => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Fold<T>(T folded, T x)
        where T : unmanaged, ILanes<T> => folded + T.Abs(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Join<T>(T a, T b)
        where T : unmanaged, ILanes<T> => a + b;

    public double Join(double a, double b) => a + b;
}

/// <summary>The sum of 2 |x| / (1 + |x|).</summary>
internal readonly struct TransformedSumReducer : IReducer
{
    public float Identity => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Fold<T>(T folded, T x)
        where T : unmanaged, ILanes<T> => folded + ((T.Abs(x) + T.Abs(x)) / (T.Create(1) + T.Abs(x)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Join<T>(T a, T b)
        where T : unmanaged, ILanes<T> => a + b;

    public double Join(double a, double b) => a + b;
}

/// <summary>The largest; NaN if one is; minus infinity for none.</summary>
internal readonly struct MaxReducer : IReducer
{
    public float Identity => float.NegativeInfinity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Fold<T>(T folded, T x)
        where T : unmanaged, ILanes<T> => T.Max(folded, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Join<T>(T a, T b)
        where T : unmanaged, ILanes<T> => T.Max(a, b);

    public double Join(double a, double b) => Math.Max(a, b);
}

/// <summary>The smallest; NaN if one is; infinity for none.</summary>
internal readonly struct MinReducer : IReducer
{
    public float Identity => float.PositiveInfinity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Fold<T>(T folded, T x)
        where T : unmanaged, ILanes<T> => T.Min(folded, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Join<T>(T a, T b)
        where T : unmanaged, ILanes<T> => T.Min(a, b);

    public double Join(double a, double b) => Math.Min(a, b);
}
