using System.Runtime.CompilerServices;

namespace Temper.Kernels;

/// <content>Packing of weights into the order in which the tiles read them.</content>
internal static unsafe partial class IndirectConvolution
{
    /// <summary>
    /// Number of floats reordered at a time, so that they stay in the L1 cache between the two passes.
    /// </summary>
    private const int MaxTurned = 4 * 1024;

    /// <summary>Packs one panel of weights as <c>[kernel position][summed channel][column of the panel]</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackTask(void* state, int number)
    {
        ref IndirectJob job = ref *(IndirectJob*)state;
        ConvolutionTile tile = ConvolutionTile.Active;
        int column = number * tile.Columns;
        int width = tile.PanelWidth(column, job.Columns);
        float* target = job.Packed + ((long)column * job.Positions * job.Depth);
        int step = Math.Clamp(MaxTurned / (job.Positions * width), 1, job.Depth);
        float* turned = job.Positions == 1 ? null : Scratch.Rent(Scratch.Use.Tile, (long)step * job.Positions * width);
        for (int first = 0; first < job.Depth; first += step)
        {
            int count = Math.Min(step, job.Depth - first);
            Turn(job, column, width, first, count, job.Positions == 1 ? target + ((long)first * width) : turned);
            for (int row = 0; row < count * job.Positions && job.Positions > 1; row++)
            {
                (int sum, int position) = Math.DivRem(row, job.Positions);
                float* offset = target + ((((long)position * job.Depth) + first + sum) * width);
                new ReadOnlySpan<float>(turned + ((long)row * width), width).CopyTo(new Span<float>(offset, width));
            }
        }
    }

    /// <summary>
    /// Reorders the weights of some summed channels for one panel to <c>[summed channel][kernel position][column of the
    /// panel]</c>.
    /// </summary>
    private static void Turn(in IndirectJob job, int column, int width, int first, int count, float* target)
    {
        int columns = Math.Min(width, job.Columns - column), positions = job.Positions;
        if (job.IsBackward)
        {
            // Layout W[o][i][kernel position]: each o of the group is a block of one line per i.
            for (int o = 0; o < count; o++)
            {
                float* block =
                    job.Weight + ((((long)((job.Group * job.Depth) + first + o) * job.Columns) + column) * positions);
                GemmPacking.PackPanels(block, positions, linesTogether: false, columns, positions, width, target
                    + ((long)o * positions * width));
            }

            return;
        }

        // Layout [o][i, kernel position], row-major: the lines of a left operand.
        int depth = job.Depth * positions;
        float* lines = job.Weight + ((long)((job.Group * job.Columns) + column) * depth) + ((long)first * positions);
        GemmPacking.PackPanels(lines, depth, linesTogether: false, columns, count * positions, width, target);
    }
}
