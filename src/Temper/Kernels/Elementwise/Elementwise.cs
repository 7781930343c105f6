using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>
/// An elementwise operator y = f(x). The formula is written once and compiled for every vector width.
/// </summary>
internal interface IUnaryOperator
{
    T Invoke<T>(T x)
        where T : unmanaged, ILanes<T>;
}

/// <summary>An elementwise operator z = f(x, y).</summary>
internal interface IBinaryOperator
{
    T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T>;
}

/// <summary>An elementwise operator w = f(x, y, z).</summary>
internal interface ITernaryOperator
{
    T Invoke<T>(T x, T y, T z)
        where T : unmanaged, ILanes<T>;
}

/// <summary>
/// Applies operators to arrays of equal length; long arrays are processed in parallel. The result may be the same
/// memory as an operand; otherwise they must not overlap.
/// </summary>
internal static unsafe class Elementwise
{
    /// <summary>Computes <c>target += source</c>.</summary>
    internal static void Accumulate(ReadOnlySpan<float> source, Span<float> target) =>
        Apply(default(AddKernel), target, source, target);

    /// <summary>Computes <c>target += factor source</c> with a fused multiply-add.</summary>
    internal static void Accumulate(float factor, ReadOnlySpan<float> source, Span<float> target) =>
        Apply(new MultiplyAddTo(factor), source, target, target);

    internal static void Apply<TOperator>(TOperator f, ReadOnlySpan<float> x, Span<float> y)
        where TOperator : unmanaged, IUnaryOperator
    {
        RequireLength(x.Length, y.Length);
        fixed (float* px = x, py = y)
        {
            LaneLoop.Parallel(new Unary<TOperator>(f, px, py), y.Length);
        }
    }

    internal static void Apply<TOperator>(TOperator f, ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z)
        where TOperator : unmanaged, IBinaryOperator
    {
        RequireLength(x.Length, z.Length);
        RequireLength(y.Length, z.Length);
        fixed (float* px = x, py = y, pz = z)
        {
            LaneLoop.Parallel(new Binary<TOperator>(f, px, py, pz), z.Length);
        }
    }

    internal static void Apply<TOperator>(
        TOperator f, ReadOnlySpan<float> x, ReadOnlySpan<float> y, ReadOnlySpan<float> z, Span<float> w)
        where TOperator : unmanaged, ITernaryOperator
    {
        RequireLength(x.Length, w.Length);
        RequireLength(y.Length, w.Length);
        RequireLength(z.Length, w.Length);
        fixed (float* px = x, py = y, pz = z, pw = w)
        {
            LaneLoop.Parallel(new Ternary<TOperator>(f, px, py, pz, pw), w.Length);
        }
    }

    /// <summary>Applies an operator on the calling thread only, for rows within a task.</summary>
    internal static void Serial<TOperator>(TOperator f, float* x, float* y, int length)
        where TOperator : unmanaged, IUnaryOperator => LaneLoop.Serial(new Unary<TOperator>(f, x, y), 0, length);

    /// <summary>Applies an operator on the calling thread only, for rows within a task.</summary>
    internal static void Serial<TOperator>(TOperator f, float* x, float* y, float* z, int length)
        where TOperator : unmanaged, IBinaryOperator => LaneLoop.Serial(new Binary<TOperator>(f, x, y, z), 0, length);

    /// <summary>Applies an operator on the calling thread only, for rows within a task.</summary>
    internal static void Serial<TOperator>(TOperator f, float* x, float* y, float* z, float* w, int length)
        where TOperator : unmanaged,
        ITernaryOperator => LaneLoop.Serial(new Ternary<TOperator>(f, x, y, z, w), 0, length);

    internal static void RequireLength(int actual, int expected)
    {
        if (actual != expected)
        {
            throw new ArgumentException(
                $"kernel: lengths of operand and result differ (got {actual}, expected {expected})");
        }
    }

    private readonly struct Unary<TOperator>(TOperator f, float* x, float* y) : ILaneBody
        where TOperator : unmanaged, IUnaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Invoke<T>(int i)
            where T : unmanaged, ILanes<T> => f.Invoke(T.Load(x + i)).Store(y + i);
    }

    private readonly struct Binary<TOperator>(TOperator f, float* x, float* y, float* z) : ILaneBody
        where TOperator : unmanaged, IBinaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Invoke<T>(int i)
            where T : unmanaged, ILanes<T> => f.Invoke(T.Load(x + i), T.Load(y + i)).Store(z + i);
    }

    private readonly struct Ternary<TOperator>(TOperator f, float* x, float* y, float* z, float* w) : ILaneBody
        where TOperator : unmanaged, ITernaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Invoke<T>(int i)
            where T : unmanaged, ILanes<T> => f.Invoke(T.Load(x + i), T.Load(y + i), T.Load(z + i)).Store(w + i);
    }
}
