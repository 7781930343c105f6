namespace Temper.Kernels;

/// <summary>How the tiles and the channels of a gradient of filters are cut into tasks.</summary>
internal readonly record struct WinogradGradientTiling
{
    /// <summary>Tiles that are transformed together: with the sums they fit in a second-level cache.</summary>
    private const int MaxTiles = 32;

    /// <summary>Tasks that are enough for a machine of some threads; each has sums of its own.</summary>
    private const int Tasks = 8;

    private readonly int _tileRows;

    internal WinogradGradientTiling(in ConvolutionGeometry g)
    {
        TileColumns = Chunks.Count(g.OutWidth, TiledImages.Step);
        _tileRows = g.Batch * Chunks.Count(g.OutHeight, TiledImages.Step);
        InputBlocks = Chunks.Count(g.InChannels, WinogradTiling.BlockChannels);
        Pairs = InputBlocks * Chunks.Count(g.OutChannels, WinogradTiling.BlockChannels);
        RowsPerStep = Math.Max(MaxTiles / TileColumns, 1);
        Parts = Math.Max(Math.Min(Tasks / Pairs, Chunks.Count(_tileRows, RowsPerStep)), 1);
    }

    /// <summary>Tiles of a row.</summary>
    internal int TileColumns { get; }

    /// <summary>Blocks of input channels.</summary>
    internal int InputBlocks { get; }

    /// <summary>Pairs of a block of input channels and one of output channels.</summary>
    internal int Pairs { get; }

    /// <summary>Rows of tiles that are transformed together.</summary>
    internal int RowsPerStep { get; }

    /// <summary>Parts of the tiles with sums of their own; they depend on the sizes only.</summary>
    internal int Parts { get; }

    internal int TilesPerStep => RowsPerStep * TileColumns;

    internal double Tiles => (double)_tileRows * TileColumns;

    /// <summary>The rows of tiles of a part, over all images.</summary>
    internal (int First, int Last) RowsOf(int part) =>
        ((int)((long)_tileRows * part / Parts), (int)((long)_tileRows * (part + 1) / Parts));
}
