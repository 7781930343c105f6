using System.Numerics;

namespace Temper.Kernels;

/// <summary>Order of preference of two numbers. NaN counts as larger than everything.</summary>
/// <param name="IsSmallest">Whether the smaller number is preferred, rather than the larger.</param>
/// <param name="TakesLast">Whether the later of equal numbers is preferred, rather than the first.</param>
internal readonly record struct Preference(bool IsSmallest, bool TakesLast)
{
    internal bool Prefers<T>(T later, T held)
        where T : unmanaged, INumber<T>
    {
        bool isAhead = IsSmallest
            ? later < held || (T.IsNaN(held) && !T.IsNaN(later))
            : later > held || (T.IsNaN(later) && !T.IsNaN(held));
        return isAhead || (TakesLast && (later == held || (T.IsNaN(later) && T.IsNaN(held))));
    }
}

/// <summary>Finds the indices of the largest or smallest numbers.</summary>
internal static unsafe class Selection
{
    /// <summary>
    /// Finds the index of the preferred number along the middle axis of <paramref name="x"/> <c>[outer, axis,
    /// inner]</c>.
    /// </summary>
    internal static void ArgExtreme<T>(
        ReadOnlySpan<T> x, Span<long> index, (int Outer, int Axis, int Inner) size, Preference preference)
        where T : unmanaged, INumber<T>
    {
        Elementwise.RequireLength(index.Length, size.Outer * size.Inner);
        for (int o = 0; o < size.Outer; o++)
        {
            for (int i = 0; i < size.Inner; i++)
            {
                int best = 0, start = (o * size.Axis * size.Inner) + i;
                for (int a = 1; a < size.Axis; a++)
                {
                    if (preference.Prefers(x[start + (a * size.Inner)], x[start + (best * size.Inner)]))
                    {
                        best = a;
                    }
                }

                index[(o * size.Inner) + i] = best;
            }
        }
    }

    /// <summary>
    /// Finds the columns of the largest or smallest numbers of each row of <paramref name="x"/> <c>[rows, columns]</c>,
    /// in sorted order. Of equal numbers the first comes first.
    /// </summary>
    /// <remarks>
    /// NaN counts as larger than everything. Takes O(columns + count) per row, with rows in parallel; the result does
    /// not depend on the number of threads.
    /// </remarks>
    /// <param name="x">Numbers, <c>[rows, columns]</c>.</param>
    /// <param name="index">Receives the columns, <c>[rows, count]</c>.</param>
    /// <param name="columns">Length of a row, at least count.</param>
    /// <param name="isSmallest">Whether the smallest numbers are wanted, rather than the largest.</param>
    internal static void TopK<T>(ReadOnlySpan<T> x, Span<long> index, int columns, bool isSmallest)
        where T : unmanaged, INumber<T>
    {
        if (!index.IsEmpty)
        {
            int rows = x.Length / columns;
            Run(x, index, new RadixSelection(columns, index.Length / rows, isSmallest));
        }
    }

    /// <summary>
    /// Finds the column of the number with the given rank in each row of <paramref name="x"/> <c>[rows, columns]</c>:
    /// the last one that <see cref="TopK{T}"/> returns for that count.
    /// </summary>
    /// <param name="x">Numbers, <c>[rows, columns]</c>.</param>
    /// <param name="index">Receives the columns, <c>[rows]</c>.</param>
    /// <param name="rank">Rank, from 1 (the largest or smallest) to the length of a row.</param>
    /// <param name="isSmallest">Whether ranks count from the smallest number, rather than from the largest.</param>
    internal static void KthValue<T>(ReadOnlySpan<T> x, Span<long> index, int rank, bool isSmallest)
        where T : unmanaged, INumber<T>
    {
        if (!index.IsEmpty)
        {
            Run(x, index, new RadixSelection(x.Length / index.Length, rank, isSmallest) { TakesLast = true });
        }
    }

    private static void Run<T>(ReadOnlySpan<T> x, Span<long> index, RadixSelection selection)
        where T : unmanaged, INumber<T>
    {
        int rows = x.Length / selection.Columns, each = index.Length / rows;
        Elementwise.RequireLength(x.Length, rows * selection.Columns);
        Elementwise.RequireLength(index.Length, rows * each);
        fixed (T* px = x)
        fixed (long* pi = index)
        {
            var body = new RowsBody<T> { X = px, Index = pi, Rows = rows, Each = each, Selection = selection };
            Chunks.Run(body, Chunks.Count(rows, body.RowsOfChunk));
        }
    }

    private readonly struct RowsBody<T> : IChunkBody
        where T : unmanaged, INumber<T>
    {
        /// <summary>Cost of a number, relative to one of a memory-bound kernel.</summary>
        private const int Cost = 4;

        internal T* X { get; init; }

        internal long* Index { get; init; }

        internal int Rows { get; init; }

        /// <summary>Number of results per row.</summary>
        internal int Each { get; init; }

        internal RadixSelection Selection { get; init; }

        internal int RowsOfChunk => Chunks.Rows((int)Math.Min((long)Selection.Columns * Cost, Chunks.Floats));

        public void Run(int chunk)
        {
            int end = (int)Math.Min(Rows, ((long)chunk + 1) * RowsOfChunk);
            for (int row = chunk * RowsOfChunk; row < end; row++)
            {
                Selection.Row(X + ((long)row * Selection.Columns), new Span<long>(Index + ((long)row * Each), Each));
            }
        }
    }
}
