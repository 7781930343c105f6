using Temper.Parallelism.Planning;

namespace Temper.Parallelism.Tests.Planning;

/// <summary>Counts the elements that ranks send, element by element and rank by rank: the slow truth that the exact cost is compared with.</summary>
internal static class ShardCounting
{
    /// <summary>
    /// Elements of a value <c>[samples, channels]</c> that are sent, forward and backward: partial sums are added up at one rank, one that
    /// needs the result where there is such a rank, and go from there to the others that need it.
    /// </summary>
    internal static long Value(int[] groups, byte[] from, byte[] to, int samples, int channels)
    {
        int ranks = groups.Aggregate(1, (a, b) => a * b);
        long sent = 0;
        for (int sample = 0; sample < samples; sample++)
        {
            for (int channel = 0; channel < channels; channel++)
            {
                // Held: samples (0) or output channels (2) say where it is; input channels (1) leave a partial sum everywhere.
                int[] holders = Ranks(ranks, groups, from, split => split switch { 0 => sample, 2 => channel, _ => -1 });
                // Needed: samples (0) or input channels (1); output channels (2) need everything.
                int[] readers = Ranks(ranks, groups, to, split => split switch { 0 => sample, 1 => channel, _ => -1 });
                int[] both = [.. holders.Intersect(readers)];
                int root = both.Length > 0 ? both[0] : holders[0];
                int forward = holders.Length - 1 + readers.Count(rank => rank != root);
                sent += 2 * forward;
            }
        }

        return sent;
    }

    /// <summary>Elements that are sent to sum the gradients of weights <c>[outputs, inputs]</c>: added up at one rank, then back to the others.</summary>
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

    /// <summary>Ranks that have an index: at each level the digit of the rank is that of the index along the axis that the level splits.</summary>
    private static int[] Ranks(int ranks, int[] groups, byte[] splits, Func<byte, int> indexOf) =>
        [.. Enumerable.Range(0, ranks).Where(rank => Enumerable.Range(0, groups.Length).All(level =>
            indexOf(splits[level]) is var index && (index < 0 || Digit(index, level, groups) == Digit(rank, level, groups))))];

    private static int Digit(int index, int level, int[] groups) => index / groups.Skip(level + 1).Aggregate(1, (a, b) => a * b) % groups[level];
}
