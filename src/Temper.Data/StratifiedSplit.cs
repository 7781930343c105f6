using Temper.Randomness;

namespace Temper.Data;

/// <summary>Holds out samples of each class in proportion to its size.</summary>
public static class StratifiedSplit
{
    /// <summary>Splits a data set in two. The result depends only on the data set and the stream.</summary>
    /// <param name="dataset">Samples; stratified by class if targets are class labels.</param>
    /// <param name="count">Number of samples to hold out, 0 to all.</param>
    /// <param name="stream">Random stream that selects the samples.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative or larger than the data set.</exception>
    /// <returns>The remaining set and the held-out set, each in the original order.</returns>
    public static (Dataset Remaining, Dataset HeldOut) Of(Dataset dataset, int count, RandomStream stream)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, dataset.Count);
        bool[] isHeldOut = new bool[dataset.Count];
        var classes = Enumerable.Range(0, dataset.Count)
            .GroupBy(i => dataset.TargetShape is null ? dataset.Label(i) : 0)
            .OrderBy(g => g.Key)
            .Select(g => g.ToArray())
            .ToList();
        int open = count;
        int left = dataset.Count;
        for (int c = 0; c < classes.Count; c++)
        {
            // Each class takes its share of what is still to be held out, so that rounding errors do not accumulate.
            int[] members = classes[c];
            int share = (int)Math.Round((double)open * members.Length / left, MidpointRounding.AwayFromZero);
            share = Math.Clamp(share, 0, Math.Min(open, members.Length));
            open -= share;
            left -= members.Length;
            int[] order = stream.Split(c).Permutation(members.Length);
            for (int i = 0; i < share; i++)
            {
                isHeldOut[members[order[i]]] = true;
            }
        }

        return (dataset.Subset(Where(isHeldOut, false)), dataset.Subset(Where(isHeldOut, true)));
    }

    private static int[] Where(bool[] flags, bool value) =>
        [.. Enumerable.Range(0, flags.Length).Where(i => flags[i] == value)];
}
