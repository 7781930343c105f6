namespace Temper.Kernels;

/// <summary>Some consecutive items of a row of them.</summary>
internal readonly record struct GemmPart(int Start, int Count)
{
    internal int End => Start + Count;

    /// <summary>Deals all to parts whose sizes differ by one at most.</summary>
    internal GemmPart Share(int index, int parts)
    {
        int start = (int)((long)Count * index / parts);
        return new GemmPart(Start + start, (int)((long)Count * (index + 1) / parts) - start);
    }
}

/// <summary>A product: its operands, and how it is cut into tasks, decided by its size alone.</summary>
internal unsafe struct GemmPlan
{
    /// <summary>Depth of a pass over the result: the rows of one tile stay in the first-level cache, a panel of the
    /// right operand in the second.</summary>
    private const int DepthBlock = 512;

    /// <summary>Up to so many rows a panel of the right operand is used too seldom for packing.</summary>
    private const int FewRows = 128;

    /// <summary>Up to such depth the right operand needs no packing: a panel fits the first-level cache as it
    /// lies.</summary>
    private const int LittleDepth = 128;

    /// <summary>Rows at a distance of a multiple of this share few sets of the caches.</summary>
    private const int BadStride = 256;

    /// <summary>Up to so many rows a task takes all: they stay in the second-level cache while panels of the right
    /// operand come and go.</summary>
    private const int TaskRows = 256;

    /// <summary>The same where each task transposes its rows: fewer, so that fewer tasks transpose the same.</summary>
    private const int TransposedTaskRows = 128;

    /// <summary>Multiplications that are worth a task of their own: some microseconds.</summary>
    private const long TaskWork = 256 * 1024;

    /// <summary>Multiplications of a task where there are more than enough tasks.</summary>
    private const long LargeTaskWork = 64 * 1024 * 1024;

    /// <summary>Tasks of a product of moderate size: the fewer they are, the more often what one has read is used
    /// again.</summary>
    private const int FewTasks = 16;

    /// <summary>Tasks of one product at most: enough to balance many threads, few enough to cost nothing.</summary>
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

    /// <summary>The right operand in panels, packed before; null: it is read from <see cref="B"/>.</summary>
    internal float* Panels;
    internal float* C;
    internal float* Bias;
    internal bool Relu;
    internal bool Accumulate;

    /// <summary>Whether a left operand of one row goes to the kernels for a vector, which add in another order than the
    /// tiles.</summary>
    internal bool OneRowIsVector;

    /// <summary>Whether the first rows of a task pack the right operand on the way.</summary>
    internal bool PacksRight;
    internal int RowPanels;
    internal int ColumnPanels;
    internal int RowGroups;
    internal int ColumnGroups;
    internal int DepthBlocks;

    /// <summary>Vectors of columns, the last of them perhaps in part.</summary>
    internal int Vectors;

    internal readonly bool HasVectorLeft => M == 1 && OneRowIsVector;

    /// <summary>Whole panels and a narrow last one: the wider the tile, the less is read for each
    /// multiplication.</summary>
    internal readonly GemmPart Panel(int index)
    {
        int max = GemmTile.Active.Vectors;
        return new GemmPart(index * max, Math.Min(max, Vectors - (index * max)));
    }

    internal readonly GemmPart Depth(int block) => new GemmPart(0, K).Share(block, DepthBlocks);

    /// <summary>Decides the parts: by the size alone.</summary>
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

    /// <summary>Parts of at most <paramref name="size"/> that <paramref name="items"/> make.</summary>
    internal static int CountOf(int items, int size) => (int)(((long)items + size - 1) / size);
}
