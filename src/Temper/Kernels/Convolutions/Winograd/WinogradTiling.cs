namespace Temper.Kernels;

/// <summary>How the results of a batch are cut into tiles, and rows of tiles into tasks.</summary>
internal readonly record struct WinogradTiling
{
    /// <summary>Channels of a block, of either side.</summary>
    internal const int BlockChannels = 64;

    /// <summary>
    /// Result channels of a block where there are few tiles: whole panels of filters at every width of vectors.
    /// </summary>
    private const int FewChannels = 32;

    /// <summary>
    /// Tiles of a task: with 64 channels each, their pixels, filters and sums fit in a second-level cache.
    /// </summary>
    private const int MaxTiles = 64;

    /// <summary>
    /// Tiles of a task, if there are so many: each task transforms its filters anew, or reads them again, which few
    /// tiles do not pay for.
    /// </summary>
    private const int MinTiles = 16;

    /// <summary>Tasks that are enough for a machine of some threads, and those that it needs at least.</summary>
    private const int Tasks = 16, FewTasks = 4;

    /// <param name="batch">Images.</param>
    /// <param name="height">Rows of a result.</param>
    /// <param name="width">Columns of a result.</param>
    /// <param name="columns">Result channels.</param>
    /// <param name="isTransformed">
    /// Whether filters were transformed before: they lie in blocks of <see cref="BlockChannels"/>.
    /// </param>
    internal WinogradTiling(int batch, int height, int width, int columns, bool isTransformed = false)
    {
        TileColumns = Chunks.Count(width, TiledImages.Step);
        TileRows = batch * Chunks.Count(height, TiledImages.Step);
        ColumnsPerBlock = BlockChannels;
        ColumnBlocks = Chunks.Count(columns, ColumnsPerBlock);
        int max = MaxTiles / TileColumns, min = Chunks.Count(MinTiles, TileColumns);

        // Filters that were transformed before are only read again by each task, so they are worth fewer idle threads.
        min = isTransformed ? Math.Clamp(TileRows * ColumnBlocks / FewTasks, 1, min) : min;
        int rowsPerTask = Math.Max(Math.Min(max, Math.Max(min, (int)((long)TileRows * ColumnBlocks / Tasks))), 1);
        RowTasks = Chunks.Count(TileRows, rowsPerTask);
        if (!isTransformed && RowTasks * ColumnBlocks < Tasks)
        {
            // Few tiles: tasks share the filters' transforms instead, and transform pixels more often.
            ColumnsPerBlock = FewChannels;
            ColumnBlocks = Chunks.Count(columns, ColumnsPerBlock);
        }
    }

    /// <summary>Result channels of a block.</summary>
    internal int ColumnsPerBlock { get; }

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
