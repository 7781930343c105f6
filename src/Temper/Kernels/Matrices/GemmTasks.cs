namespace Temper.Kernels;

/// <summary>Executes the tasks of a product.</summary>
internal static unsafe class GemmTasks
{
    /// <summary>Computes all tiles in the rows and columns of a task.</summary>
    internal static void Run(void* state, int task)
    {
        GemmPlan* plan = (GemmPlan*)state;
        (int columnGroup, int rowGroup) = Math.DivRem(task, plan->RowGroups);
        GemmPart rowPanels = new GemmPart(0, plan->RowPanels).Share(rowGroup, plan->RowGroups);
        GemmPart columnPanels = new GemmPart(0, plan->ColumnPanels).Share(columnGroup, plan->ColumnGroups);
        for (int block = 0; block < plan->DepthBlocks; block++)
        {
            GemmPart depth = plan->Depth(block);
            (nint left, int leftStep) = Left(plan, rowPanels, depth);
            var panels = new GemmRightPanels(plan, columnPanels, depth, isUsedAgain: rowPanels.Count > 1);
            for (int panel = columnPanels.Start; panel < columnPanels.End; panel++)
            {
                panels.Take(panel);
                var strip = new Strip((float*)left, leftStep, depth, plan->Panel(panel));
                Multiply(plan, rowPanels, in strip, &panels);
            }
        }
    }

    /// <summary>Computes all tiles of one panel of columns.</summary>
    private static void Multiply(GemmPlan* plan, GemmPart rowPanels, in Strip strip, GemmRightPanels* right)
    {
        GemmTile tile = GemmTile.Active;
        var all = new GemmPart(0, plan->M);
        int firstColumn = strip.Vectors.Start * tile.Lanes;
        int width = strip.Vectors.Count * tile.Lanes;
        int columns = Math.Min(width, plan->N - firstColumn);
        bool adds = plan->Accumulate || strip.Depth.Start > 0;
        bool isLast = strip.Depth.End == plan->K;
        bool isWhole = columns == width;
        var end = new GemmTileEnd
        {
            Step = plan->N,
            Columns = columns,
            Bias = isLast && plan->Bias != null ? plan->Bias + firstColumn : null,
            Relu = isLast && plan->Relu,
            Adds = adds && !isWhole,
            SourceStep = isWhole ? plan->N : width,
        };
        float* edge = isWhole ? null : Scratch.Rent(Scratch.Use.Tile, tile.Rows * tile.Columns);
        bool needsEnd = !isWhole || end.Relu || end.Bias != null;
        float* left = strip.Left;
        for (int panel = rowPanels.Start; panel < rowPanels.End; panel++)
        {
            GemmPart rows = all.Share(panel, plan->RowPanels);
            float* c = plan->C + ((long)rows.Start * plan->N) + firstColumn;
            float* target = isWhole ? c : edge;
            tile.Kernel(rows.Count, strip.Vectors.Count)(
                strip.Depth.Count, left, strip.LeftStep, right->Rows, right->Step, GemmRightPanels.Copy(right), target,
                end.SourceStep, adds && isWhole);
            left += (nint)rows.Count * strip.LeftStep;
            if (needsEnd)
            {
                end.Source = target;
                end.C = c;
                end.Rows = rows.Count;
                GemmEnds.Store(end);
            }
        }
    }

    /// <summary>Returns the rows of the left operand: directly if they are contiguous, else transposed.</summary>
    private static (nint Rows, int Step) Left(GemmPlan* plan, GemmPart rowPanels, GemmPart depth)
    {
        var all = new GemmPart(0, plan->M);
        int first = all.Share(rowPanels.Start, plan->RowPanels).Start;
        if (!plan->LeftTransposed)
        {
            return ((nint)(plan->A + ((long)first * plan->LeftStride) + depth.Start), plan->LeftStride);
        }

        int count = all.Share(rowPanels.End - 1, plan->RowPanels).End - first;
        float* rows = Scratch.Rent(Scratch.Use.Left, (long)count * depth.Count);
        float* source = plan->A + ((long)depth.Start * plan->LeftStride) + first;
        Transposes.Lines(source, plan->LeftStride, depth.Count, count, depth.Count, rows);
        return ((nint)rows, depth.Count);
    }

    /// <summary>The part of the left operand that is multiplied with a panel of columns.</summary>
    private readonly struct Strip(float* left, int leftStep, GemmPart depth, GemmPart vectors)
    {
        internal readonly float* Left = left;
        internal readonly int LeftStep = leftStep;
        internal readonly GemmPart Depth = depth;
        internal readonly GemmPart Vectors = vectors;
    }
}
