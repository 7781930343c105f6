namespace Temper.Kernels;

/// <summary>A range of consecutive items.</summary>
internal readonly record struct GemmPart(int Start, int Count)
{
    internal int End => Start + Count;

    /// <summary>Returns one of several parts of the range, whose sizes differ by at most one.</summary>
    internal GemmPart Share(int index, int parts)
    {
        int start = (int)((long)Count * index / parts);
        return new GemmPart(Start + start, (int)((long)Count * (index + 1) / parts) - start);
    }
}

/// <summary>A product: its operands, and its division into tasks, which depends only on its sizes.</summary>
internal unsafe struct GemmPlan
{
    /// <summary>
    /// Depth of one pass over the result: the rows of a tile stay in the L1 cache, and a panel of the right operand in
    /// the L2 cache.
    /// </summary>
    private const int DepthBlock = 512;

    /// <summary>Number of rows up to which a panel of the right operand is reused too seldom for packing.</summary>
    private const int FewRows = 128;

    /// <summary>
    /// Depth up to which the right operand needs no packing, because an unpacked panel fits the L1 cache.
    /// </summary>
    private const int LittleDepth = 128;

    /// <summary>Strides that are a multiple of this, in floats, map rows to few cache sets.</summary>
    private const int BadStride = 256;

    /// <summary>
    /// Maximum number of rows per task: they stay in the L2 cache while panels of the right operand are read.
    /// </summary>
    private const int TaskRows = 256;

    /// <summary>
    /// Maximum number of rows per task if each task transposes its rows; smaller, so that fewer tasks transpose the
    /// same rows.
    /// </summary>
    private const int TransposedTaskRows = 128;

    /// <summary>Minimum number of multiply-accumulates for a separate task; they take a few microseconds.</summary>
    private const long TaskWork = 256 * 1024;

    /// <summary>Target number of multiply-accumulates per task of a large product.</summary>
    private const long LargeTaskWork = 64 * 1024 * 1024;

    /// <summary>
    /// Maximum number of tasks of a medium product. Fewer tasks reuse more of the data that they read.
    /// </summary>
    private const int FewTasks = 16;

    /// <summary>
    /// Maximum number of tasks of a product: enough to balance many threads, and few enough for negligible overhead.
    /// </summary>
    private const int MaxTasks = 64;

    internal int M;
    internal int N;
    internal int K;
    internal float* A;
    internal int LeftStride;
    internal bool LeftTransposed;
    internal float* B;
    internal int RightStride;
    internal bool RightTransposed;

    /// <summary>The right operand in panels, packed earlier; null: it is read from <see cref="B"/>.</summary>
    internal float* Panels;
    internal float* C;
    internal float* Bias;
    internal bool Relu;
    internal bool Accumulate;

    /// <summary>
    /// Whether a left operand of one row uses the vector kernels, which add in a different order than the tiles.
    /// </summary>
    internal bool OneRowIsVector;

    /// <summary>Whether the first rows of a task pack the right operand while they compute.</summary>
    internal bool PacksRight;
    internal int RowPanels;
    internal int ColumnPanels;
    internal int RowGroups;
    internal int ColumnGroups;
    internal int DepthBlocks;

    /// <summary>Number of vectors of columns; the last may be partial.</summary>
    internal int Vectors;

    internal readonly bool HasVectorLeft => M == 1 && OneRowIsVector;

    /// <summary>
    /// Returns a panel of columns. All panels but the last have the full width, because wider tiles read less per
    /// multiplication.
    /// </summary>
    internal readonly GemmPart Panel(int index)
    {
        int max = GemmTile.Active.Vectors;
        return new GemmPart(index * max, Math.Min(max, Vectors - (index * max)));
    }

    internal readonly GemmPart Depth(int block) => new GemmPart(0, K).Share(block, DepthBlocks);

    /// <summary>Divides the product into tasks. The division depends only on the sizes.</summary>
    internal void Cut()
    {
        GemmTile tile = GemmTile.Active;
        DepthBlocks = CountOf(K, DepthBlock);
        Vectors = CountOf(N, tile.Lanes);
        ColumnPanels = CountOf(Vectors, tile.Vectors);
        RowPanels = CountOf(M, tile.Rows);
        PacksRight = !RightTransposed && Panels == null
            && ((M > FewRows && K > LittleDepth) || (M > 2 * tile.Rows && RightStride % BadStride == 0));
        long work = (long)M * N * K;
        int wanted = (int)Math.Max(Math.Clamp(work / TaskWork, 1, FewTasks), Math.Min(work / LargeTaskWork, MaxTasks));
        if (PacksRight || (RightTransposed && Panels == null))
        {
            int rowGroups = CountOf(M, LeftTransposed ? TransposedTaskRows : TaskRows);
            ColumnGroups = Math.Clamp(wanted / rowGroups, 1, ColumnPanels);
            RowGroups = Math.Max(rowGroups, Math.Min(wanted / ColumnGroups, M / FewRows));
        }
        else if (LeftTransposed || M > N)
        {
            RowGroups = Math.Min(RowPanels, wanted);
            ColumnGroups = Math.Min(ColumnPanels, wanted / RowGroups);
        }
        else
        {
            ColumnGroups = Math.Min(ColumnPanels, wanted);
            RowGroups = Math.Min(RowPanels, wanted / ColumnGroups);
        }
    }

    /// <summary>Returns the number of parts of at most <paramref name="size"/> items.</summary>
    internal static int CountOf(int items, int size) => (int)(((long)items + size - 1) / size);
}
