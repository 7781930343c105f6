namespace Temper.Kernels;

/// <summary>
/// Copies between a view and a contiguous array of the view's shape. Permute, slice, pad, concatenate, split and their
/// gradients are each a copy in one of the two directions.
/// </summary>
internal static unsafe class StridedCopies
{
    private const int TileRows = 32;

    /// <summary>Copies the view of <paramref name="x"/> to the contiguous array <paramref name="y"/>.</summary>
    internal static void Read<T>(ReadOnlySpan<T> x, in StridedView view, Span<T> y)
        where T : unmanaged
    {
        Elementwise.RequireLength(y.Length, view.Length);
        fixed (T* px = x, py = y)
        {
            Run(new CopyBody<T>(px + view.Offset, py, view, toView: false));
        }
    }

    /// <summary>
    /// Copies the contiguous array <paramref name="x"/> to the view of <paramref name="y"/>. Elements outside the view
    /// are not changed.
    /// </summary>
    internal static void Write<T>(ReadOnlySpan<T> x, Span<T> y, in StridedView view)
        where T : unmanaged
    {
        Elementwise.RequireLength(x.Length, view.Length);
        fixed (T* px = x, py = y)
        {
            Run(new CopyBody<T>(py + view.Offset, px, view, toView: true));
        }
    }

    private static void Run<T>(CopyBody<T> body)
        where T : unmanaged
    {
        if (body.Slabs > 0)
        {
            Chunks.Run(body, Chunks.Count(body.Slabs, body.SlabsPerChunk));
        }
    }

    /// <summary>
    /// Copies plane by plane. A plane consists of the innermost axis of the contiguous array and the axis along which
    /// the view is contiguous. If these are two different axes, the plane is transposed in tiles, so that both sides
    /// stay in the cache. The other axes are iterated in slabs.
    /// </summary>
    private readonly struct CopyBody<T> : IChunkBody
        where T : unmanaged
    {
        private readonly T* _strided;
        private readonly T* _flat;
        private readonly StridedView _view;
        private readonly bool _toView;
        private readonly int _rowAxis;
        private readonly int _rows;
        private readonly int _columns;

        internal CopyBody(T* strided, T* flat, StridedView view, bool toView)
        {
            _strided = strided;
            _flat = flat;
            (_view, _toView) = (view, toView);
            int last = view.Rank - 1;
            _columns = view.Size(last);
            _rowAxis = last - 1;   // -1: the plane has a single row
            for (int axis = 0; axis < last; axis++)
            {
                if (view.Stride(axis) == 1)
                {
                    _rowAxis = axis;
                }
            }

            _rows = _rowAxis < 0 ? 1 : view.Size(_rowAxis);
            RowTiles = Chunks.Count(_rows, TileRows);
            Slabs = view.Length == 0 ? 0 : view.Length / _rows / _columns * RowTiles;
            SlabsPerChunk = Chunks.Rows(Math.Min(_rows, TileRows) * _columns);
        }

        /// <summary>Number of row tiles per plane.</summary>
        private int RowTiles { get; }

        /// <summary>Number of row tiles of all planes.</summary>
        internal int Slabs { get; }

        internal int SlabsPerChunk { get; }

        public void Run(int chunk)
        {
            int end = Math.Min(Slabs, (chunk + 1) * SlabsPerChunk);
            for (int slab = chunk * SlabsPerChunk; slab < end; slab++)
            {
                (int plane, int tile) = Math.DivRem(slab, RowTiles);
                (long strided, long flat) = Offsets(plane);
                long rowStride = _rowAxis < 0 ? 0 : _view.Stride(_rowAxis);
                int row = tile * TileRows;
                Tile(
                    _strided + strided + (row * rowStride), _flat + flat + (row * FlatRowStride), rowStride,
                    Math.Min(TileRows, _rows - row));
            }
        }

        private long FlatRowStride
        {
            get
            {
                long stride = 1;
                for (int axis = _view.Rank - 1; axis > _rowAxis; axis--)
                {
                    stride *= _view.Size(axis);
                }

                return stride;
            }
        }

        /// <summary>Returns the offsets of plane <paramref name="plane"/> on both sides.</summary>
        private (long Strided, long Flat) Offsets(int plane)
        {
            long strided = 0, flat = 0, flatStride = _columns;
            for (int axis = _view.Rank - 2; axis >= 0; axis--)
            {
                if (axis != _rowAxis)
                {
                    (plane, int at) = Math.DivRem(plane, _view.Size(axis));
                    strided += (long)at * _view.Stride(axis);
                    flat += at * flatStride;
                }

                flatStride *= _view.Size(axis);
            }

            return (strided, flat);
        }

        private void Tile(T* strided, T* flat, long rowStride, int rows)
        {
            long columnStride = _view.Stride(_view.Rank - 1), flatStride = FlatRowStride;
            if (columnStride == 1)
            {
                for (int r = 0; r < rows; r++)
                {
                    var s = new Span<T>(strided + (r * rowStride), _columns);
                    var f = new Span<T>(flat + (r * flatStride), _columns);
                    (_toView ? f : s).CopyTo(_toView ? s : f);
                }

                return;
            }

            if (typeof(T) == typeof(float) && !_toView && rowStride == 1 && flatStride == _columns)
            {
                Transposes.Lines((float*)strided, (nint)columnStride, _columns, rows, _columns, (float*)flat);
                return;
            }

            for (int c = 0; c < _columns; c++)
            {
                T* s = strided + (c * columnStride);
                T* f = flat + c;
                for (int r = 0; r < rows; r++)
                {
                    if (_toView)
                    {
                        s[r * rowStride] = f[r * flatStride];
                    }
                    else
                    {
                        f[r * flatStride] = s[r * rowStride];
                    }
                }
            }
        }
    }
}
