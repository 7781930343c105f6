namespace Temper.Kernels;

/// <summary>The pixels of one tile of a <see cref="SparseJob"/>: where they are read, where the results go.</summary>
internal readonly unsafe ref struct TilePixels
{
    private readonly int _rows;
    private readonly int _width;

    /// <summary>Floats of a row that exist.</summary>
    private readonly int _floats;
    private readonly nint _sourceRow;
    private readonly nint _row;
    private readonly nint _plane;
    private readonly float* _source;
    private readonly long _at;
    private readonly delegate*<nint, int*, int*, float*, float*, nint, float*, nint, float, float*, float*, nint, nint, void> _kernel;

    internal TilePixels(in SparseJob job, int row, int rows, int vector, int vectors)
    {
        int lanes = GemmTile.Active.Lanes;
        nint sourceRow = (nint)job.SourcePitch * job.Interleave, targetRow = (nint)job.Shape.Pitch * job.Interleave;
        _plane = (nint)job.Shape.Plane * job.Interleave;
        _source = job.Source + (row * sourceRow) + (vector * lanes * job.SourceStep);
        _at = ((long)job.Shape.Origin * job.Interleave) + (row * targetRow) + (vector * lanes);

        // With strides a tile has a row for each pixel, see SparseRun.
        bool hasSteps = job.SourceStep > 1;
        (_rows, int columns) = hasSteps ? (vectors, 1) : (rows, vectors);
        (_sourceRow, _row) = hasSteps ? ((nint)job.SourceStep * lanes, lanes) : (sourceRow, targetRow);
        _width = columns * lanes;
        _floats = Math.Min(_width, job.RowFloats - (vector * lanes));
        _kernel = SparseTile.Kernel(job.Block, _rows, columns);
    }

    /// <summary>A part of the sums of some blocks of channels; the sums so far are where the results will be.</summary>
    internal void Multiply(in SparseJob job, int part, int firstBlock, int lastBlock)
    {
        bool isFirst = part == 0;
        float floor = part == job.Parts - 1 ? job.Floor : float.NegativeInfinity;
        float* summed = isFirst ? job.Added : job.Target;
        float* start = isFirst ? job.Start + (firstBlock * job.Block) : job.Zeros;
        int step = isFirst ? job.Block : 0;
        int* starts = job.Starts + (part * job.Blocks);
        int whole = _floats < _width ? firstBlock : Math.Max(firstBlock, Math.Min(lastBlock, job.Channels / job.Block));
        long at = _at + (firstBlock * job.Block * _plane);
        _kernel(
            whole - firstBlock, starts + firstBlock, job.Places, job.Weights, _source, _sourceRow, start, step, floor,
            summed == null ? null : summed + at, job.Target + at, _row, _plane);
        at += (whole - firstBlock) * job.Block * _plane;
        for (int block = whole; block < lastBlock; block++, at += job.Block * _plane)
        {
            float* tile = Scratch.Rent(Scratch.Use.Tile, (long)job.Block * _rows * _width);
            _kernel(
                1, starts + block, job.Places, job.Weights, _source, _sourceRow, start + ((block - firstBlock) * step), 0, float.NegativeInfinity,
                null, tile, _width, (nint)_rows * _width);
            Finish(tile, summed == null ? null : summed + at, job.Target + at, Math.Min(job.Block, job.Channels - (block * job.Block)), floor);
        }
    }

    /// <summary>What exists of a tile, with what is added.</summary>
    private void Finish(float* tile, float* added, float* target, int channels, float floor)
    {
        for (int c = 0; c < channels; c++)
        {
            for (int r = 0; r < _rows; r++, tile += _width)
            {
                long offset = (c * _plane) + (r * _row);
                for (int i = 0; i < _floats; i++)
                {
                    target[offset + i] = Math.Max(tile[i] + (added == null ? 0 : added[offset + i]), floor);
                }
            }
        }
    }
}
