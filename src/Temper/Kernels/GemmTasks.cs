namespace Temper.Kernels;

/// <content>What one task of a product does.</content>
internal static unsafe partial class Gemm
{
    private static void TilesTask(void* state, int task)
    {
        Job* job = (Job*)state;
        (int columnGroup, int rowGroup) = Math.DivRem(task, job->RowGroups);
        Part rowPanels = new Part(0, job->RowPanels).Share(rowGroup, job->RowGroups);
        Part columnPanels = new Part(0, job->ColumnPanels).Share(columnGroup, job->ColumnGroups);
        for (int block = 0; block < job->DepthBlocks; block++)
        {
            Part depth = job->Depth(block);
            (nint left, int leftStep) = Left(job, rowPanels, depth);
            var panels = new RightPanels(job, columnPanels, depth, isUsedAgain: rowPanels.Count > 1);
            for (int panel = columnPanels.Start; panel < columnPanels.End; panel++)
            {
                panels.Take(panel);
                var strip = new Strip((float*)left, leftStep, depth, job->Panel(panel));
                Multiply(job, rowPanels, in strip, &panels);
            }
        }
    }

    /// <summary>All tiles of one panel of columns.</summary>
    private static void Multiply(Job* job, Part rowPanels, in Strip strip, RightPanels* right)
    {
        GemmTile tile = GemmTile.Active;
        var all = new Part(0, job->M);
        int firstColumn = strip.Vectors.Start * tile.Lanes;
        int width = strip.Vectors.Count * tile.Lanes;
        int columns = Math.Min(width, job->N - firstColumn);
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
        float* left = strip.Left;
        for (int panel = rowPanels.Start; panel < rowPanels.End; panel++)
        {
            Part rows = all.Share(panel, job->RowPanels);
            float* c = job->C + ((long)rows.Start * job->N) + firstColumn;
            float* target = isWhole ? c : edge;
            tile.Kernel(rows.Count, strip.Vectors.Count)(
                strip.Depth.Count, left, strip.LeftStep, right->Rows, right->Step, RightPanels.Copy(right), target, end.SourceStep, adds && isWhole);
            left += (nint)rows.Count * strip.LeftStep;
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

    /// <summary>What is multiplied with a panel of columns.</summary>
    private readonly struct Strip(float* left, int leftStep, Part depth, Part vectors)
    {
        internal readonly float* Left = left;
        internal readonly int LeftStep = leftStep;
        internal readonly Part Depth = depth;
        internal readonly Part Vectors = vectors;
    }
}
