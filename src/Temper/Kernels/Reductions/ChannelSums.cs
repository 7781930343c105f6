using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>How the numbers of a channel, pixel by pixel, become one.</summary>
internal interface IChannelSum
{
    /// <summary>What it is with another number, beginning with zero.</summary>
    static abstract T Add<T>(T sum, T x)
        where T : unmanaged, ILanes<T>;
}

/// <summary>
/// Sums over the pixels of an image, channel by channel. They go pixel by pixel, so the bytes are the same at every
/// vector width.
/// </summary>
internal static unsafe class ChannelSums
{
    /// <summary>Sums of some channels.</summary>
    /// <param name="x"><c>[pixels, C]</c>.</param>
    /// <param name="pixels">Pixels.</param>
    /// <param name="channels">C.</param>
    /// <param name="range">The first channel wanted, and the one behind the last.</param>
    /// <param name="sums">Receives them, in the channels' indices.</param>
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

    private static int Run<TSum, T>(float* x, nint pixels, nint channels, int first, int end, float* sums)
        where TSum : IChannelSum
        where T : unmanaged, ILanes<T>
    {
        // Four vectors side by side: memory is read line after line, and no addition waits for the one before.
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

/// <summary>Magnitudes added up.</summary>
internal readonly struct SumOfMagnitudes : IChannelSum
{
    public static T Add<T>(T sum, T x)
        where T : unmanaged, ILanes<T> => sum + T.Abs(x);
}

/// <summary>The largest magnitude.</summary>
internal readonly struct LargestMagnitude : IChannelSum
{
    public static T Add<T>(T sum, T x)
        where T : unmanaged, ILanes<T> => T.Max(sum, T.Abs(x));
}

/// <summary>Squares added up.</summary>
internal readonly struct SumOfSquares : IChannelSum
{
    public static T Add<T>(T sum, T x)
        where T : unmanaged, ILanes<T> => T.MultiplyAdd(x, x, sum);
}

/// <summary>The last number that is not zero, or zero.</summary>
internal readonly struct LastNonzero : IChannelSum
{
    public static T Add<T>(T sum, T x)
        where T : unmanaged, ILanes<T> => T.Select(T.AreEqual(x, T.Zero), sum, x);
}
