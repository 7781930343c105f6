namespace Temper.Kernels;

/// <summary>Division of the tiles and channels of a filter gradient into tasks.</summary>
internal readonly record struct WinogradGradientTiling
{
    /// <summary>Number of tiles transformed together: with the sums they fit in an L2 cache.</summary>
    private const int MaxTiles = 32;

    /// <summary>Number of tasks that keeps a machine busy; each has separate sums.</summary>
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

    /// <summary>Number of tiles per row.</summary>
    internal int TileColumns { get; }

    /// <summary>Number of blocks of input channels.</summary>
    internal int InputBlocks { get; }

    /// <summary>Number of pairs of input-channel and output-channel blocks.</summary>
    internal int Pairs { get; }

    /// <summary>Number of tile rows transformed together.</summary>
    internal int RowsPerStep { get; }

    /// <summary>Number of parts of the tiles with separate sums; depends on the sizes only.</summary>
    internal int Parts { get; }

    internal int TilesPerStep => RowsPerStep * TileColumns;

    internal double Tiles => (double)_tileRows * TileColumns;

    /// <summary>Returns the range of tile rows of a part, numbered across all images.</summary>
    internal (int First, int Last) RowsOf(int part) =>
        ((int)((long)_tileRows * part / Parts), (int)((long)_tileRows * (part + 1) / Parts));
}
