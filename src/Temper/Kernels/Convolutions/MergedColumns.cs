using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>
/// Input gradient for inputs with too few channels for a tile. Matrix products, one per kernel row, multiply a row of
/// the output gradient by the weights. They give the contribution of each kernel column to the input gradient,
/// <c>[pixel, kernel column x channel]</c>. Then the contributions to each input pixel are summed.
/// </summary>
internal unsafe struct MergedColumns
{
    /// <summary>Factor by which the number of multiplications must shrink to make up for the extra sums.</summary>
    private const double Margin = 1.4;

    /// <summary>Number of multiplications worth a separate task.</summary>
    private const long TaskWork = 512 * 1024;

    private readonly IndirectJob _job;
    private readonly int _width;
    private readonly int _rowsPerTask;
    private float* _filters;

    private MergedColumns(in IndirectJob job)
    {
        _job = job;
        _width = WidthOf(job.KernelWidth * job.ResultChannels);
        long workPerRow = (long)job.SourceWidth * job.KernelHeight * job.Depth * _width;
        _rowsPerTask = (int)Math.Clamp(TaskWork / Math.Max(workPerRow, 1), 1, job.ResultHeight);
    }

    private readonly int RowTasks => Chunks.Count(_job.ResultHeight, _rowsPerTask);

    /// <summary>Whether this method saves enough multiplications.</summary>
    internal static bool Fit(in ConvolutionGeometry g) =>
        g.Groups == 1
            && Margin * WidthOf(g.KernelWidth * g.InChannels) < g.KernelWidth * ConvolutionTile.Active.PaddedColumns(
                g.InChannels);

    /// <summary>Computes the input gradient described by a job.</summary>
    internal static void Run(in IndirectJob job)
    {
        var merged = new MergedColumns(job);
        merged._filters = Scratch.Rent(Scratch.Use.Weights, (long)job.KernelHeight * job.Depth * merged._width);
        merged.Pack();
        WorkerPool.Current.Run(&Task, &merged, job.Batch * merged.RowTasks);
    }

    private static int WidthOf(int columns) => Chunks.Count(columns, GemmTile.Active.Lanes) * GemmTile.Active.Lanes;

    /// <summary>
    /// Packs the weights as panels <c>[kernel row][panel][o][kernel column x channel]</c>, padded with zeros.
    /// </summary>
    private readonly void Pack()
    {
        int positions = _job.Positions, channels = _job.ResultChannels, merged = _job.KernelWidth * channels;
        float* to = _filters;
        for (int row = 0; row < _job.KernelHeight; row++)
        {
            for (int first = 0; first < _width; first += GemmTile.Active.Columns)
            {
                int end = Math.Min(first + GemmTile.Active.Columns, _width);
                for (int o = 0; o < _job.Depth; o++)
                {
                    float* filter = _job.Weight + ((long)o * channels * positions) + (row * _job.KernelWidth);
                    for (int column = first; column < end; column++)
                    {
                        (int position, int channel) = Math.DivRem(column, channels);
                        *to++ = column < merged ? filter[(channel * positions) + position] : 0;
                    }
                }
            }
        }
    }

    private static void Task(void* state, int number)
    {
        var merged = (MergedColumns*)state;
        (int image, int rows) = Math.DivRem(number, merged->RowTasks);
        int end = Math.Min((rows + 1) * merged->_rowsPerTask, merged->_job.ResultHeight);
        for (int row = rows * merged->_rowsPerTask; row < end; row++)
        {
            merged->Row(image, row);
        }
    }

    /// <summary>Computes one row of the input gradient.</summary>
    private readonly void Row(int image, int row)
    {
        // The sums read whole registers, so the memory extends past the last contribution.
        float* shares = Scratch.Rent(Scratch.Use.Partial, ((long)_job.SourceWidth * _width) + GemmTile.Active.Lanes);
        float* target = _job.Result + (image * _job.ResultImage) + ((long)row * _job.ResultWidth * _job.ResultChannels);
        bool adds = false;
        for (int position = 0; position < _job.KernelHeight; position++)
        {
            int source = _job.RowMap[(row * _job.KernelHeight) + position];
            if (source >= 0)
            {
                float* pixels =
                    _job.Source + (image * _job.SourceImage) + ((long)source * _job.SourceWidth * _job.SourceChannels);
                Multiply(pixels, _filters + ((long)position * _job.Depth * _width), shares, adds);
                adds = true;
            }
        }

        if (!adds)
        {
            new Span<float>(target, _job.ResultWidth * _job.ResultChannels).Clear();
            return;
        }

        switch (Simd.Active)
        {
            case SimdWidth.Scalar:
                Sum<Lane>(shares, target);
                break;
            case >= SimdWidth.Vector256 when _job.ResultChannels > 4:
                Sum<Lanes256>(shares, target);
                break;
            default:
                Sum<Lanes128>(shares, target);
                break;
        }
    }

    /// <summary>
    /// Computes <c>shares (+)= pixels filters</c>, one tile of pixels and one panel of columns at a time.
    /// </summary>
    private readonly void Multiply(float* pixels, float* filters, float* shares, bool adds)
    {
        GemmTile tile = GemmTile.Active;
        int tiles = Chunks.Count(_job.SourceWidth, tile.Rows);
        for (int first = 0; first < _width; first += tile.Columns)
        {
            int width = Math.Min(tile.Columns, _width - first);
            for (int t = 0, pixel = 0; t < tiles; t++)
            {
                int rows = (_job.SourceWidth - pixel) / (tiles - t);
                tile.Kernel(rows, width / tile.Lanes)(
                    _job.Depth, pixels + ((long)pixel * _job.SourceChannels), _job.SourceChannels, filters, width, null,
                    shares + ((long)pixel * _width) + first, _width, adds);
                pixel += rows;
            }

            filters += (long)_job.Depth * width;
        }
    }

    /// <summary>
    /// Sums the contributions to each pixel. Vectors write past the channels of a pixel; the next pixel overwrites
    /// these floats.
    /// </summary>
    private readonly void Sum<TLanes>(float* shares, float* target)
        where TLanes : unmanaged, ILanes<TLanes>
    {
        int channels = _job.ResultChannels;
        float* end = target + ((long)_job.ResultWidth * channels);
        for (int x = 0; x < _job.ResultWidth; x++)
        {
            int* sources = _job.ColumnMap + (x * _job.KernelWidth);
            for (int channel = 0; channel < channels; channel += TLanes.Count)
            {
                TLanes sum = TLanes.Zero;
                for (int position = 0; position < _job.KernelWidth; position++)
                {
                    if (sources[position] >= 0)
                    {
                        sum +=
                            TLanes.Load(shares + ((long)sources[position] * _width) + (position * channels) + channel);
                    }
                }

                float* to = target + ((long)x * channels) + channel;
                if (to + TLanes.Count <= end)
                {
                    sum.Store(to);
                }
                else
                {
                    sum.StoreFirst((int)(end - to), to);
                }
            }
        }
    }
}
