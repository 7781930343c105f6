using System.Runtime.CompilerServices;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>
/// Computes sums of byte products for a tile: several pixels by a panel of outputs, two registers wide.
/// </summary>
internal static unsafe class Int8Tile<T, TFloat>
    where T : unmanaged, IDotLanes<T, TFloat>
    where TFloat : unmanaged, ILanes<TFloat>
{
    /// <summary>
    /// Number of pixels per tile. With two registers of outputs per pixel these are twelve sums, which fit into sixteen
    /// registers together with the weights.
    /// </summary>
    internal const int Pixels = 6;

    /// <summary>Number of outputs per panel.</summary>
    internal static int Panel => 2 * T.Count;

    /// <summary>Computes the sums of six pixels.</summary>
    /// <param name="source">Input bytes.</param>
    /// <param name="offsets">Offset of the first kernel row of each pixel.</param>
    /// <param name="shape">Number of kernel rows, groups of four bytes per row, and bytes between rows.</param>
    /// <param name="weights">Weights of the panel per group of four input bytes, four bytes per output.</param>
    /// <param name="start">Initial values of the sums.</param>
    /// <param name="sums">Receives a panel of sums per pixel.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Six(byte* source, int* offsets, in Int8Rows shape, int* weights, int* start, int* sums)
    {
        T a0 = T.Load(start), a1 = T.Load(start + T.Count), b0 = a0, b1 = a1, c0 = a0, c1 = a1, d0 = a0, d1 = a1,
            e0 = a0, e1 = a1, f0 = a0, f1 = a1;
        byte* a = source + offsets[0], b = source + offsets[1], c = source + offsets[2], d = source + offsets[3],
            e = source + offsets[4], f = source + offsets[5];
        nint end = shape.Groups * 4, pitch = shape.Pitch;
        for (int row = 0; row < shape.Count; row++)
        {
            for (nint k = 0; k < end; k += 4, weights += 2 * T.Count)
            {
                T w0 = T.Load(weights), w1 = T.Load(weights + T.Count);
                T x = T.Broadcast(a + k);
                a0 = T.DotAdd(a0, x, w0);
                a1 = T.DotAdd(a1, x, w1);
                x = T.Broadcast(b + k);
                b0 = T.DotAdd(b0, x, w0);
                b1 = T.DotAdd(b1, x, w1);
                x = T.Broadcast(c + k);
                c0 = T.DotAdd(c0, x, w0);
                c1 = T.DotAdd(c1, x, w1);
                x = T.Broadcast(d + k);
                d0 = T.DotAdd(d0, x, w0);
                d1 = T.DotAdd(d1, x, w1);
                x = T.Broadcast(e + k);
                e0 = T.DotAdd(e0, x, w0);
                e1 = T.DotAdd(e1, x, w1);
                x = T.Broadcast(f + k);
                f0 = T.DotAdd(f0, x, w0);
                f1 = T.DotAdd(f1, x, w1);
            }

            a += pitch;
            b += pitch;
            c += pitch;
            d += pitch;
            e += pitch;
            f += pitch;
        }

        Put(a0, a1, sums, 0);
        Put(b0, b1, sums, 1);
        Put(c0, c1, sums, 2);
        Put(d0, d1, sums, 3);
        Put(e0, e1, sums, 4);
        Put(f0, f1, sums, 5);
    }

    /// <summary>
    /// Computes the sums of one pixel. The weights come from memory; four groups are accumulated independently to hide
    /// the latency of the additions.
    /// </summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void One(byte* source, in Int8Rows shape, int* weights, int* start, int* sums)
    {
        T a0 = T.Load(start), a1 = T.Load(start + T.Count), b0 = default, b1 = default, c0 = default, c1 = default,
            d0 = default, d1 = default;
        int panel = 2 * T.Count;
        for (int row = 0; row < shape.Count; row++, source += shape.Pitch)
        {
            int group = 0;
            for (; group <= shape.Groups - 4; group += 4, weights += 4 * panel)
            {
                byte* x = source + (4 * group);
                T v = T.Broadcast(x);
                a0 = T.DotAdd(a0, v, T.Load(weights));
                a1 = T.DotAdd(a1, v, T.Load(weights + T.Count));
                v = T.Broadcast(x + 4);
                b0 = T.DotAdd(b0, v, T.Load(weights + panel));
                b1 = T.DotAdd(b1, v, T.Load(weights + panel + T.Count));
                v = T.Broadcast(x + 8);
                c0 = T.DotAdd(c0, v, T.Load(weights + (2 * panel)));
                c1 = T.DotAdd(c1, v, T.Load(weights + (2 * panel) + T.Count));
                v = T.Broadcast(x + 12);
                d0 = T.DotAdd(d0, v, T.Load(weights + (3 * panel)));
                d1 = T.DotAdd(d1, v, T.Load(weights + (3 * panel) + T.Count));
            }

            for (; group < shape.Groups; group++, weights += panel)
            {
                T v = T.Broadcast(source + (4 * group));
                a0 = T.DotAdd(a0, v, T.Load(weights));
                a1 = T.DotAdd(a1, v, T.Load(weights + T.Count));
            }
        }

        Put(a0 + b0 + (c0 + d0), a1 + b1 + (c1 + d1), sums, 0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(T first, T second, int* sums, int pixel)
    {
        first.Store(sums + (pixel * 2 * T.Count));
        second.Store(sums + (((pixel * 2) + 1) * T.Count));
    }
}

/// <summary>The input bytes that a pixel reads: several kernel rows, each contiguous.</summary>
/// <param name="Count">Number of kernel rows.</param>
/// <param name="Groups">Number of groups of four bytes per row.</param>
/// <param name="Pitch">Bytes from one row to the next.</param>
internal readonly record struct Int8Rows(int Count, int Groups, int Pitch);
