using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>Packs operands into panels, in the order in which tiles read them.</summary>
internal static unsafe class GemmPacking
{
    /// <summary>
    /// Packs lines into panels: <c>target[panel][depth][width]</c>. Lines beyond the last one are zero, so that tiles
    /// always read whole panels.
    /// </summary>
    /// <param name="source">First element.</param>
    /// <param name="stride">Stride, in floats, of the index that is not contiguous.</param>
    /// <param name="linesTogether">
    /// Whether the lines are contiguous at each depth, so that packing is copying; if false, packing transposes.
    /// </param>
    /// <param name="lines">Number of rows of a left operand, or of columns of a right one.</param>
    /// <param name="depth">Length of each line.</param>
    /// <param name="width">Number of lines per panel.</param>
    /// <param name="target">Receives the panels.</param>
    internal static void PackPanels(
        float* source, int stride, bool linesTogether, int lines, int depth, int width, float* target)
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

    /// <summary>Packs a panel of the right operand: some vectors of columns, for a part of the depth.</summary>
    internal static void PackRight(GemmPlan* plan, GemmPart vectors, GemmPart depth, float* target)
    {
        int lanes = GemmTile.Active.Lanes;
        int first = vectors.Start * lanes;
        int width = vectors.Count * lanes;
        int count = Math.Min(width, plan->N - first);
        if (plan->RightTransposed)
        {
            Transposes.Lines(
                plan->B + ((long)first * plan->RightStride) + depth.Start, plan->RightStride, count, depth.Count, width,
                target);
        }
        else
        {
            CopyPanel(
                plan->B + ((long)depth.Start * plan->RightStride) + first, plan->RightStride, count, depth.Count, width,
                target);
        }
    }

    /// <summary>
    /// Copies the rows of a panel whose columns are contiguous; columns from <paramref name="count"/> on become zero.
    /// </summary>
    internal static void CopyPanel(float* source, int stride, int count, int depth, int width, float* target)
    {
        switch (Simd.Active)
        {
            case SimdWidth.Vector512:
                CopyPanel<Lanes512>(source, stride, count, depth, width, target);
                break;
            case SimdWidth.Vector256:
                CopyPanel<Lanes256>(source, stride, count, depth, width, target);
                break;
            case SimdWidth.Vector128:
                CopyPanel<Lanes128>(source, stride, count, depth, width, target);
                break;
            default:
                CopyPanel<Lane>(source, stride, count, depth, width, target);
                break;
        }
    }

    private static void CopyPanel<TLanes>(float* source, int stride, int count, int depth, int width, float* target)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        int whole = count - (count % TLanes.Count);
        for (int k = 0; k < depth; k++, source += stride, target += width)
        {
            for (int i = 0; i < whole; i += TLanes.Count)
            {
                TLanes.Load(source + i).Store(target + i);
            }

            if (whole + TLanes.Count <= width)
            {
                TLanes.LoadFirst(count - whole, source + whole).Store(target + whole);
            }

            for (int i = whole + TLanes.Count; i < width; i++)
            {
                target[i] = 0;
            }
        }
    }
}
