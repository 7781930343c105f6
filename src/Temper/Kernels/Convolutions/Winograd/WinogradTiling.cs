namespace Temper.Kernels;

/// <summary>Division of the results of a batch into tiles, and of tile rows into tasks.</summary>
internal readonly record struct WinogradTiling
{
    /// <summary>Number of source or result channels per block.</summary>
    internal const int BlockChannels = 64;

    /// <summary>
    /// Number of result channels per block if there are few tiles; whole panels of filters at every vector width.
    /// </summary>
    private const int FewChannels = 32;

    /// <summary>
    /// Maximum number of tiles per task: with 64 channels each, their pixels, filters and sums fit in an L2 cache.
    /// </summary>
    private const int MaxTiles = 64;

    /// <summary>
    /// Minimum number of tiles per task, unless the batch has fewer: each task transforms or reads the filters again,
    /// which is too costly for a few tiles.
    /// </summary>
    private const int MinTiles = 16;

    /// <summary>Number of tasks that keeps a machine busy, and the minimum with transformed filters.</summary>
    private const int Tasks = 16, FewTasks = 4;

    /// <param name="batch">Number of images.</param>
    /// <param name="height">Height of the result.</param>
    /// <param name="width">Width of the result.</param>
    /// <param name="columns">Number of result channels.</param>
    /// <param name="isTransformed">
    /// Whether the filters are already transformed, in blocks of <see cref="BlockChannels"/>.
    /// </param>
    internal WinogradTiling(int batch, int height, int width, int columns, bool isTransformed = false)
    {
        TileColumns = Chunks.Count(width, TiledImages.Step);
        TileRows = batch * Chunks.Count(height, TiledImages.Step);
        ColumnsPerBlock = BlockChannels;
        ColumnBlocks = Chunks.Count(columns, ColumnsPerBlock);
        int max = MaxTiles / TileColumns, min = Chunks.Count(MinTiles, TileColumns);

        // Transformed filters are only read again by each task, so smaller tasks are acceptable to avoid idle threads.
        min = isTransformed ? Math.Clamp(TileRows * ColumnBlocks / FewTasks, 1, min) : min;
        int rowsPerTask = Math.Max(Math.Min(max, Math.Max(min, (int)((long)TileRows * ColumnBlocks / Tasks))), 1);
        RowTasks = Chunks.Count(TileRows, rowsPerTask);
        if (!isTransformed && RowTasks * ColumnBlocks < Tasks)
        {
            // With few tiles, divide the result channels more finely: filter transforms are divided among more tasks,
            // at the cost of transforming pixels more often.
            ColumnsPerBlock = FewChannels;
            ColumnBlocks = Chunks.Count(columns, ColumnsPerBlock);
        }
    }

    /// <summary>Number of result channels per block.</summary>
    internal int ColumnsPerBlock { get; }

    /// <summary>Number of tiles per row.</summary>
    internal int TileColumns { get; }

    /// <summary>Number of tile rows of all images.</summary>
    internal int TileRows { get; }

    /// <summary>Number of blocks of result channels.</summary>
    internal int ColumnBlocks { get; }

    /// <summary>Number of tasks per block of result channels; each computes its own partial statistics.</summary>
    internal int RowTasks { get; }

    internal double Tiles => (double)TileRows * TileColumns;

    /// <summary>Returns the range of tile rows of a task.</summary>
    internal (int First, int Count) RowsOf(int task)
    {
        int first = (int)((long)TileRows * task / RowTasks);
        return (first, (int)((long)TileRows * (task + 1) / RowTasks) - first);
    }
}
