using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <content>Packing into panels, and the edges of tiles.</content>
internal static unsafe partial class Gemm
{
    /// <summary>
    /// Packs lines into panels: <c>target[panel][depth][width]</c>. Lines beyond the last are zero, so that a tile always
    /// reads whole panels.
    /// </summary>
    /// <param name="source">First element.</param>
    /// <param name="stride">Distance in memory between steps of whichever index is not together.</param>
    /// <param name="linesTogether">Whether the lines of one depth lie together, so that packing is copying; else it transposes.</param>
    /// <param name="lines">Rows of a left operand, or columns of a right one.</param>
    /// <param name="depth">Length of each line.</param>
    /// <param name="width">Lines a panel.</param>
    /// <param name="target">Receives the panels.</param>
    internal static void PackPanels(float* source, int stride, bool linesTogether, int lines, int depth, int width, float* target)
    {
        for (int line = 0; line < lines; line += width, target += (long)width * depth)
        {
            int count = Math.Min(width, lines - line);
            if (linesTogether)
            {
                CopyPanel(source + line, stride, count, depth, width, target);
            }
            else
            {
                TransposePanel(source + ((long)line * stride), stride, count, depth, width, target);
            }
        }
    }

    private static void CopyPanel(float* source, int stride, int count, int depth, int width, float* target)
    {
        for (int k = 0; k < depth; k++, source += stride, target += width)
        {
            int i = 0;
            if (Vector512.IsHardwareAccelerated)
            {
                for (; i + Vector512<float>.Count <= count; i += Vector512<float>.Count)
                {
                    Vector512.Store(Vector512.Load(source + i), target + i);
                }
            }

            for (; i + Vector128<float>.Count <= count; i += Vector128<float>.Count)
            {
                Vector128.Store(Vector128.Load(source + i), target + i);
            }

            for (; i < count; i++)
            {
                target[i] = source[i];
            }

            for (; i < width; i++)
            {
                target[i] = 0;
            }
        }
    }

    private static void TransposePanel(float* source, int stride, int count, int depth, int width, float* target)
    {
        int line = 0;
        if (Avx.IsSupported)
        {
            for (; line + 8 <= count; line += 8)
            {
                Transpose8(source + ((long)line * stride), stride, depth, target + line, width);
            }
        }

        if (Sse.IsSupported)
        {
            for (; line + 4 <= count; line += 4)
            {
                Transpose4(source + ((long)line * stride), stride, depth, target + line, width);
            }
        }

        for (; line < width; line++)
        {
            float* s = source + ((long)line * stride);
            for (int k = 0; k < depth; k++)
            {
                target[((long)k * width) + line] = line < count ? s[k] : 0;
            }
        }
    }

    /// <summary>Eight lines at a time, eight by eight in registers.</summary>
    private static void Transpose8(float* s, nint stride, int depth, float* d, nint step)
    {
        float* s4 = s + (4 * stride);
        int k = 0;
        for (; k + 8 <= depth; k += 8, d += 8 * step)
        {
            Vector256<float> r0 = Vector256.Load(s + k), r1 = Vector256.Load(s + stride + k);
            Vector256<float> r2 = Vector256.Load(s + (2 * stride) + k), r3 = Vector256.Load(s + (3 * stride) + k);
            Vector256<float> r4 = Vector256.Load(s4 + k), r5 = Vector256.Load(s4 + stride + k);
            Vector256<float> r6 = Vector256.Load(s4 + (2 * stride) + k), r7 = Vector256.Load(s4 + (3 * stride) + k);
            Vector256<float> t0 = Avx.UnpackLow(r0, r1), t1 = Avx.UnpackHigh(r0, r1), t2 = Avx.UnpackLow(r2, r3), t3 = Avx.UnpackHigh(r2, r3);
            Vector256<float> t4 = Avx.UnpackLow(r4, r5), t5 = Avx.UnpackHigh(r4, r5), t6 = Avx.UnpackLow(r6, r7), t7 = Avx.UnpackHigh(r6, r7);
            r0 = Avx.Shuffle(t0, t2, 0x44);
            r1 = Avx.Shuffle(t0, t2, 0xEE);
            r2 = Avx.Shuffle(t1, t3, 0x44);
            r3 = Avx.Shuffle(t1, t3, 0xEE);
            r4 = Avx.Shuffle(t4, t6, 0x44);
            r5 = Avx.Shuffle(t4, t6, 0xEE);
            r6 = Avx.Shuffle(t5, t7, 0x44);
            r7 = Avx.Shuffle(t5, t7, 0xEE);
            Avx.Permute2x128(r0, r4, 0x20).Store(d);
            Avx.Permute2x128(r1, r5, 0x20).Store(d + step);
            Avx.Permute2x128(r2, r6, 0x20).Store(d + (2 * step));
            Avx.Permute2x128(r3, r7, 0x20).Store(d + (3 * step));
            Avx.Permute2x128(r0, r4, 0x31).Store(d + (4 * step));
            Avx.Permute2x128(r1, r5, 0x31).Store(d + (5 * step));
            Avx.Permute2x128(r2, r6, 0x31).Store(d + (6 * step));
            Avx.Permute2x128(r3, r7, 0x31).Store(d + (7 * step));
        }

        TransposeRest(s, stride, 8, k, depth, d, step);
    }

    private static void Transpose4(float* s, nint stride, int depth, float* d, nint step)
    {
        int k = 0;
        for (; k + 4 <= depth; k += 4, d += 4 * step)
        {
            Vector128<float> r0 = Vector128.Load(s + k), r1 = Vector128.Load(s + stride + k);
            Vector128<float> r2 = Vector128.Load(s + (2 * stride) + k), r3 = Vector128.Load(s + (3 * stride) + k);
            Vector128<float> t0 = Sse.UnpackLow(r0, r1), t1 = Sse.UnpackHigh(r0, r1), t2 = Sse.UnpackLow(r2, r3), t3 = Sse.UnpackHigh(r2, r3);
            Sse.MoveLowToHigh(t0, t2).Store(d);
            Sse.MoveHighToLow(t2, t0).Store(d + step);
            Sse.MoveLowToHigh(t1, t3).Store(d + (2 * step));
            Sse.MoveHighToLow(t3, t1).Store(d + (3 * step));
        }

        TransposeRest(s, stride, 4, k, depth, d, step);
    }

    private static void TransposeRest(float* s, nint stride, int lines, int k, int depth, float* d, nint step)
    {
        for (; k < depth; k++, d += step)
        {
            for (int line = 0; line < lines; line++)
            {
                d[line] = s[(line * stride) + k];
            }
        }
    }

    /// <summary>Copies or adds the part of a whole tile that lies inside the result.</summary>
    private static void CopyTile(float* tile, int width, float* c, int distance, int rows, int columns, bool adds)
    {
        for (int row = 0; row < rows; row++, tile += width, c += distance)
        {
            int j = 0;
            for (; j + Vector128<float>.Count <= columns; j += Vector128<float>.Count)
            {
                Vector128<float> value = Vector128.Load(tile + j);
                Vector128.Store(adds ? value + Vector128.Load(c + j) : value, c + j);
            }

            for (; j < columns; j++)
            {
                c[j] = adds ? c[j] + tile[j] : tile[j];
            }
        }
    }

    /// <summary>Bias and ReLU on a part of the result that is still in the first-level cache.</summary>
    private static void Finish(float* c, int distance, int rows, int columns, float* bias, bool relu)
    {
        for (int row = 0; row < rows; row++, c += distance)
        {
            int j = 0;
            if (Simd.Active == SimdWidth.Vector512)
            {
                j = FinishRow<Lanes512>(c, bias, relu, j, columns);
            }

            if (Simd.Active >= SimdWidth.Vector256)
            {
                j = FinishRow<Lanes256>(c, bias, relu, j, columns);
            }

            FinishRow<Lane>(c, bias, relu, j, columns);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int FinishRow<TLanes>(float* c, float* bias, bool relu, int j, int columns)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        for (; j + TLanes.Count <= columns; j += TLanes.Count)
        {
            TLanes value = TLanes.Load(c + j);
            if (bias != null)
            {
                value += TLanes.Load(bias + j);
            }

            (relu ? TLanes.Max(value, TLanes.Zero) : value).Store(c + j);
        }

        return j;
    }
}
