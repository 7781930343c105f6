using System.Runtime.CompilerServices;

namespace Temper.Kernels;

/// <summary>
/// Transformed filters <c>[product][panel][summed channel][column]</c>, for each block of result channels and each
/// block of summed channels.
/// </summary>
internal static unsafe class WinogradFilters
{
    /// <summary>Returns the width of a block's panel that starts at <paramref name="column"/>.</summary>
    internal static int PanelWidth(ChannelRange columns, int column) =>
        Math.Min(ConvolutionTile.Active.Columns, columns.Padded - column);

    /// <summary>Returns the size of all transformed filters, in floats.</summary>
    internal static long Count(int columns, int depth) =>
        Offset(columns, depth, Chunks.Count(columns, WinogradTiling.BlockChannels), 0);

    /// <summary>Returns one block of transformed filters.</summary>
    internal static TileVectors At(float* filters, in IndirectJob job, ChannelRange columns, ChannelRange depth)
    {
        const int Block = WinogradTiling.BlockChannels;
        return new TileVectors(
            filters + Offset(job.Columns, job.Depth, columns.First / Block, depth.First / Block), depth.Count,
            columns.Padded);
    }

    /// <summary>Transforms all filters of a job with packed weights.</summary>
    internal static void TransformAll(in IndirectJob job, float* target)
    {
        for (int c = 0; c * WinogradTiling.BlockChannels < job.Columns; c++)
        {
            for (int d = 0; d * WinogradTiling.BlockChannels < job.Depth; d++)
            {
                (ChannelRange columns, ChannelRange depth) =
                    (ChannelRange.Of(c, job.Columns), ChannelRange.Of(d, job.Depth));
                Transform(job, columns, depth, At(target, job, columns, depth));
            }
        }
    }

    /// <summary>
    /// Transforms one block of packed filters. For the input gradient, the filters are rotated by 180 degrees.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Transform(in IndirectJob job, ChannelRange columns, ChannelRange depth, in TileVectors target)
    {
        float* between = Scratch.Rent(Scratch.Use.Tile, WinogradTransforms.PatchFloats + WinogradTransforms.Between)
            + WinogradTransforms.PatchFloats;
        for (int column = 0; column < columns.Padded; column += ConvolutionTile.Active.Columns)
        {
            int width = PanelWidth(columns, column);
            float* panel =
                job.Packed + ((long)(columns.First + column) * job.Positions * job.Depth) + ((long)depth.First * width);
            nint position = (nint)job.Depth * width;
            VectorGrid source = job.IsBackward
                ? new(panel + (8 * position), -3 * position, -position)
                : new(panel, 3 * position, position);
            VectorGrid grid = target.Grid(target.At(0) + (column * depth.Count));
            WinogradTransforms.Run<FilterTransform>(source, grid, depth.Count * width, between);
        }
    }

    private static long Offset(int columns, int depth, int columnBlock, int depthBlock)
    {
        const int Block = WinogradTiling.BlockChannels;
        long perColumns = 0;
        for (int d = 0; d * Block < depth; d++)
        {
            perColumns += TileVectors.Floats(Math.Min(Block, depth - (d * Block)), Block);
        }

        // Every block gets the room of a full block, so that its offset does not depend on the sizes of other blocks.
        return (columnBlock * perColumns) + (depthBlock * TileVectors.Floats(Block, Block));
    }
}
