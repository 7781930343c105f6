namespace Temper.Kernels;

/// <content>Products of blocks of pixels with one panel of packed weights.</content>
internal static unsafe partial class IndirectConvolution
{
    /// <summary>Number of weights that stay in the L1 cache while all blocks of a range use them.</summary>
    private const int PartFloats = 6 * 1024;

    /// <summary>Multiplies all blocks of a range by one panel, one part of the sum at a time.</summary>
    private static void RunPanel(
        in IndirectJob job, BlockRange range, float** table, int column, float* partial, bool isFirst)
    {
        var panel = new Panel(job, column);
        int positions =
            panel.IsWhole ? Math.Clamp(PartFloats / (panel.Width * job.Summed), 1, job.Positions) : job.Positions;
        int depth = panel.IsWhole ? Math.Clamp(PartFloats / panel.Width, 1, job.Summed) : job.Summed;
        for (int position = 0; position < job.Positions; position += positions)
        {
            for (int k = 0; k < job.Summed; k += depth)
            {
                var part = new SumPart(position, positions, k, Math.Min(depth, job.Summed - k));
                bool isLast = position + positions >= job.Positions && k + depth >= job.Summed;
                for (int b = 0; b < range.Count; b++)
                {
                    Block block = range.Locate(job, b, ConvolutionTile.Active.Rows);
                    panel.Add(job, part, table + ((long)b * range.Entry), block);
                    if (isLast)
                    {
                        Tail(
                            job, block, panel.Channel, panel.Columns, job.Result + block.Offset + panel.Channel,
                            partial, isFirst && b == 0);
                    }
                }
            }
        }
    }

    /// <summary>Part of a sum: a range of kernel positions and a range of summed channels.</summary>
    private readonly record struct SumPart(int Position, int Positions, int Channel, int Depth)
    {
        internal bool IsFirst => Position == 0 && Channel == 0;
    }

    /// <summary>Packed weights of some result channels: <c>[kernel position][summed channel][width]</c>.</summary>
    private readonly ref struct Panel
    {
        private readonly float* _weights;
        private readonly nint _positionStep;
        private readonly delegate*<nint, nint, nint, float**, float*, nint, float*, nint, int, bool, void> _kernel;
        private readonly delegate*<
            nint, nint, nint, float**, float*, nint, float*, nint, int, bool, int*, void> _listed;

        internal Panel(in IndirectJob job, int column)
        {
            ConvolutionTile tile = ConvolutionTile.Active;
            Width = tile.PanelWidth(column, job.Columns);
            Columns = Math.Min(Width, job.Columns - column);
            Channel = (job.Group * job.Columns) + column;
            _weights = job.Packed + ((long)column * job.Positions * job.Depth);
            _positionStep = (nint)job.Depth * Width;
            bool isWide = Width == tile.Columns;
            _kernel = isWide ? tile.Wide : tile.Narrow;
            _listed =
                (delegate*<nint, nint, nint, float**, float*, nint, float*, nint, int, bool, int*, void>)tile.Listed(
                    tile.Rows, isWide).Kernel;
        }

        internal int Width { get; }

        /// <summary>Number of columns without padding.</summary>
        internal int Columns { get; }

        /// <summary>Index of the first result channel.</summary>
        internal int Channel { get; }

        internal bool IsWhole => Columns == Width;

        /// <summary>Adds a part of the sum to the block's result, or stores it if it is the first part.</summary>
        internal void Add(in IndirectJob job, SumPart part, float** line, Block block)
        {
            ConvolutionTile tile = ConvolutionTile.Active;
            float** table = line + 1;
            nint positions = PositionsOf(part, ref table, (nint)(*line));
            if (positions == 0 && !part.IsFirst)
            {
                return;
            }

            float* c = job.Result + block.Offset + Channel;
            if (IsWhole)
            {
                Run(job, part, positions, table, c, block.Distance, block.Valid, !part.IsFirst);
                return;
            }

            float* whole = Scratch.Rent(Scratch.Use.Tile, tile.Rows * tile.Columns);
            Run(job, part, positions, table, whole, Width, block.Valid, false);
            ColumnCopies.Copy(whole, Width, c, block.Distance, Columns, block.Valid);
        }

        /// <summary>
        /// Returns the table entries of a block that belong to a part of the sum. Parts are divided by kernel position,
        /// not by table entry: tables of large and small batches skip different positions, but the sum must be divided
        /// at the same positions in both to give identical results.
        /// </summary>
        private static nint PositionsOf(SumPart part, ref float** table, nint entries)
        {
            int step = ConvolutionTile.Active.Rows + 1;
            nint first = 0;
            while (first < entries && (nint)table[(first * step) + step - 1] < part.Position)
            {
                first++;
            }

            nint last = first;
            while (last < entries && (nint)table[(last * step) + step - 1] < part.Position + part.Positions)
            {
                last++;
            }

            table += first * step;
            return last - first;
        }

        private void Run(
            in IndirectJob job, SumPart part, nint positions, float** table, float* c, nint distance, int valid,
            bool adds)
        {
            if (job.Listed == null)
            {
                _kernel(positions, part.Channel, part.Depth, table, _weights, _positionStep, c, distance, valid, adds);
            }
            else
            {
                _listed(
                    positions, part.Channel, part.Depth, table, _weights, _positionStep, c, distance, valid, adds,
                    job.Listed);
            }
        }
    }
}
