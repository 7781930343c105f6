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
                Transposes.Lines(source + ((long)line * stride), stride, count, depth, width, target);
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

            for (; i < width; i++)
            {
                target[i] = i < count ? source[i] : 0;
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
