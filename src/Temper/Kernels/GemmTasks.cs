namespace Temper.Kernels;

/// <content>What one task of a product does.</content>
internal static unsafe partial class Gemm
{
    private static void PackTask(void* state, int task)
    {
        Job* job = (Job*)state;
        Part depth = job->Depth(job->DepthBlocks.Start);
        Part panels = new Part(0, job->ColumnPanels).Share(task, job->PackTasks);
        for (int panel = panels.Start; panel < panels.End; panel++)
        {
            Part vectors = job->Panel(panel);
            PackRight(job, vectors, depth, SharedPanel(job, vectors, depth));
        }
    }

    private static void TilesTask(void* state, int task)
    {
        Job* job = (Job*)state;
        (int columnGroup, int rowGroup) = Math.DivRem(task, job->RowGroups);
        Part rowPanels = new Part(0, job->RowPanels).Share(rowGroup, job->RowGroups);
        Part columnPanels = new Part(0, job->ColumnPanels).Share(columnGroup, job->ColumnGroups);
        for (int block = job->DepthBlocks.Start; block < job->DepthBlocks.End; block++)
        {
            Part depth = job->Depth(block);
            (nint left, int leftStep) = Left(job, rowPanels, depth);
            for (int panel = columnPanels.Start; panel < columnPanels.End; panel++)
            {
                Part vectors = job->Panel(panel);
                (nint right, int rightStep) = Right(job, vectors, depth);
                var strip = new Strip((float*)left, leftStep, (float*)right, rightStep, depth, vectors);
                Multiply(job, rowPanels, in strip);
            }
        }
    }

    /// <summary>All tiles of one panel of columns.</summary>
    private static void Multiply(Job* job, Part rowPanels, in Strip strip)
    {
        GemmTile tile = GemmTile.Active;
        var all = new Part(0, job->M);
        int firstRow = all.Share(rowPanels.Start, job->RowPanels).Start;
        int firstColumn = strip.Vectors.Start * tile.Lanes;
        int columns = Math.Min(strip.Vectors.Count * tile.Lanes, job->N - firstColumn);
        int width = strip.Vectors.Count * tile.Lanes;
        bool adds = job->Accumulate || strip.Depth.Start > 0;
        bool isLast = strip.Depth.End == job->K;
        bool isWhole = columns == width;
        var end = new TileEnd
        {
            Step = job->N,
            Columns = columns,
            Bias = isLast && job->Bias != null ? job->Bias + firstColumn : null,
            Relu = isLast && job->Relu,
            Adds = adds && !isWhole,
            SourceStep = isWhole ? job->N : width,
        };
        float* edge = isWhole ? null : Scratch.Rent(Scratch.Use.Tile, tile.Rows * tile.Columns);
        bool needsEnd = !isWhole || end.Relu || end.Bias != null;
        for (int panel = rowPanels.Start; panel < rowPanels.End; panel++)
        {
            Part rows = all.Share(panel, job->RowPanels);
            float* left = strip.Left + ((long)(rows.Start - firstRow) * strip.LeftStep);
            float* c = job->C + ((long)rows.Start * job->N) + firstColumn;
            float* target = isWhole ? c : edge;
            var kernel = tile.Kernel(rows.Count, strip.Vectors.Count);
            kernel(strip.Depth.Count, left, strip.LeftStep, strip.Right, strip.RightStep, target, end.SourceStep, adds && isWhole);
            if (needsEnd)
            {
                end.Source = target;
                end.C = c;
                end.Rows = rows.Count;
                Store(end);
            }
        }
    }

    /// <summary>The rows of the left operand: where they lie if their elements are together, else transposed.</summary>
    private static (nint Rows, int Step) Left(Job* job, Part rowPanels, Part depth)
    {
        var all = new Part(0, job->M);
        int first = all.Share(rowPanels.Start, job->RowPanels).Start;
        if (!job->LeftTransposed)
        {
            return ((nint)(job->A + ((long)first * job->LeftStride) + depth.Start), job->LeftStride);
        }

        int count = all.Share(rowPanels.End - 1, job->RowPanels).End - first;
        float* rows = Scratch.Rent(Scratch.Use.Left, (long)count * depth.Count);
        float* source = job->A + ((long)depth.Start * job->LeftStride) + first;
        Transposes.Lines(source, job->LeftStride, depth.Count, count, depth.Count, rows);
        return ((nint)rows, depth.Count);
    }

    /// <summary>A panel of the right operand: shared, where it lies if its rows can be read there, else packed.</summary>
    private static (nint Panel, int Step) Right(Job* job, Part vectors, Part depth)
    {
        int lanes = GemmTile.Active.Lanes;
        int width = vectors.Count * lanes;
        if (job->SharesPacked)
        {
            return ((nint)SharedPanel(job, vectors, depth), width);
        }

        if (!job->IsPacked && vectors.End * lanes <= job->N)
        {
            return ((nint)(job->B + ((long)depth.Start * job->RightStride) + (vectors.Start * lanes)), job->RightStride);
        }

        float* packed = Scratch.Rent(Scratch.Use.Right, (long)width * depth.Count);
        PackRight(job, vectors, depth, packed);
        return ((nint)packed, width);
    }

    private static float* SharedPanel(Job* job, Part vectors, Part depth) =>
        job->Packed + ((long)(vectors.Start - job->Vectors.Start) * GemmTile.Active.Lanes * depth.Count);

    /// <summary>A panel of columns and what it is multiplied with.</summary>
    private readonly struct Strip(float* left, int leftStep, float* right, int rightStep, Part depth, Part vectors)
    {
        internal readonly float* Left = left;
        internal readonly int LeftStep = leftStep;
        internal readonly float* Right = right;
        internal readonly int RightStep = rightStep;
        internal readonly Part Depth = depth;
        internal readonly Part Vectors = vectors;
    }
}
