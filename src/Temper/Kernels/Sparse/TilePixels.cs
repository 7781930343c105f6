namespace Temper.Kernels;

/// <summary>Source and target addresses of the pixels of one tile of a <see cref="SparseJob"/>.</summary>
internal readonly unsafe ref struct TilePixels
{
    private readonly int _rows;
    private readonly int _width;

    /// <summary>Number of floats of a row that belong to the result; the rest only fill up vectors.</summary>
    private readonly int _floats;
    private readonly nint _sourceRow;
    private readonly nint _row;
    private readonly nint _plane;
    private readonly float* _source;
    private readonly long _at;
    private readonly delegate*<SparseTileCall*, void> _kernel;

    internal TilePixels(in SparseJob job, int row, int rows, int vector, int vectors)
    {
        int lanes = GemmTile.Active.Lanes;
        nint sourceRow = (nint)job.SourcePitch * job.Interleave, targetRow = (nint)job.Shape.Pitch * job.Interleave;
        _plane = (nint)job.Shape.Plane * job.Interleave;
        _source = job.Source + (row * sourceRow) + (vector * lanes * job.SourceStep);
        _at = ((long)job.Shape.Origin * job.Interleave) + (row * targetRow) + (vector * lanes);

        // With strides, a tile has one row per pixel; see SparseRun.
        bool hasSteps = job.SourceStep > 1;
        (_rows, int columns) = hasSteps ? (vectors, 1) : (rows, vectors);
        (_sourceRow, _row) = hasSteps ? ((nint)job.SourceStep * lanes, lanes) : (sourceRow, targetRow);
        _width = columns * lanes;
        _floats = Math.Min(_width, job.RowFloats - (vector * lanes));
        _kernel = SparseTile.Kernel(job.Block, _rows, columns);
    }

    /// <summary>
    /// Computes one part of the sums of some channel blocks. The sums of the preceding parts are read from the target.
    /// </summary>
    internal void Multiply(in SparseJob job, int part, int firstBlock, int lastBlock)
    {
        bool isFirst = part == 0;
        float* summed = isFirst ? job.Added : job.Target;
        int whole = _floats < _width ? firstBlock : Math.Max(firstBlock, Math.Min(lastBlock, job.Channels / job.Block));
        long at = _at + (firstBlock * job.Block * _plane);
        var call = new SparseTileCall
        {
            Blocks = whole - firstBlock,
            Starts = job.Starts + (part * job.Blocks) + firstBlock,
            Offsets = job.Offsets,
            Weights = job.Weights,
            Source = _source,
            SourceRow = _sourceRow,
            Start = isFirst ? job.Start + (firstBlock * job.Block) : job.Zeros,
            StartStep = isFirst ? job.Block : 0,
            Floor = part == job.Parts - 1 ? job.Floor : float.NegativeInfinity,
            Added = summed == null ? null : summed + at,
            Target = job.Target + at,
            TargetRow = _row,
            TargetChannel = _plane,
        };
        _kernel(&call);
        for (int block = whole; block < lastBlock; block++)
        {
            MultiplyCut(job, call, block, block - firstBlock);
        }
    }

    /// <summary>
    /// Computes one block with channels or pixels that are not part of the result, in scratch memory, and copies the
    /// rest.
    /// </summary>
    /// <param name="job">The convolution.</param>
    /// <param name="call">Arguments for the first block.</param>
    /// <param name="block">Index of the block.</param>
    /// <param name="ahead">Number of blocks from the first block of the call to this one.</param>
    private void MultiplyCut(in SparseJob job, in SparseTileCall call, int block, int ahead)
    {
        nint distance = ahead * job.Block * _plane;
        float* tile = Scratch.Rent(Scratch.Use.Tile, (long)job.Block * _rows * _width);
        SparseTileCall one = call with
        {
            Blocks = 1,
            Starts = call.Starts + ahead,
            Start = call.Start + (ahead * call.StartStep),
            StartStep = 0,
            Floor = float.NegativeInfinity,
            Added = null,
            Target = tile,
            TargetRow = _width,
            TargetChannel = (nint)_rows * _width,
        };
        _kernel(&one);
        float* added = call.Added == null ? null : call.Added + distance;
        int channels = Math.Min(job.Block, job.Channels - (block * job.Block));
        Finish(tile, added, call.Target + distance, channels, call.Floor);
    }

    /// <summary>Copies the valid part of a tile to the result, after adding the residual.</summary>
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
