namespace Temper.Kernels;

/// <summary>
/// Input gradient for inputs with one channel. Vectors hold pixels of a row, because vectors of kernel columns would be
/// only a third full. Rows of the output gradient are transposed and multiplied by the weights of a kernel row, which
/// gives the contribution of each kernel column to an input row. The contributions are then summed, each shifted by its
/// column.
/// </summary>
internal unsafe struct SingleChannelGradient
{
    /// <summary>
    /// Factor by which the number of vectors must be below that of <see cref="MergedColumns"/> to make up for the
    /// transposes.
    /// </summary>
    private const double Margin = 1.5;

    /// <summary>Number of multiplications worth a separate task.</summary>
    private const long TaskWork = 512 * 1024;

    private readonly IndirectJob _job;
    private readonly int _width;
    private readonly int _rowsPerTask;
    private float* _filters;

    private SingleChannelGradient(in IndirectJob job)
    {
        _job = job;
        _width = WidthOf(job.SourceWidth);
        long workPerRow = (long)job.Positions * job.Depth * _width;
        _rowsPerTask = (int)Math.Clamp(TaskWork / Math.Max(workPerRow, 1), 1, job.ResultHeight);
    }

    private readonly int RowTasks => Chunks.Count(_job.ResultHeight, _rowsPerTask);

    /// <summary>Whether this method saves enough.</summary>
    internal static bool Fit(in ConvolutionGeometry g) =>
        g.Groups == 1
            && g.InChannels == 1
            && Margin * g.KernelWidth * WidthOf(g.OutWidth) <= (double)g.OutWidth * WidthOf(g.KernelWidth);

    /// <summary>Computes the input gradient described by a job.</summary>
    internal static void Run(in IndirectJob job)
    {
        var gradient = new SingleChannelGradient(job);
        gradient._filters = Scratch.Rent(Scratch.Use.Weights, (long)job.Positions * job.Depth);
        gradient.Pack();
        WorkerPool.Current.Run(&Task, &gradient, job.Batch * gradient.RowTasks);
    }

    private static int WidthOf(int columns) => Chunks.Count(columns, GemmTile.Active.Lanes) * GemmTile.Active.Lanes;

    /// <summary>Packs the weights as <c>[kernel row, kernel column, o]</c>.</summary>
    private readonly void Pack()
    {
        float* to = _filters;
        for (int position = 0; position < _job.Positions; position++)
        {
            for (int o = 0; o < _job.Depth; o++)
            {
                *to++ = _job.Weight[((long)o * _job.Positions) + position];
            }
        }
    }

    private static void Task(void* state, int number)
    {
        var gradient = (SingleChannelGradient*)state;
        (int image, int rows) = Math.DivRem(number, gradient->RowTasks);
        int first = rows * gradient->_rowsPerTask;
        gradient->Rows(image, first, Math.Min(first + gradient->_rowsPerTask, gradient->_job.ResultHeight));
    }

    /// <summary>Computes some rows of the input gradient.</summary>
    private readonly void Rows(int image, int first, int end)
    {
        (int source, int sources) = SourceRows(first, end);
        long rowFloats = (long)_job.Depth * _width;
        float* transposed = Scratch.Rent(Scratch.Use.Left, sources * rowFloats);
        for (int i = 0; i < sources; i++)
        {
            long offset = ((long)(source + i) * _job.SourceWidth * _job.SourceChannels) + (image * _job.SourceImage);
            Transpose(_job.Source + offset, transposed + (i * rowFloats));
        }

        float* shares = Scratch.Rent(Scratch.Use.Partial, (long)_job.KernelWidth * _width);
        for (int row = first; row < end; row++)
        {
            float* target = _job.Result + (image * _job.ResultImage) + ((long)row * _job.ResultWidth);
            new Span<float>(target, _job.ResultWidth).Clear();
            bool adds = false;
            for (int position = 0; position < _job.KernelHeight; position++)
            {
                int from = _job.RowMap[(row * _job.KernelHeight) + position];
                if (from >= 0)
                {
                    Multiply(
                        _filters + ((long)position * _job.KernelWidth * _job.Depth),
                        transposed + ((from - source) * rowFloats), shares, adds);
                    adds = true;
                }
            }

            for (int position = 0; position < _job.KernelWidth && adds; position++)
            {
                AddShares(position, shares + ((long)position * _width), target);
            }
        }
    }

    /// <summary>
    /// Returns the first and the number of output gradient rows needed by some rows of the input gradient.
    /// </summary>
    private readonly (int First, int Count) SourceRows(int first, int end)
    {
        (int min, int max) = (int.MaxValue, -1);
        for (int i = first * _job.KernelHeight; i < end * _job.KernelHeight; i++)
        {
            int row = _job.RowMap[i];
            (min, max) = row < 0 ? (min, max) : (Math.Min(min, row), Math.Max(max, row));
        }

        return max < 0 ? (0, 0) : (min, max - min + 1);
    }

    /// <summary>Transposes a row to panels <c>[o, pixel]</c>, padded with zeros.</summary>
    private readonly void Transpose(float* row, float* target)
    {
        for (int first = 0; first < _width; first += GemmTile.Active.Columns)
        {
            int width = Math.Min(GemmTile.Active.Columns, _width - first),
                count = Math.Min(width, _job.SourceWidth - first);
            Transposes.Lines(
                row + ((long)first * _job.SourceChannels), _job.SourceChannels, count, _job.Depth, width, target);
            target += (long)_job.Depth * width;
        }
    }

    /// <summary>Computes <c>shares (+)= filters row</c>, <c>[kernel column, pixel]</c>.</summary>
    private readonly void Multiply(float* filters, float* row, float* shares, bool adds)
    {
        GemmTile tile = GemmTile.Active;
        int tiles = Chunks.Count(_job.KernelWidth, tile.Rows);
        for (int first = 0; first < _width; first += tile.Columns)
        {
            int width = Math.Min(tile.Columns, _width - first);
            for (int t = 0, position = 0; t < tiles; t++)
            {
                int positions = (_job.KernelWidth - position) / (tiles - t);
                tile.Kernel(positions, width / tile.Lanes)(
                    _job.Depth, filters + ((long)position * _job.Depth), _job.Depth, row, width, null,
                    shares + ((long)position * _width) + first, _width, adds);
                position += positions;
            }

            row += (long)_job.Depth * width;
        }
    }

    /// <summary>
    /// Adds one kernel column's contribution to a row of the input gradient: in one vector pass if the source pixels
    /// are contiguous, element by element if a stride leaves gaps.
    /// </summary>
    private readonly void AddShares(int position, float* shares, float* target)
    {
        int first = 0, last = _job.ResultWidth - 1;
        while (first <= last && Source(first, position) < 0)
        {
            first++;
        }

        while (last > first && Source(last, position) < 0)
        {
            last--;
        }

        if (first <= last && Source(last, position) - Source(first, position) == last - first)
        {
            Elementwise.Serial(
                default(AddKernel), target + first, shares + Source(first, position), target + first, last - first + 1);
            return;
        }

        for (int x = first; x <= last; x++)
        {
            target[x] += Source(x, position) < 0 ? 0 : shares[Source(x, position)];
        }
    }

    private readonly int Source(int x, int position) => _job.ColumnMap[(x * _job.KernelWidth) + position];
}
