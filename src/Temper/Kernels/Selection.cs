using System.Numerics;

namespace Temper.Kernels;

/// <summary>Which of two numbers is wanted more. NaN counts as larger than everything.</summary>
/// <param name="IsSmallest">Whether the smaller one is wanted.</param>
/// <param name="TakesLast">Whether the later of equal ones is.</param>
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

/// <summary>Where the largest or smallest numbers are.</summary>
internal static class Selection
{
    /// <summary>Index of the wanted one along the middle axis of <paramref name="x"/> [outer, axis, inner].</summary>
    internal static void ArgExtreme<T>(ReadOnlySpan<T> x, Span<long> index, (int Outer, int Axis, int Inner) size, Preference preference)
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

    /// <summary>The wanted ones of each row of <paramref name="x"/> [rows, columns], in order; of equal ones the first.</summary>
    /// <param name="x">Numbers [rows, columns].</param>
    /// <param name="values">Room for the result [rows, count].</param>
    /// <param name="index">Their columns [rows, count].</param>
    /// <param name="columns">Length of a row, at least count.</param>
    /// <param name="isSmallest">Whether the smallest are wanted.</param>
    internal static void TopK<T>(ReadOnlySpan<T> x, Span<T> values, Span<long> index, int columns, bool isSmallest)
        where T : unmanaged, INumber<T>
    {
        if (values.IsEmpty)
        {
            return;
        }

        int rows = x.Length / columns, count = values.Length / rows;
        for (int row = 0; row < rows; row++)
        {
            TopK(x.Slice(row * columns, columns), values.Slice(row * count, count), index.Slice(row * count, count), new Preference(isSmallest, false));
        }
    }

    private static void TopK<T>(ReadOnlySpan<T> x, Span<T> values, Span<long> index, Preference preference)
        where T : unmanaged, INumber<T>
    {
        int held = 0;
        for (int i = 0; i < x.Length; i++)
        {
            if (held == values.Length && !preference.Prefers(x[i], values[^1]))
            {
                continue;
            }

            // Insertion into the sorted list: the list is short, and few numbers come this far.
            int at = held < values.Length ? held++ : held - 1;
            for (; at > 0 && preference.Prefers(x[i], values[at - 1]); at--)
            {
                (values[at], index[at]) = (values[at - 1], index[at - 1]);
            }

            (values[at], index[at]) = (x[i], i);
        }
    }
}
