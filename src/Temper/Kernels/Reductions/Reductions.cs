using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Temper.Kernels.Lanes;

namespace Temper.Kernels;

/// <summary>
/// Reductions of whole arrays and of axes. Blocks have a fixed size, and their results are combined in order, with sums
/// in double precision. The rounding error therefore does not grow with the length, and the result does not depend on
/// the number of threads.
/// </summary>
internal static unsafe class Reductions
{
    private const int BlockFloats = 4096;
    private const int MaxColumns = 1024;
    private const int MinRows = 32;
    private const int MaxRows = 512;   // length of sums in single precision

    internal static double Sum(ReadOnlySpan<float> x) => All(default(SumReducer), x);

    internal static double SumOfSquares(ReadOnlySpan<float> x) => All(default(SquareSumReducer), x);

    internal static double SumOfMagnitudes(ReadOnlySpan<float> x) => All(default(AbsoluteSumReducer), x);

    /// <summary>Sums the columns of <paramref name="x"/> <c>[rows, columns]</c>, as for a bias gradient.</summary>
    internal static void ColumnSums(ReadOnlySpan<float> x, Span<float> sums, int rows, int columns) =>
        Axis(default(SumReducer), x, sums, outer: 1, rows, columns);

    /// <summary>Reduces all elements to one number.</summary>
    internal static double All<TReducer>(TReducer reducer, ReadOnlySpan<float> x)
        where TReducer : unmanaged, IReducer
    {
        int chunks = Chunks.Count(x.Length, Chunks.Floats);
        double[] partial = ArrayPool<double>.Shared.Rent(Math.Max(1, chunks));
        fixed (float* px = x)
        fixed (double* pp = partial)
        {
            Chunks.Run(new AllBody<TReducer>(reducer, px, x.Length, pp), chunks);
        }

        double total = reducer.Identity;
        for (int i = 0; i < chunks; i++)
        {
            total = reducer.Join(total, partial[i]);
        }

        ArrayPool<double>.Shared.Return(partial);
        return total;
    }

    /// <summary>
    /// Reduces the middle axis of <paramref name="x"/> <c>[outer, axis, inner]</c> into <paramref name="y"/> <c>[outer,
    /// inner]</c>.
    /// </summary>
    internal static void Axis<TReducer>(
        TReducer reducer, ReadOnlySpan<float> x, Span<float> y, int outer, int axis, int inner)
        where TReducer : unmanaged, IReducer
    {
        Elementwise.RequireLength(x.Length, checked(outer * axis * inner));
        Elementwise.RequireLength(y.Length, outer * inner);
        if (y.IsEmpty)
        {
            return;
        }

        fixed (float* px = x, py = y)
        {
            if (inner == 1)
            {
                int rows = Chunks.Rows(axis);
                Chunks.Run(new RowsBody<TReducer>(reducer, px, py, outer, axis, rows), Chunks.Count(outer, rows));
            }
            else
            {
                Columns(reducer, px, py, outer, axis, inner);
            }
        }
    }

    /// <summary>Computes the mean over the middle axis; NaN if the axis is empty.</summary>
    internal static void Mean(ReadOnlySpan<float> x, Span<float> y, int outer, int axis, int inner)
    {
        Axis(default(SumReducer), x, y, outer, axis, inner);
        Elementwise.Apply(new RightDivide(axis), y, y);
    }

    /// <summary>Reduces contiguous numbers on the calling thread.</summary>
    internal static double Serial<TReducer>(TReducer reducer, float* x, int length)
        where TReducer : unmanaged, IReducer
    {
        double total = reducer.Identity;
        for (int start = 0; start < length; start += BlockFloats)
        {
            int count = Math.Min(BlockFloats, length - start);
            total = reducer.Join(
                total, Vector512.IsHardwareAccelerated ? Block<TReducer, Lanes512>(reducer, x + start, count)
                : Vector256.IsHardwareAccelerated ? Block<TReducer, Lanes256>(reducer, x + start, count)
                : Block<TReducer, Lanes128>(reducer, x + start, count));
        }

        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Block<TReducer, T>(TReducer reducer, float* x, int length)
        where TReducer : unmanaged, IReducer
        where T : unmanaged, ILanes<T>
    {
        T a0 = T.Create(reducer.Identity), a1 = a0, a2 = a0, a3 = a0;
        int i = 0;
        for (; i <= length - (4 * T.Count); i += 4 * T.Count)
        {
            a0 = reducer.Fold(a0, T.Load(x + i));
            a1 = reducer.Fold(a1, T.Load(x + i + T.Count));
            a2 = reducer.Fold(a2, T.Load(x + i + (2 * T.Count)));
            a3 = reducer.Fold(a3, T.Load(x + i + (3 * T.Count)));
        }

        for (; i <= length - T.Count; i += T.Count)
        {
            a0 = reducer.Fold(a0, T.Load(x + i));
        }

        Lane rest = Lane.Create(reducer.Identity);
        for (; i < length; i++)
        {
            rest = reducer.Fold(rest, Lane.Load(x + i));
        }

        float* lanes = stackalloc float[16];
        reducer.Join(reducer.Join(a0, a1), reducer.Join(a2, a3)).Store(lanes);
        double total = rest.Sum();
        for (int lane = 0; lane < T.Count; lane++)
        {
            total = reducer.Join(total, lanes[lane]);
        }

        return total;
    }

    /// <summary>
    /// Reduces with inner &gt; 1: each tile of rows by columns gives a partial result, and the partial results of a
    /// column are combined in order.
    /// </summary>
    private static void Columns<TReducer>(TReducer reducer, float* x, float* y, int outer, int axis, int inner)
        where TReducer : unmanaged, IReducer
    {
        int columns = Math.Min(inner, MaxColumns);
        int rows = Math.Clamp(Chunks.Floats / columns, MinRows, MaxRows);
        int rowTiles = Math.Max(1, Chunks.Count(axis, rows)), columnTiles = Chunks.Count(inner, columns);
        var tile = new TileBody<TReducer>(reducer, x, y, (axis, inner), (rows, columns), rowTiles, columnTiles, outer);
        if (rowTiles == 1)
        {
            Chunks.Run(tile, Chunks.Count(outer * columnTiles, tile.Group));
            return;
        }

        float[] partial = ArrayPool<float>.Shared.Rent(checked(outer * rowTiles * inner));
        fixed (float* pp = partial)
        {
            Chunks.Run(tile with { Target = pp }, Chunks.Count(outer * rowTiles * columnTiles, tile.Group));
            for (int o = 0; o < outer; o++)
            {
                float* source = pp + ((long)o * rowTiles * inner);
                for (int c = 0; c < inner; c++)
                {
                    double total = reducer.Identity;
                    for (int t = 0; t < rowTiles; t++)
                    {
                        total = reducer.Join(total, source[((long)t * inner) + c]);
                    }

                    y[((long)o * inner) + c] = (float)total;
                }
            }
        }

        ArrayPool<float>.Shared.Return(partial);
    }

    private readonly struct AllBody<TReducer>(TReducer reducer, float* x, int length, double* partial) : IChunkBody
        where TReducer : unmanaged, IReducer
    {
        public void Run(int chunk)
        {
            int start = chunk * Chunks.Floats;
            partial[chunk] = Serial(reducer, x + start, Math.Min(Chunks.Floats, length - start));
        }
    }

    private readonly struct RowsBody<TReducer>(TReducer reducer, float* x, float* y, int outer, int axis, int rows)
        : IChunkBody
        where TReducer : unmanaged, IReducer
    {
        public void Run(int chunk)
        {
            int end = Math.Min(outer, (chunk + 1) * rows);
            for (int row = chunk * rows; row < end; row++)
            {
                y[row] = (float)Serial(reducer, x + ((long)row * axis), axis);
            }
        }
    }

    private readonly struct TileBody<TReducer> : IChunkBody
        where TReducer : unmanaged, IReducer
    {
        private readonly TReducer _reducer;
        private readonly float* _x;
        private readonly (int Axis, int Inner) _size;
        private readonly (int Rows, int Columns) _tile;
        private readonly (int Rows, int Columns, int All) _tiles;

        internal TileBody(
            TReducer reducer, float* x, float* y, (int Axis, int Inner) size, (int Rows, int Columns) tile,
            int rowTiles, int columnTiles, int outer)
        {
            (_reducer, _size, _tile) = (reducer, size, tile);
            _x = x;
            Target = y;
            _tiles = (rowTiles, columnTiles, outer * rowTiles * columnTiles);
            Group = Math.Max(1, Chunks.Floats / (Math.Max(1, Math.Min(size.Axis, tile.Rows)) * tile.Columns));
        }

        /// <summary>Number of tiles per chunk; more than one if tiles are small.</summary>
        internal int Group { get; }

        /// <summary>Partial results, <c>[outer, row tiles, inner]</c>.</summary>
        internal float* Target { get; init; }

        public void Run(int chunk)
        {
            int end = Math.Min(_tiles.All, (chunk + 1) * Group);
            for (int number = chunk * Group; number < end; number++)
            {
                (int slab, int columnTile) = Math.DivRem(number, _tiles.Columns);
                (int outer, int rowTile) = Math.DivRem(slab, _tiles.Rows);
                int column = columnTile * _tile.Columns, row = rowTile * _tile.Rows;
                float* source = _x + ((((long)outer * _size.Axis) + row) * _size.Inner) + column;
                float* target = Target + ((long)slab * _size.Inner) + column;
                Tile(source, target, Math.Min(_tile.Rows, _size.Axis - row), Math.Min(
                    _tile.Columns, _size.Inner - column));
            }
        }

        private void Tile(float* x, float* y, int rows, int columns)
        {
            int c = 0;
            if (Vector512.IsHardwareAccelerated)
            {
                c = Strip<Lanes512>(x, y, rows, c, columns);
            }

            if (Vector256.IsHardwareAccelerated)
            {
                c = Strip<Lanes256>(x, y, rows, c, columns);
            }

            c = Strip<Lanes128>(x, y, rows, c, columns);
            Strip<Lane>(x, y, rows, c, columns);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private int Strip<T>(float* x, float* y, int rows, int c, int columns)
            where T : unmanaged, ILanes<T>
        {
            for (; c <= columns - T.Count; c += T.Count)
            {
                T a0 = T.Create(_reducer.Identity), a1 = a0, a2 = a0, a3 = a0;
                float* p = x + c;
                long inner = _size.Inner;
                int r = 0;
                for (; r <= rows - 4; r += 4, p += 4 * inner)
                {
                    a0 = _reducer.Fold(a0, T.Load(p));
                    a1 = _reducer.Fold(a1, T.Load(p + inner));
                    a2 = _reducer.Fold(a2, T.Load(p + (2 * inner)));
                    a3 = _reducer.Fold(a3, T.Load(p + (3 * inner)));
                }

                for (; r < rows; r++, p += inner)
                {
                    a0 = _reducer.Fold(a0, T.Load(p));
                }

                _reducer.Join(_reducer.Join(a0, a1), _reducer.Join(a2, a3)).Store(y + c);
            }

            return c;
        }
    }

    private readonly struct RightDivide(float divisor) : IUnaryOperator
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public T Invoke<T>(T x)
            where T : unmanaged, ILanes<T> => x / T.Create(divisor);
    }
}
