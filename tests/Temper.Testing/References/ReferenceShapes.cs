namespace Temper.Testing.References;

/// <summary>Reference implementations of operators that move or select elements, index by index.</summary>
public static class ReferenceShapes
{
    public static Grid Reshape(Grid x, params int[] lengths) => new(lengths, x.Values);

    public static Grid Permute(Grid x, params int[] order) => Grid.Of([.. order.Select(axis => x.Lengths[axis])], at =>
    {
        int[] from = new int[at.Length];
        for (int i = 0; i < order.Length; i++)
        {
            from[order[i]] = at[i];
        }

        return x[from];
    });

    /// <summary>Takes positions start, start + step, ... of an axis, <paramref name="count"/> in total.</summary>
    public static Grid Slice(Grid x, int axis, int start, int step, int count) =>
        Grid.Of(With(x.Lengths, axis, count), at => x[With(at, axis, start + (at[axis] * step))]);

    public static Grid Pad(Grid x, int[] before, int[] after, double fill) => Grid.Of(
        [.. x.Lengths.Select((length, axis) => before[axis] + length + after[axis])],
        at =>
        {
            int[] from = [.. at.Zip(before, (place, skipped) => place - skipped)];
            return from.Zip(x.Lengths, (place, length) => place >= 0 && place < length).All(inside => inside) ? x[from] : fill;
        });

    public static Grid Concatenate(Grid[] parts, int axis)
    {
        return Grid.Of(With(parts[0].Lengths, axis, parts.Sum(part => part.Lengths[axis])), at =>
        {
            int place = at[axis];
            foreach (Grid part in parts)
            {
                if (place < part.Lengths[axis])
                {
                    return part[With(at, axis, place)];
                }

                place -= part.Lengths[axis];
            }

            throw new InvalidOperationException("Concatenate: no part has this place");
        });
    }

    public static Grid Expand(Grid x, params int[] lengths) => Grid.Of(lengths, x.Repeated);

    public static Grid Gather(Grid x, int axis, long[] index, int[] lengths)
    {
        int next = 0;
        return Grid.Of(lengths, at => x[With(at, axis, (int)index[next++])]);
    }

    public static Grid IndexSelect(Grid x, int axis, long[] index) =>
        Grid.Of(With(x.Lengths, axis, index.Length), at => x[With(at, axis, (int)index[at[axis]])]);

    public static Grid TopK(Grid x, int count) => Grid.Of(With(x.Lengths, x.Rank - 1, count), at =>
        Enumerable.Range(0, x.Lengths[^1]).Select(i => x[With(at, x.Rank - 1, i)]).OrderDescending().ElementAt(at[^1]));

    /// <summary>
    /// Keeps the elements of each sample with the largest magnitudes, or the channels with the largest maximum
    /// magnitude, and sets the rest to zero.
    /// </summary>
    public static Grid Winners(Grid x, int count, bool perChannel)
    {
        int[][] all = [.. Grid.Indices(x.Lengths)];
        double Score(int[] at) => perChannel ? all.Where(other => other[0] == at[0] && other[1] == at[1]).Max(other => Math.Abs(x[other])) : Math.Abs(x[at]);
        return Grid.Of(x.Lengths, at =>
        {
            IEnumerable<double> better = all.Where(other => other[0] == at[0] && Score(other) > Score(at)).Select(Score);
            return (perChannel ? better.Distinct() : better).Count() < count ? x[at] : 0;
        });
    }

    public static Grid KthValue(Grid x, int axis, int rank) => Grid.Of(With(x.Lengths, axis, 1), at =>
        Enumerable.Range(0, x.Lengths[axis]).Select(i => x[With(at, axis, i)]).OrderDescending().ElementAt(rank - 1));

    private static int[] With(int[] at, int axis, int value)
    {
        int[] changed = [.. at];
        changed[axis] = value;
        return changed;
    }
}
