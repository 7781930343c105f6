namespace Temper.Kernels;

/// <summary>One task's tiles and result channels: the 36 products of transformed pixels and filters, and what they become.</summary>
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

    /// <summary>Adds the products over some of the channels that are summed over, or sets them: <c>[product][panel][tile][column]</c>.</summary>
    internal void Add(ChannelRange depth, bool isFirst)
    {
        TileVectors filters = _job.Filters(_columns, depth);
        var pixels = new TileVectors(Scratch.Use.Left, _rows.Tiles, depth.Padded);
        pixels.Transform<PixelTransform>(_job.Source, _rows, depth);
        for (int product = 0; product < TiledImages.Products; product++)
        {
            for (int column = 0; column < _columns.Padded; column += ConvolutionTile.Active.Columns)
            {
                Multiply(
                    pixels.At(product), depth, filters.At(product) + (column * depth.Count), Width(column),
                    _sums.At(product) + (column * _rows.Tiles), !isFirst);
            }
        }
    }

    private void Multiply(float* pixels, ChannelRange depth, float* filters, int width, float* sums, bool adds)
    {
        for (int tile = 0; tile < _rows.Tiles; tile += GemmTile.Active.Rows)
        {
            int rows = Math.Min(GemmTile.Active.Rows, _rows.Tiles - tile);
            GemmTile.Active.Kernel(rows, width / GemmTile.Active.Lanes)(
                depth.Count, pixels + (tile * depth.Padded), depth.Padded, filters, width, null, sums + (tile * width), width, adds);
        }
    }

    /// <summary>The results of all tiles, with bias, addition, ReLU and statistics.</summary>
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
                for (int place = 0; place < _rows.Columns; place++, sums += width)
                {
                    TransformTile(_rows.Corner(row, place), range, sums);
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
                _job.Result.Offset(corner.Image, corner.Row + row, 0), convolution.ResultChannels, convolution.ResultWidth);
            float* first = convolution.Result + block.Offset + range.First;
            IndirectConvolution.Tail(convolution, block, range.First, range.Count, first, statistics, isFirst && row == 0);
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
