namespace Temper.Kernels;

/// <summary>Sizes and memory of a filter gradient by Winograd's transforms.</summary>
internal unsafe struct WinogradGradientJob
{
    /// <summary>Size of the sums of one pair of blocks, in floats.</summary>
    internal const int SumFloats =
        TiledImages.Products * ((WinogradTiling.BlockChannels * WinogradTiling.BlockChannels) + TileVectors.Skew);

    internal float* Sums;
    internal float* Dw;
    private readonly ConvolutionGeometry _geometry;

    internal WinogradGradientJob(in ConvolutionGeometry g, float* x, float* dy)
    {
        _geometry = g;
        Input = new TiledImages(x, g.InHeight, g.InWidth, g.InChannels) { PadTop = g.PadTop, PadLeft = g.PadLeft };
        Gradient = new TiledImages(dy, g.OutHeight, g.OutWidth, g.OutChannels);
        Tiling = new WinogradGradientTiling(g);
    }

    internal TiledImages Input { get; }

    internal TiledImages Gradient { get; }

    internal WinogradGradientTiling Tiling { get; }

    internal readonly float* SumsOf(int part, int pair) => Sums + ((((long)part * Tiling.Pairs) + pair) * SumFloats);

    /// <summary>Distance between the sums of consecutive products, in floats.</summary>
    internal readonly int SumStep(int pair)
    {
        (ChannelRange inputs, ChannelRange outputs) = Blocks(pair);
        return (outputs.Count * inputs.Padded) + TileVectors.Skew;
    }

    /// <summary>Returns the input and output channels of a pair of blocks.</summary>
    internal readonly (ChannelRange Inputs, ChannelRange Outputs) Blocks(int pair)
    {
        (int output, int input) = Math.DivRem(pair, Tiling.InputBlocks);
        return (ChannelRange.Of(input, _geometry.InChannels), ChannelRange.Of(output, _geometry.OutChannels));
    }

    internal readonly float* Filter(int output, int input) =>
        Dw + ((((long)output * _geometry.InChannels) + input) * _geometry.Positions);

    /// <summary>Transforms some channels of some tile rows.</summary>
    internal readonly TileVectors Transform<TTransform>(
        in TiledImages images, int row, int rows, ChannelRange range, Scratch.Use use)
        where TTransform : unmanaged, IWinogradTransform
    {
        var tiles = new TileRows(row, rows, Gradient.TileRows, Tiling.TileColumns);
        var vectors = new TileVectors(use, tiles.Tiles, range.Padded);
        vectors.Transform<TTransform>(images, tiles, range);
        return vectors;
    }

    /// <summary>
    /// Fills the offsets of each tile's output channels, followed by the offsets of its input channels.
    /// </summary>
    internal readonly int* FillOffsets(ChannelRange inputs, ChannelRange outputs)
    {
        int tiles = Tiling.TilesPerStep;
        int* offsets = (int*)Scratch.Rent(Scratch.Use.Pointers, 2L * tiles);
        for (int tile = 0; tile < tiles; tile++)
        {
            offsets[tile] = tile * outputs.Padded;
            offsets[tiles + tile] = tile * inputs.Padded;
        }

        return offsets;
    }
}
