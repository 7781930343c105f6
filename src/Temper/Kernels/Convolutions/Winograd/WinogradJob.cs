namespace Temper.Kernels;

/// <summary>Sizes and memory of a convolution by Winograd's transforms.</summary>
internal unsafe struct WinogradJob
{
    internal IndirectJob Convolution;

    /// <summary>Transformed filters; null: each task transforms the filters it needs.</summary>
    internal readonly float* Transformed;

    internal WinogradJob(in IndirectJob convolution, int padTop, int padLeft, float* transformed = null)
    {
        Convolution = convolution;
        Transformed = transformed;
        Source = new TiledImages(
            convolution.Source, convolution.SourceHeight, convolution.SourceWidth, convolution.SourceChannels)
        {
            PadTop = padTop, PadLeft = padLeft, ReadsBeyond = convolution.Listed != null,
        };
        Result = new TiledImages(
            convolution.Result, convolution.ResultHeight, convolution.ResultWidth, convolution.ResultChannels);
        Tiling = new WinogradTiling(
            convolution.Batch, convolution.ResultHeight, convolution.ResultWidth, convolution.Columns,
            transformed != null);
        Convolution.RentStatistics(Tiling.RowTasks);
    }

    internal TiledImages Source { get; }

    internal TiledImages Result { get; }

    internal WinogradTiling Tiling { get; }

    /// <summary>Number of blocks of summed channels.</summary>
    internal readonly int DepthBlocks => Chunks.Count(Convolution.Depth, WinogradTiling.BlockChannels);

    /// <summary>Returns the transformed filters of some channels.</summary>
    internal readonly TileVectors Filters(ChannelRange columns, ChannelRange depth)
    {
        if (Transformed != null)
        {
            return WinogradFilters.At(Transformed, Convolution, columns, depth);
        }

        var filters = new TileVectors(Scratch.Use.Right, depth.Count, columns.Padded);
        WinogradFilters.Transform(Convolution, columns, depth, filters);
        return filters;
    }

    internal readonly TileRows RowsOf(int task)
    {
        (int first, int count) = Tiling.RowsOf(task);
        return new TileRows(first, count, Result.TileRows, Tiling.TileColumns);
    }

    internal readonly ChannelRange Columns(int block) =>
        ChannelRange.Of(block, Convolution.Columns, Tiling.ColumnsPerBlock);

    internal readonly ChannelRange Depths(int block) => ChannelRange.Of(block, Convolution.Depth);

    /// <summary>Returns the stored channels of a source pixel that belong to a block.</summary>
    internal readonly ChannelRange Pixels(ChannelRange depth)
    {
        if (Convolution.Listed == null)
        {
            return depth;
        }

        var listed = new ReadOnlySpan<int>(Convolution.Listed, Convolution.SourceChannels);
        int first = FirstNotBelow(listed, depth.First),
            count = FirstNotBelow(listed, depth.First + depth.Count) - first, lanes = GemmTile.Active.Lanes;
        return new ChannelRange(first, count, Chunks.Count(count, lanes) * lanes);
    }

    private static int FirstNotBelow(ReadOnlySpan<int> rising, int number)
    {
        int index = rising.BinarySearch(number);
        return index < 0 ? ~index : index;
    }
}
