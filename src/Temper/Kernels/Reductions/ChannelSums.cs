using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>A reduction of the values of a channel over the pixels of an image.</summary>
internal interface IChannelSum
{
    /// <summary>Adds a value to the partial result, which starts at zero.</summary>
    static abstract T Add<T>(T sum, T x)
        where T : unmanaged, ILanes<T>;
}

/// <summary>
/// Reductions over the pixels of an image, separately per channel. The pixels are added in order, so the bytes are the
/// same at every vector width.
/// </summary>
internal static unsafe class ChannelSums
{
    /// <summary>Reduces a range of channels.</summary>
    /// <param name="x"><c>[pixels, C]</c>.</param>
    /// <param name="pixels">Number of pixels.</param>
    /// <param name="channels">Number of channels, C.</param>
    /// <param name="range">First channel, and end (exclusive) of the channels.</param>
    /// <param name="sums">Receives the results, <c>[C]</c>; only the range is written.</param>
    internal static void Run<TSum>(float* x, nint pixels, nint channels, (int First, int End) range, float* sums)
        where TSum : IChannelSum
    {
        int first = range.First;
        first = Simd.Active == SimdWidth.Vector512
            ? Run<TSum, Lanes512>(x, pixels, channels, first, range.End, sums)
            : first;
        first = Simd.Active >= SimdWidth.Vector256
            ? Run<TSum, Lanes256>(x, pixels, channels, first, range.End, sums)
            : first;
        first = Simd.Active >= SimdWidth.Vector128
            ? Run<TSum, Lanes128>(x, pixels, channels, first, range.End, sums)
            : first;
        Run<TSum, Lane>(x, pixels, channels, first, range.End, sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Run<TSum, T>(float* x, nint pixels, nint channels, int first, int end, float* sums)
        where TSum : IChannelSum
        where T : unmanaged, ILanes<T>
    {
        // Four independent vectors: memory is read line by line, and no addition waits for the preceding one.
        for (; first + (4 * T.Count) <= end; first += 4 * T.Count)
        {
            T a = T.Zero, b = T.Zero, c = T.Zero, d = T.Zero;
            float* at = x + first;
            for (nint pixel = 0; pixel < pixels; pixel++, at += channels)
            {
                a = TSum.Add(a, T.Load(at));
                b = TSum.Add(b, T.Load(at + T.Count));
                c = TSum.Add(c, T.Load(at + (2 * T.Count)));
                d = TSum.Add(d, T.Load(at + (3 * T.Count)));
            }

            a.Store(sums + first);
            b.Store(sums + first + T.Count);
            c.Store(sums + first + (2 * T.Count));
            d.Store(sums + first + (3 * T.Count));
        }

        for (; first + T.Count <= end; first += T.Count)
        {
            T sum = T.Zero;
            for (nint pixel = 0; pixel < pixels; pixel++)
            {
                sum = TSum.Add(sum, T.Load(x + (pixel * channels) + first));
            }

            sum.Store(sums + first);
        }

        return first;
    }
}

/// <summary>Sum of the absolute values.</summary>
internal readonly struct SumOfMagnitudes : IChannelSum
{
    public static T Add<T>(T sum, T x)
        where T : unmanaged, ILanes<T> => sum + T.Abs(x);
}

/// <summary>Largest absolute value.</summary>
internal readonly struct LargestMagnitude : IChannelSum
{
    public static T Add<T>(T sum, T x)
        where T : unmanaged, ILanes<T> => T.Max(sum, T.Abs(x));
}

/// <summary>Sum of the squares.</summary>
internal readonly struct SumOfSquares : IChannelSum
{
    public static T Add<T>(T sum, T x)
        where T : unmanaged, ILanes<T> => T.MultiplyAdd(x, x, sum);
}

/// <summary>Last nonzero value, or zero.</summary>
internal readonly struct LastNonzero : IChannelSum
{
    public static T Add<T>(T sum, T x)
        where T : unmanaged, ILanes<T> => T.Select(T.AreEqual(x, T.Zero), sum, x);
}
