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
    private readonly delegate*<nint, int*, nint, float*, float*, nint, float*, float, float*, float*, nint, nint, void> _kernel;

    internal TilePixels(in SparseJob job, int row, int rows, int vector, int vectors)
    {
        int lanes = GemmTile.Active.Lanes;
        _rows = rows;
        _width = vectors * lanes;
        _floats = Math.Min(_width, job.RowFloats - (vector * lanes));
        _sourceRow = (nint)job.SourcePitch * job.Interleave;
        _row = (nint)job.Shape.Pitch * job.Interleave;
        _plane = (nint)job.Shape.Plane * job.Interleave;
        _source = job.Source + (row * _sourceRow) + (vector * lanes);
        _at = ((long)job.Shape.Origin * job.Interleave) + (row * _row) + (vector * lanes);
        _kernel = SparseTile.Kernel(job.Block, rows, vectors);
    }

    /// <summary>A part of the sums of some blocks of channels; the sums so far are where the results will be.</summary>
    internal void Multiply(in SparseJob job, int part, int firstBlock, int lastBlock)
    {
        bool isFirst = part == 0;
        float floor = part == job.Parts - 1 ? job.Floor : float.NegativeInfinity;
        float* summed = isFirst ? job.Added : job.Target;
        float* start = isFirst ? job.Start + (firstBlock * job.Block) : job.Zeros;
        int step = isFirst ? job.Block : 0;
        bool isPartial = _floats < _width;
        int* starts = job.Starts + (part * job.Blocks);
        long at = _at + (firstBlock * job.Block * _plane);
        for (int block = firstBlock; block < lastBlock; block++, at += job.Block * _plane, start += step)
        {
            int first = starts[block], count = starts[block + 1] - first;
            float* added = summed == null ? null : summed + at;
            int* places = job.Places + first;
            float* weights = job.Weights + ((long)first * job.Block);
            if (isPartial || (block + 1) * job.Block > job.Channels)
            {
                float* tile = Scratch.Rent(Scratch.Use.Tile, (long)job.Block * _rows * _width);
                _kernel(count, places, job.Interleave, weights, _source, _sourceRow, start, float.NegativeInfinity, null, tile, _width, (nint)_rows * _width);
                Finish(tile, added, job.Target + at, Math.Min(job.Block, job.Channels - (block * job.Block)), floor);
            }
            else if (count > 0 || isFirst || floor == 0)
            {
                _kernel(count, places, job.Interleave, weights, _source, _sourceRow, start, floor, added, job.Target + at, _row, _plane);
            }
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
