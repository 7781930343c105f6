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
            Part vectors = job->Vectors.Share(panel, job->ColumnPanels);
            PackRight(job, vectors, depth, SharedPanel(job, vectors, depth));
        }
    }

    private static void TilesTask(void* state, int task)
    {
        Job* job = (Job*)state;
        (int rowGroup, int columnGroup) = Math.DivRem(task, job->ColumnGroups);
        Part rowPanels = new Part(0, job->RowPanels).Share(rowGroup, job->RowGroups);
        Part columnPanels = new Part(0, job->ColumnPanels).Share(columnGroup, job->ColumnGroups);
        for (int block = job->DepthBlocks.Start; block < job->DepthBlocks.End; block++)
        {
            Part depth = job->Depth(block);
            (nint left, int leftStep) = Left(job, rowPanels, depth);
            for (int panel = columnPanels.Start; panel < columnPanels.End; panel++)
            {
                Part vectors = job->Vectors.Share(panel, job->ColumnPanels);
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
        bool isLast = strip.Depth.End == job->K && (job->Bias != null || job->Relu);
        for (int panel = rowPanels.Start; panel < rowPanels.End; panel++)
        {
            Part rows = all.Share(panel, job->RowPanels);
            float* left = strip.Left + ((long)(rows.Start - firstRow) * strip.LeftStep);
            float* c = job->C + ((long)rows.Start * job->N) + firstColumn;
            var kernel = tile.Kernel(rows.Count, strip.Vectors.Count);
            if (columns == width)
            {
                kernel(strip.Depth.Count, left, strip.LeftStep, strip.Right, strip.RightStep, c, job->N, adds);
            }
            else
            {
                float* whole = Scratch.Rent(Scratch.Use.Tile, tile.Rows * tile.Columns);
                kernel(strip.Depth.Count, left, strip.LeftStep, strip.Right, strip.RightStep, whole, width, false);
                CopyTile(whole, width, c, job->N, rows.Count, columns, adds);
            }

            if (isLast)
            {
                Finish(c, job->N, rows.Count, columns, job->Bias == null ? null : job->Bias + firstColumn, job->Relu);
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

    private static void PackRight(Job* job, Part vectors, Part depth, float* target)
    {
        int lanes = GemmTile.Active.Lanes;
        int first = vectors.Start * lanes;
        int width = vectors.Count * lanes;
        int count = Math.Min(width, job->N - first);
        if (job->RightTransposed)
        {
            Transposes.Lines(job->B + ((long)first * job->RightStride) + depth.Start, job->RightStride, count, depth.Count, width, target);
        }
        else
        {
            CopyPanel(job->B + ((long)depth.Start * job->RightStride) + first, job->RightStride, count, depth.Count, width, target);
        }
    }

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
