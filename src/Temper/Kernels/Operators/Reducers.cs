using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>A reduction of many numbers to one.</summary>
internal interface IReducer
{
    /// <summary>Result of reducing no numbers.</summary>
    float Identity { get; }

    /// <summary>Adds <paramref name="x"/> to a partial result.</summary>
    T Fold<T>(T folded, T x)
        where T : unmanaged, ILanes<T>;

    /// <summary>Combines two partial results.</summary>
    T Join<T>(T a, T b)
        where T : unmanaged, ILanes<T>;

    /// <summary>Combines the results of two blocks.</summary>
    double Join(double a, double b);
}

/// <summary>Sum.</summary>
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

/// <summary>Sum of squares.</summary>
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

/// <summary>Sum of absolute values.</summary>
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

/// <summary>Sum of 2 |x| / (1 + |x|).</summary>
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

/// <summary>Maximum; NaN if any number is NaN; minus infinity for no numbers.</summary>
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

/// <summary>Minimum; NaN if any number is NaN; infinity for no numbers.</summary>
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
