namespace Temper.Kernels;

/// <summary>How the results of a batch are cut into tiles, and rows of tiles into tasks.</summary>
internal readonly record struct WinogradTiling
{
    /// <summary>Channels of a block, of either side.</summary>
    internal const int BlockChannels = 64;

    /// <summary>Tiles of a task: with 64 channels each, their pixels, filters and sums fit in a second-level cache.</summary>
    private const int MostTiles = 64;

    /// <summary>Tasks that are enough for a machine of some threads; each transforms its filters anew.</summary>
    private const int Tasks = 16;

    internal WinogradTiling(int batch, int height, int width, int columns)
    {
        TileColumns = Chunks.Count(width, TiledImages.Step);
        TileRows = batch * Chunks.Count(height, TiledImages.Step);
        ColumnBlocks = Chunks.Count(columns, BlockChannels);
        int rowsPerTask = Math.Max(Math.Min(MostTiles / TileColumns, (int)((long)TileRows * ColumnBlocks / Tasks)), 1);
        RowTasks = Chunks.Count(TileRows, rowsPerTask);
    }

    /// <summary>Tiles of a row.</summary>
    internal int TileColumns { get; }

    /// <summary>Rows of tiles of all images.</summary>
    internal int TileRows { get; }

    /// <summary>Blocks of result channels.</summary>
    internal int ColumnBlocks { get; }

    /// <summary>Tasks for one block of result channels; each gathers statistics of its own.</summary>
    internal int RowTasks { get; }

    internal double Tiles => (double)TileRows * TileColumns;

    /// <summary>The rows of tiles of a task.</summary>
    internal (int First, int Count) RowsOf(int task)
    {
        int first = (int)((long)TileRows * task / RowTasks);
        return (first, (int)((long)TileRows * (task + 1) / RowTasks) - first);
    }
}
