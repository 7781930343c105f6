namespace Temper.Kernels;

/// <summary>One task's tiles and result channels: the 36 products of transformed pixels and filters, and what they become.</summary>
internal readonly unsafe ref struct WinogradProducts
{
    /// <summary>Floats between neighboring products, so that a tile's 36 vectors do not all fall into one set of the cache.</summary>
    internal const int Skew = 16;

    private readonly ref readonly WinogradJob _job;
    private readonly int _task;
    private readonly ChannelRange _columns;
    private readonly int _firstRow;
    private readonly int _rows;
    private readonly int _tiles;
    private readonly float* _filters;
    private readonly float* _pixels;
    private readonly float* _sums;
    private readonly float* _patch;

    internal WinogradProducts(in WinogradJob job, int task, ChannelRange columns)
    {
        _job = ref job;
        _task = task;
        _columns = columns;
        (_firstRow, _rows) = job.Tiling.RowsOf(task);
        _tiles = _rows * job.Tiling.TileColumns;
        const int Block = WinogradTiling.BlockChannels;
        _filters = Scratch.Rent(Scratch.Use.Right, TiledImages.Products * ((Block * Block) + Skew));
        _pixels = Scratch.Rent(Scratch.Use.Left, TiledImages.Products * ((_tiles * Block) + Skew));
        _sums = Scratch.Rent(Scratch.Use.Columns, TiledImages.Products * ((_tiles * Block) + Skew));
        _patch = Scratch.Rent(Scratch.Use.Tile, (TiledImages.Products * Block) + WinogradTransforms.Between);
    }

    private float* Between => _patch + (TiledImages.Products * WinogradTiling.BlockChannels);

    /// <summary>Floats of one product's sums.</summary>
    private int SumsStep => (_tiles * _columns.Padded) + Skew;

    private int PixelsStep(ChannelRange depth) => (_tiles * depth.Padded) + Skew;

    private int FiltersStep(ChannelRange depth) => (depth.Count * _columns.Padded) + Skew;

    /// <summary><c>[product][panel][channel summed over][column]</c>. The gradient of the input sees the filters turned around.</summary>
    internal void TransformFilters(ChannelRange depth)
    {
        ref readonly IndirectJob convolution = ref _job.Convolution;
        nint step = FiltersStep(depth);
        for (int column = 0; column < _columns.Padded; column += ConvolutionTile.Active.Columns)
        {
            int width = Width(column);
            float* panel = convolution.Packed + ((long)(_columns.First + column) * convolution.Taps * convolution.Depth) + ((long)depth.First * width);
            nint tap = (nint)convolution.Depth * width;
            VectorGrid source = convolution.IsBackward ? new(panel + (8 * tap), -3 * tap, -tap) : new(panel, 3 * tap, tap);
            var target = new VectorGrid(_filters + (column * depth.Count), 6 * step, step);
            WinogradTransforms.Run<FilterTransform>(source, target, depth.Count * width, Between);
        }
    }

    /// <summary><c>[product][tile][channel summed over]</c>.</summary>
    internal void TransformPixels(ChannelRange depth)
    {
        nint step = PixelsStep(depth);
        float* target = _pixels;
        for (int row = _firstRow; row < _firstRow + _rows; row++)
        {
            for (int column = 0; column < _job.Tiling.TileColumns; column++, target += depth.Padded)
            {
                VectorGrid source = _job.Source.Read(_job.SourceCorner(row, column), size: 6, depth, _patch);
                WinogradTransforms.Run<PixelTransform>(source, new VectorGrid(target, 6 * step, step), depth.Padded, Between);
            }
        }
    }

    /// <summary>Adds to the sums, or sets them: <c>[product][panel][tile][column]</c>.</summary>
    internal void Multiply(ChannelRange depth, bool isFirst)
    {
        for (int product = 0; product < TiledImages.Products; product++)
        {
            float* pixels = _pixels + (product * PixelsStep(depth));
            for (int column = 0; column < _columns.Padded; column += ConvolutionTile.Active.Columns)
            {
                int width = Width(column);
                float* filters = _filters + (product * FiltersStep(depth)) + (column * depth.Count);
                float* sums = _sums + (product * SumsStep) + (column * _tiles);
                for (int tile = 0; tile < _tiles; tile += GemmTile.Active.Rows)
                {
                    int rows = Math.Min(GemmTile.Active.Rows, _tiles - tile);
                    GemmTile.Active.Kernel(rows, width / GemmTile.Active.Lanes)(
                        depth.Count, pixels + (tile * depth.Padded), depth.Padded, filters, width, sums + (tile * width), width, !isFirst);
                }
            }
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
            float* sums = _sums + (column * _tiles);
            for (int row = 0; row < _rows; row++)
            {
                for (int place = 0; place < _job.Tiling.TileColumns; place++, sums += width)
                {
                    TransformTile(_job.ResultCorner(_firstRow + row, place), range, sums);
                }

                Tail(_job.ResultCorner(_firstRow + row, 0), range, statistics, isFirst: row == 0);
            }
        }
    }

    private void TransformTile(Corner corner, ChannelRange range, float* sums)
    {
        VectorGrid target = _job.Result.Target(corner, range, _patch);
        WinogradTransforms.Run<ResultTransform>(new VectorGrid(sums, 6 * SumsStep, SumsStep), target, range.Padded, Between);
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

    private int Width(int column) => Math.Min(ConvolutionTile.Active.Columns, _columns.Padded - column);

    private int PixelCount()
    {
        int count = 0;
        for (int row = _firstRow; row < _firstRow + _rows; row++)
        {
            count += _job.Result.Rows(row % _job.Result.TileRows) * _job.Convolution.ResultWidth;
        }

        return count;
    }
}
