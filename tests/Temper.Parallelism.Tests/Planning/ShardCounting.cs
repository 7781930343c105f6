using Temper.Parallelism.Planning;

namespace Temper.Parallelism.Tests.Planning;

/// <summary>
/// Counts the elements sent by each rank, element by element: slow reference implementation of the exact cost.
/// </summary>
internal static class ShardCounting
{
    /// <summary>
    /// Counts the elements of a value <c>[samples, channels]</c> sent in the forward and the backward pass. Partial
    /// sums are added at one rank, if possible one that needs the result, and sent from there to the other ranks that
    /// need it.
    /// </summary>
    internal static long Value(int[] groups, byte[] from, byte[] to, int samples, int channels)
    {
        int ranks = groups.Aggregate(1, (a, b) => a * b);
        long sent = 0;
        for (int sample = 0; sample < samples; sample++)
        {
            for (int channel = 0; channel < channels; channel++)
            {
                // Ranks that hold the element: a split by samples (0) or output channels (2) places it; a split by
                // input channels (1) leaves a partial sum on every rank.
                int[] holders = Ranks(ranks, groups, from, split => split switch { 0 => sample, 2 => channel, _ => -1 });
                // Ranks that need the element: selected by samples (0) or input channels (1); with a split by output
                // channels (2), all.
                int[] readers = Ranks(ranks, groups, to, split => split switch { 0 => sample, 1 => channel, _ => -1 });
                int[] both = [.. holders.Intersect(readers)];
                int root = both.Length > 0 ? both[0] : holders[0];
                int forward = holders.Length - 1 + readers.Count(rank => rank != root);
                sent += 2 * forward;
            }
        }

        return sent;
    }

    /// <summary>
    /// Counts the elements sent to sum the gradients of weights <c>[outputs, inputs]</c>: to one rank, then back to the
    /// others.
    /// </summary>
    internal static long Gradient(int[] groups, byte[] splits, int inputs, int outputs)
    {
        int ranks = groups.Aggregate(1, (a, b) => a * b);
        long sent = 0;
        for (int output = 0; output < outputs; output++)
        {
            for (int input = 0; input < inputs; input++)
            {
                int[] replicas = Ranks(ranks, groups, splits, split => split switch { 1 => input, 2 => output, _ => -1 });
                sent += 2 * (replicas.Length - 1);
            }
        }

        return sent;
    }

    /// <summary>
    /// Ranks that hold an index: at each level, the digit of the rank equals the digit of the index along the axis that
    /// the level splits.
    /// </summary>
    private static int[] Ranks(int ranks, int[] groups, byte[] splits, Func<byte, int> indexOf) =>
        [.. Enumerable.Range(0, ranks).Where(rank => Enumerable.Range(0, groups.Length).All(level =>
            indexOf(splits[level]) is var index && (index < 0 || Digit(index, level, groups) == Digit(rank, level, groups))))];

    private static int Digit(int index, int level, int[] groups) => index / groups.Skip(level + 1).Aggregate(1, (a, b) => a * b) % groups[level];
}
