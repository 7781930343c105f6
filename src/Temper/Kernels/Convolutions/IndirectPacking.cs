using System.Runtime.CompilerServices;

namespace Temper.Kernels;

/// <content>Weights in the order in which the tiles read them.</content>
internal static unsafe partial class IndirectConvolution
{
    /// <summary>Floats of the sum that are turned at a time: they stay in the first-level cache until they are put in
    /// order.</summary>
    private const int MostTurned = 4 * 1024;

    /// <summary>Packs one panel of weights as <c>[tap][sum][columns of the panel]</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackTask(void* state, int number)
    {
        ref IndirectJob job = ref *(IndirectJob*)state;
        ConvolutionTile tile = ConvolutionTile.Active;
        int column = number * tile.Columns;
        int width = tile.PanelWidth(column, job.Columns);
        float* target = job.Packed + ((long)column * job.Taps * job.Depth);
        int step = Math.Clamp(MostTurned / (job.Taps * width), 1, job.Depth);
        float* turned = job.Taps == 1 ? null : Scratch.Rent(Scratch.Use.Tile, (long)step * job.Taps * width);
        for (int first = 0; first < job.Depth; first += step)
        {
            int count = Math.Min(step, job.Depth - first);
            Turn(job, column, width, first, count, job.Taps == 1 ? target + ((long)first * width) : turned);
            for (int row = 0; row < count * job.Taps && job.Taps > 1; row++)
            {
                (int sum, int tap) = Math.DivRem(row, job.Taps);
                float* place = target + ((((long)tap * job.Depth) + first + sum) * width);
                new ReadOnlySpan<float>(turned + ((long)row * width), width).CopyTo(new Span<float>(place, width));
            }
        }
    }

    /// <summary>The weights of some summed channels and one panel as <c>[sum][tap][columns of the panel]</c>.</summary>
    private static void Turn(in IndirectJob job, int column, int width, int first, int count, float* target)
    {
        int columns = Math.Min(width, job.Columns - column), taps = job.Taps;
        if (job.IsBackward)
        {
            // W[o][i][tap] for some o of the group: each o is a block of i lines of taps.
            for (int o = 0; o < count; o++)
            {
                float* block = job.Weight + ((((long)((job.Group * job.Depth) + first + o) * job.Columns) + column) * taps);
                GemmPacking.PackPanels(block, taps, linesTogether: false, columns, taps, width, target + ((long)o * taps * width));
            }

            return;
        }

        // Row-major [o][i, tap]: the lines of a left operand.
        int depth = job.Depth * taps;
        float* lines = job.Weight + ((long)((job.Group * job.Columns) + column) * depth) + ((long)first * taps);
        GemmPacking.PackPanels(lines, depth, linesTogether: false, columns, count * taps, width, target);
    }
}
