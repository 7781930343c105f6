namespace Temper.Kernels;

/// <summary>Sizes and memory of one convolution by Winograd's transforms.</summary>
internal unsafe struct WinogradJob
{
    internal IndirectJob Convolution;
    private readonly int _padTop;
    private readonly int _padLeft;

    internal WinogradJob(in IndirectJob convolution, int padTop, int padLeft)
    {
        Convolution = convolution;
        (_padTop, _padLeft) = (padTop, padLeft);
        Source = new TiledImages(convolution.Source, convolution.SourceHeight, convolution.SourceWidth, convolution.SourceChannels);
        Result = new TiledImages(convolution.Result, convolution.ResultHeight, convolution.ResultWidth, convolution.ResultChannels);
        Tiling = new WinogradTiling(convolution.Batch, convolution.ResultHeight, convolution.ResultWidth, convolution.Columns);
        Convolution.RentStatistics(Tiling.RowTasks);
    }

    internal TiledImages Source { get; }

    internal TiledImages Result { get; }

    internal WinogradTiling Tiling { get; }

    /// <summary>Blocks of the channels that are summed over.</summary>
    internal readonly int DepthBlocks => Chunks.Count(Convolution.Depth, WinogradTiling.BlockChannels);

    internal readonly ChannelRange Columns(int block) => ChannelRange.Of(block, Convolution.Columns);

    internal readonly ChannelRange Depths(int block) => ChannelRange.Of(block, Convolution.Depth);

    /// <summary>The first result of a tile.</summary>
    internal readonly Corner ResultCorner(int tileRow, int tileColumn)
    {
        (int image, int row) = Math.DivRem(tileRow, Result.TileRows);
        return new Corner(image, row * TiledImages.Step, tileColumn * TiledImages.Step);
    }

    /// <summary>The first of a tile's source pixels.</summary>
    internal readonly Corner SourceCorner(int tileRow, int tileColumn)
    {
        Corner result = ResultCorner(tileRow, tileColumn);
        return new Corner(result.Image, result.Row - _padTop, result.Column - _padLeft);
    }
}
