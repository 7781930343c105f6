namespace Temper.Kernels;

/// <summary>
/// The tiles and result channels of one task: the 36 products of transformed pixels and filters, and the transform of
/// their sums to results.
/// </summary>
internal readonly unsafe ref struct WinogradProducts
{
    private readonly ref readonly WinogradJob _job;
    private readonly int _task;
    private readonly ChannelRange _columns;
    private readonly TileRows _rows;
    private readonly TileVectors _sums;
    private readonly float* _patch;

    internal WinogradProducts(in WinogradJob job, int task, ChannelRange columns)
    {
        _job = ref job;
        (_task, _columns, _rows) = (task, columns, job.RowsOf(task));
        _sums = new TileVectors(Scratch.Use.Columns, _rows.Tiles, columns.Padded);
        _patch = Scratch.Rent(Scratch.Use.Tile, WinogradTransforms.PatchFloats + WinogradTransforms.Between);
    }

    private float* Between => _patch + WinogradTransforms.PatchFloats;

    /// <summary>
    /// Adds the products over some summed channels, or stores them if they are the first:
    /// <c>[product][panel][tile][column]</c>.
    /// </summary>
    /// <returns>Whether source pixels store any of these channels.</returns>
    internal bool Add(ChannelRange depth, bool isFirst)
    {
        ChannelRange channels = _job.Pixels(depth);
        if (channels.Count == 0)
        {
            return false;
        }

        TileVectors filters = _job.Filters(_columns, depth);
        var pixels = new TileVectors(Scratch.Use.Left, _rows.Tiles, channels.Padded);
        pixels.Transform<PixelTransform>(_job.Source, _rows, channels);
        for (int product = 0; product < TiledImages.Products; product++)
        {
            for (int column = 0; column < _columns.Padded; column += ConvolutionTile.Active.Columns)
            {
                float* right = filters.At(product) + (column * depth.Count),
                    sums = _sums.At(product) + (column * _rows.Tiles);
                if (_job.Convolution.Listed == null)
                {
                    Multiply(pixels.At(product), depth, right, Width(column), sums, !isFirst);
                }
                else
                {
                    MultiplyListed(
                        pixels.At(product), channels, right - ((long)depth.First * Width(column)), Width(column), sums,
                        !isFirst);
                }
            }
        }

        return true;
    }

    private void Multiply(float* pixels, ChannelRange depth, float* filters, int width, float* sums, bool adds)
    {
        for (int tile = 0; tile < _rows.Tiles; tile += GemmTile.Active.Rows)
        {
            int rows = Math.Min(GemmTile.Active.Rows, _rows.Tiles - tile);
            GemmTile.Active.Kernel(rows, width / GemmTile.Active.Lanes)(
                depth.Count, pixels + (tile * depth.Padded), depth.Padded, filters, width, null, sums + (tile * width),
                width, adds);
        }
    }

    /// <summary>
    /// Multiplies pixels that store only some of the channels. The filters are looked up by channel index, as for a
    /// single kernel position of the direct kernel.
    /// </summary>
    private void MultiplyListed(float* pixels, ChannelRange channels, float* filters, int width, float* sums, bool adds)
    {
        ConvolutionTile active = ConvolutionTile.Active;
        float** table = stackalloc float*[active.Rows + 1];
        for (int tile = 0; tile < _rows.Tiles; tile += active.Rows)
        {
            int valid = Math.Min(active.Rows, _rows.Tiles - tile);
            (int rows, nint kernel) = active.Listed(valid, width == active.Columns);
            for (int i = 0; i < rows; i++)
            {
                table[i] = pixels + ((tile + Math.Min(i, valid - 1)) * channels.Padded);
            }

            table[rows] = null;
            ((delegate*<nint, nint, nint, float**, float*, nint, float*, nint, int, bool, int*, void>)kernel)(
                1, 0, channels.Count, table, filters, 0, sums + (tile * width), width, valid, adds,
                _job.Convolution.Listed + channels.First);
        }
    }

    /// <summary>Computes the results of all tiles, with bias, addition, ReLU and statistics.</summary>
    internal void TransformSums()
    {
        float* statistics = _job.Convolution.StatisticsOf(_task, PixelCount());
        for (int column = 0; column < _columns.Padded; column += ConvolutionTile.Active.Columns)
        {
            int width = Width(column);
            var range = new ChannelRange(_columns.First + column, Math.Min(width, _columns.Count - column), width);
            float* sums = _sums.At(0) + (column * _rows.Tiles);
            for (int row = 0; row < _rows.Count; row++)
            {
                for (int index = 0; index < _rows.Columns; index++, sums += width)
                {
                    TransformTile(_rows.Corner(row, index), range, sums);
                }

                Tail(_rows.Corner(row, 0), range, statistics, isFirst: row == 0);
            }
        }
    }

    private void TransformTile(Corner corner, ChannelRange range, float* sums)
    {
        VectorGrid target = _job.Result.Target(corner, range, _patch);
        WinogradTransforms.Run<ResultTransform>(_sums.Grid(sums), target, range.Padded, Between);
        if (target.First == _patch)
        {
            _job.Result.Store(corner, range, _patch);
        }
    }

    private void Tail(Corner corner, ChannelRange range, float* statistics, bool isFirst)
    {
        ref readonly IndirectJob convolution = ref _job.Convolution;
        int rows = _job.Result.Rows(corner.Row / TiledImages.Step);
        for (int row = 0; row < rows; row++)
        {
            var block = new IndirectConvolution.Block(
                _job.Result.Offset(corner.Image, corner.Row + row, 0), convolution.ResultChannels,
                convolution.ResultWidth);
            float* first = convolution.Result + block.Offset + range.First;
            IndirectConvolution.Tail(
                convolution, block, range.First, range.Count, first, statistics, isFirst && row == 0);
        }
    }

    private int Width(int column) => WinogradFilters.PanelWidth(_columns, column);

    private int PixelCount()
    {
        int count = 0;
        for (int row = 0; row < _rows.Count; row++)
        {
            count += _job.Result.Rows(_rows.Corner(row, 0).Row / TiledImages.Step) * _job.Convolution.ResultWidth;
        }

        return count;
    }
}
