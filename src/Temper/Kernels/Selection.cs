namespace Temper.Kernels;

/// <summary>Where the largest numbers are. NaN counts as larger than everything; of equal numbers the first is taken.</summary>
internal static class Selection
{
    /// <summary>Index of the largest along the middle axis of <paramref name="x"/> [outer, axis, inner].</summary>
    internal static void ArgMax(ReadOnlySpan<float> x, Span<long> index, int outer, int axis, int inner)
    {
        Elementwise.RequireLength(index.Length, outer * inner);
        for (int o = 0; o < outer; o++)
        {
            for (int i = 0; i < inner; i++)
            {
                int best = 0, start = (o * axis * inner) + i;
                for (int a = 1; a < axis; a++)
                {
                    if (IsLarger(x[start + (a * inner)], x[start + (best * inner)]))
                    {
                        best = a;
                    }
                }

                index[(o * inner) + i] = best;
            }
        }
    }

    /// <summary>The <paramref name="count"/> largest of each row of <paramref name="x"/> [rows, columns], largest first.</summary>
    /// <param name="x">Numbers [rows, columns].</param>
    /// <param name="values">Result [rows, count].</param>
    /// <param name="index">Their columns [rows, count].</param>
    /// <param name="columns">Length of a row.</param>
    /// <param name="count">At most <paramref name="columns"/>.</param>
    internal static void TopK(ReadOnlySpan<float> x, Span<float> values, Span<long> index, int columns, int count)
    {
        for (int row = 0; row * count < values.Length; row++)
        {
            TopK(x.Slice(row * columns, columns), values.Slice(row * count, count), index.Slice(row * count, count));
        }
    }

    private static void TopK(ReadOnlySpan<float> x, Span<float> values, Span<long> index)
    {
        int held = 0;
        for (int i = 0; i < x.Length; i++)
        {
            if (held == values.Length && !IsLarger(x[i], values[^1]))
            {
                continue;
            }

            // Insertion into the sorted list: the list is short, and few numbers come this far.
            int at = held < values.Length ? held++ : held - 1;
            for (; at > 0 && IsLarger(x[i], values[at - 1]); at--)
            {
                (values[at], index[at]) = (values[at - 1], index[at - 1]);
            }

            (values[at], index[at]) = (x[i], i);
        }
    }

    private static bool IsLarger(float x, float than) => x > than || (float.IsNaN(x) && !float.IsNaN(than));
}
