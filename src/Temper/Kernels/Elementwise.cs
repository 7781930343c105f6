using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>y = f(x), element by element. The formula is written once for all widths.</summary>
internal interface IUnaryOperator
{
    T Invoke<T>(T x)
        where T : unmanaged, ILanes<T>;
}

/// <summary>z = f(x, y), element by element.</summary>
internal interface IBinaryOperator
{
    T Invoke<T>(T x, T y)
        where T : unmanaged, ILanes<T>;
}

/// <summary>w = f(x, y, z), element by element.</summary>
internal interface ITernaryOperator
{
    T Invoke<T>(T x, T y, T z)
        where T : unmanaged, ILanes<T>;
}

/// <summary>
/// Drivers that carry an operator over whole arrays of equal length, in parallel for long ones. A result may be the very same memory
/// as an operand; otherwise they must not overlap.
/// </summary>
internal static unsafe class Elementwise
{
    /// <summary><c>target += source</c>.</summary>
    internal static void Accumulate(ReadOnlySpan<float> source, Span<float> target) => Apply(default(Add), target, source, target);

    /// <summary><c>target += factor source</c>, rounded once.</summary>
    internal static void Accumulate(float factor, ReadOnlySpan<float> source, Span<float> target) =>
        Apply(new MultiplyAddTo(factor), source, target, target);

    internal static void Apply<TOperator>(TOperator f, ReadOnlySpan<float> x, Span<float> y)
        where TOperator : unmanaged, IUnaryOperator
    {
        RequireLength(x.Length, y.Length);
        fixed (float* px = x, py = y)
        {
            Chunks.Run(new UnaryBody<TOperator>(f, px, py, y.Length), Chunks.Count(y.Length, Chunks.Floats));
        }
    }

    internal static void Apply<TOperator>(TOperator f, ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<float> z)
        where TOperator : unmanaged, IBinaryOperator
    {
        RequireLength(x.Length, z.Length);
        RequireLength(y.Length, z.Length);
        fixed (float* px = x, py = y, pz = z)
        {
            Chunks.Run(new BinaryBody<TOperator>(f, px, py, pz, z.Length), Chunks.Count(z.Length, Chunks.Floats));
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
            Chunks.Run(new TernaryBody<TOperator>(f, px, py, pz, pw, w.Length), Chunks.Count(w.Length, Chunks.Floats));
        }
    }

    /// <summary>The serial loop: the widest vectors first, narrower ones for what is left.</summary>
    internal static void Serial<TOperator>(TOperator f, float* x, float* y, int length)
        where TOperator : unmanaged, IUnaryOperator
    {
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            i = Loop<TOperator, Lanes512>(f, x, y, i, length);
        }

        if (Vector256.IsHardwareAccelerated)
        {
            i = Loop<TOperator, Lanes256>(f, x, y, i, length);
        }

        if (Vector128.IsHardwareAccelerated)
        {
            i = Loop<TOperator, Lanes128>(f, x, y, i, length);
        }

        Loop<TOperator, Lane>(f, x, y, i, length);
    }

    internal static void Serial<TOperator>(TOperator f, float* x, float* y, float* z, int length)
        where TOperator : unmanaged, IBinaryOperator
    {
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            i = Loop<TOperator, Lanes512>(f, x, y, z, i, length);
        }

        if (Vector256.IsHardwareAccelerated)
        {
            i = Loop<TOperator, Lanes256>(f, x, y, z, i, length);
        }

        if (Vector128.IsHardwareAccelerated)
        {
            i = Loop<TOperator, Lanes128>(f, x, y, z, i, length);
        }

        Loop<TOperator, Lane>(f, x, y, z, i, length);
    }

    internal static void Serial<TOperator>(TOperator f, float* x, float* y, float* z, float* w, int length)
        where TOperator : unmanaged, ITernaryOperator
    {
        int i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            i = Loop<TOperator, Lanes512>(f, x, y, z, w, i, length);
        }

        if (Vector256.IsHardwareAccelerated)
        {
            i = Loop<TOperator, Lanes256>(f, x, y, z, w, i, length);
        }

        if (Vector128.IsHardwareAccelerated)
        {
            i = Loop<TOperator, Lanes128>(f, x, y, z, w, i, length);
        }

        Loop<TOperator, Lane>(f, x, y, z, w, i, length);
    }

    internal static void RequireLength(int actual, int expected)
    {
        if (actual != expected)
        {
            throw new ArgumentException($"kernel: an operand has another length than the result (got {actual}, expected {expected})");
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Loop<TOperator, T>(TOperator f, float* x, float* y, int i, int length)
        where TOperator : unmanaged, IUnaryOperator
        where T : unmanaged, ILanes<T>
    {
        for (; i <= length - T.Count; i += T.Count)
        {
            f.Invoke(T.Load(x + i)).Store(y + i);
        }

        return i;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Loop<TOperator, T>(TOperator f, float* x, float* y, float* z, int i, int length)
        where TOperator : unmanaged, IBinaryOperator
        where T : unmanaged, ILanes<T>
    {
        for (; i <= length - T.Count; i += T.Count)
        {
            f.Invoke(T.Load(x + i), T.Load(y + i)).Store(z + i);
        }

        return i;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Loop<TOperator, T>(TOperator f, float* x, float* y, float* z, float* w, int i, int length)
        where TOperator : unmanaged, ITernaryOperator
        where T : unmanaged, ILanes<T>
    {
        for (; i <= length - T.Count; i += T.Count)
        {
            f.Invoke(T.Load(x + i), T.Load(y + i), T.Load(z + i)).Store(w + i);
        }

        return i;
    }

    private readonly struct UnaryBody<TOperator>(TOperator f, float* x, float* y, int length) : IChunkBody
        where TOperator : unmanaged, IUnaryOperator
    {
        public void Run(int chunk)
        {
            int start = chunk * Chunks.Floats;
            Serial(f, x + start, y + start, Math.Min(Chunks.Floats, length - start));
        }
    }

    private readonly struct BinaryBody<TOperator>(TOperator f, float* x, float* y, float* z, int length) : IChunkBody
        where TOperator : unmanaged, IBinaryOperator
    {
        public void Run(int chunk)
        {
            int start = chunk * Chunks.Floats;
            Serial(f, x + start, y + start, z + start, Math.Min(Chunks.Floats, length - start));
        }
    }

    private readonly struct TernaryBody<TOperator>(TOperator f, float* x, float* y, float* z, float* w, int length) : IChunkBody
        where TOperator : unmanaged, ITernaryOperator
    {
        public void Run(int chunk)
        {
            int start = chunk * Chunks.Floats;
            Serial(f, x + start, y + start, z + start, w + start, Math.Min(Chunks.Floats, length - start));
        }
    }
}
