using System.Runtime.CompilerServices;

namespace Temper.Kernels;

/// <summary>
/// Transformed filters: block by block of result channels, then of channels summed over,
/// <c>[product][panel][summed over][column]</c>.
/// </summary>
internal static unsafe class WinogradFilters
{
    /// <summary>Columns of the panel of a block that begins at a column.</summary>
    internal static int PanelWidth(ChannelRange columns, int column) =>
        Math.Min(ConvolutionTile.Active.Columns, columns.Padded - column);

    /// <summary>Floats of all transformed filters.</summary>
    internal static long Count(int columns, int depth) =>
        Offset(columns, depth, Chunks.Count(columns, WinogradTiling.BlockChannels), 0);

    /// <summary>One block of filters that were transformed before.</summary>
    internal static TileVectors At(float* filters, in IndirectJob job, ChannelRange columns, ChannelRange depth)
    {
        const int Block = WinogradTiling.BlockChannels;
        return new TileVectors(
            filters + Offset(job.Columns, job.Depth, columns.First / Block, depth.First / Block), depth.Count,
            columns.Padded);
    }

    /// <summary>Transforms all filters of a job whose weights are packed.</summary>
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
    /// Transforms one block of packed filters. The gradient of the input sees the filters turned around.
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

        // Room for a whole block each, so that a block's index does not depend on the others' sizes.
        return (columnBlock * perColumns) + (depthBlock * TileVectors.Floats(Block, Block));
    }
}
