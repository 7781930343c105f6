namespace Temper.Kernels;

/// <summary>What a product does to each result before it is stored for good.</summary>
internal readonly ref struct GemmEpilogue
{
    /// <summary>Added to each row; empty for none.</summary>
    internal ReadOnlySpan<float> Bias { get; init; }

    /// <summary>Whether negative results become zero, after the bias.</summary>
    internal bool Relu { get; init; }
}

/// <summary>Products of float matrices: packed panels, one register tile, tasks that depend on the sizes only.</summary>
internal static unsafe partial class Gemm
{
    /// <summary>Depth of a packed panel: a panel of the right operand stays in the first two cache levels.</summary>
    private const int DepthBlock = 512;

    /// <summary>Rows of a packed block of the left operand: it stays in the second-level cache.</summary>
    private const int RowBlock = 312;

    /// <summary>Columns of a packed block of the right operand.</summary>
    private const int ColumnBlock = 1024;

    /// <summary>Multiplications that are worth a task of their own: some ten microseconds.</summary>
    private const long TaskWork = 512 * 1024;

    /// <summary><c>C = A B</c>, or <c>C += A B</c>.</summary>
    /// <param name="a"><c>[M, K]</c>.</param>
    /// <param name="b"><c>[K, N]</c>.</param>
    /// <param name="c">Receives <c>[M, N]</c>, row-major without gaps; must not overlap the operands.</param>
    /// <param name="accumulate">Whether to add to what <paramref name="c"/> holds.</param>
    internal static void Multiply(MatrixView a, MatrixView b, Span<float> c, bool accumulate = false) =>
        Multiply(a, b, c, default, accumulate);

    /// <inheritdoc cref="Multiply(MatrixView, MatrixView, Span{float}, bool)"/>
    internal static void Multiply(MatrixView a, MatrixView b, Span<float> c, GemmEpilogue epilogue, bool accumulate = false)
    {
        (int m, int n, int k) = (a.Rows, b.Columns, a.Columns);
        if (b.Rows != k || c.Length < (long)m * n || (!epilogue.Bias.IsEmpty && epilogue.Bias.Length != n))
        {
            throw new ArgumentException($"matrix product: sizes do not fit (got [{m}, {k}] and [{b.Rows}, {n}], {c.Length} results)");
        }

        if (m == 0 || n == 0)
        {
            return;
        }

        fixed (float* pa = a.Data, pb = b.Data, pc = c, bias = epilogue.Bias)
        {
            var job = new Job
            {
                M = m, N = n, K = k, A = pa, LeftStride = a.Stride, LeftTransposed = a.IsTransposed,
                B = pb, RightStride = b.Stride, RightTransposed = b.IsTransposed,
                C = pc, Bias = bias, Relu = epilogue.Relu, Accumulate = accumulate,
            };
            if (k == 0)
            {
                job.WithoutDepth();
            }
            else if (m == 1 && job.RightTransposed && !accumulate)
            {
                job.RowTimesMatrix();
            }
            else if (m <= RowBlock && m <= n)
            {
                SplitColumns(ref job);
            }
            else
            {
                SplitRows(ref job);
            }
        }
    }

    /// <summary>Several products of one size, each operand at a fixed distance from the last (0: the same for all).</summary>
    internal static void MultiplyBatch(
        int batch, MatrixView a, int leftDistance, MatrixView b, int rightDistance, Span<float> c, ReadOnlySpan<float> allA, ReadOnlySpan<float> allB)
    {
        int size = a.Rows * b.Columns;
        for (int i = 0; i < batch; i++)
        {
            Multiply(Move(a, allA, i * leftDistance), Move(b, allB, i * rightDistance), c.Slice(i * size, size));
        }

        static MatrixView Move(MatrixView matrix, ReadOnlySpan<float> all, int start) => matrix.IsTransposed
            ? new MatrixView(all[start..], matrix.Columns, matrix.Rows, matrix.Stride).Transposed
            : new MatrixView(all[start..], matrix.Rows, matrix.Columns, matrix.Stride);
    }

    /// <summary>Few rows: the left operand is packed once for all, each task takes some columns.</summary>
    private static void SplitColumns(ref Job job)
    {
        GemmTile tile = GemmTile.Active;
        int panels = Panels(job.N, tile.Columns);
        job.PanelsPerTask = PanelsPerTask(panels, (long)job.M * tile.Columns * Math.Min(job.K, DepthBlock));
        int tasks = Panels(panels, job.PanelsPerTask);
        bool leftAsIs = job.LeftTransposed && job.M % tile.Rows == 0;
        for (int start = 0; start < job.K; start += job.Depth)
        {
            job.StartDepth(start, DepthBlock);
            if (!leftAsIs)
            {
                float* packed = Scratch.Rent(Scratch.Use.Left, (long)Panels(job.M, tile.Rows) * tile.Rows * job.Depth);
                job.PackLeft(packed, 0, job.M);
                job.PackedA = packed;
            }

            fixed (Job* pointer = &job)
            {
                WorkerPool.Current.Run(&ColumnsTask, pointer, tasks);
            }
        }
    }

    /// <summary>Many rows: the right operand is packed together a block at a time, each task takes some rows.</summary>
    private static void SplitRows(ref Job job)
    {
        GemmTile tile = GemmTile.Active;
        int panels = Panels(job.M, tile.Rows);
        int most = RowBlock / tile.Rows;
        for (int column = 0; column < job.N; column += ColumnBlock)
        {
            job.StartColumn = column;
            job.Columns = Math.Min(ColumnBlock, job.N - column);
            for (int start = 0; start < job.K; start += job.Depth)
            {
                job.StartDepth(start, DepthBlock);
                int rightPanels = Panels(job.Columns, tile.Columns);
                job.PackedB = Scratch.Rent(Scratch.Use.Right, (long)rightPanels * tile.Columns * job.Depth);
                job.PanelsPerTask = PanelsPerTask(rightPanels, 16L * tile.Columns * job.Depth);
                fixed (Job* pointer = &job)
                {
                    WorkerPool.Current.Run(&PackTask, pointer, Panels(rightPanels, job.PanelsPerTask));
                    job.PanelsPerTask = Math.Min(most, PanelsPerTask(panels, (long)tile.Rows * job.Columns * job.Depth));
                    WorkerPool.Current.Run(&RowsTask, pointer, Panels(panels, job.PanelsPerTask));
                }
            }
        }
    }

    private static int Panels(int count, int size) => (count + size - 1) / size;

    /// <summary>Panels that make one task: enough work to be worth waking a worker, and tasks of nearly the same size.</summary>
    private static int PanelsPerTask(int panels, long workPerPanel)
    {
        int least = (int)Math.Min(((TaskWork - 1) / Math.Max(workPerPanel, 1)) + 1, panels);
        int tasks = Math.Min(Math.Max(panels / least, 1), MostTasks);
        return Panels(panels, tasks);
    }
}
