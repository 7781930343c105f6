using Temper.Parallelism.Planning;

namespace Temper.Parallelism.Execution;

/// <summary>
/// Which levels of the hierarchy divide the samples of a tensor, and which its channels. What a level divides neither
/// of, each of its groups holds.
/// </summary>
/// <param name="Samples">For each level whether it divides axis 0.</param>
/// <param name="Channels">For each level whether it divides axis 1.</param>
internal sealed record ShardLayout(bool[] Samples, bool[] Channels)
{
    internal static ShardLayout Of(int levels, Func<int, (bool Samples, bool Channels)> of)
    {
        (bool Samples, bool Channels)[] both = [.. Enumerable.Range(0, levels).Select(of)];
        return new ShardLayout([.. both.Select(level => level.Samples)], [.. both.Select(level => level.Channels)]);
    }

    internal bool IsSame(ShardLayout other) => Samples.AsSpan().SequenceEqual(other.Samples)
        && Channels.AsSpan().SequenceEqual(other.Channels);

    /// <summary>
    /// The indices of an axis that a rank holds, ascending. The axis is cut into as many pieces as there are ranks; a
    /// level divides it by its own digit of a piece's number. So what a rank holds under some levels is the same
    /// whichever other levels divide too, and a rank never has to fetch what it has already.
    /// </summary>
    /// <param name="length">Length of the axis.</param>
    /// <param name="levels">Which levels divide it.</param>
    /// <param name="hierarchy">The ranks in groups of groups.</param>
    /// <param name="rank">The rank.</param>
    internal static int[] Indices(int length, bool[] levels, Hierarchy hierarchy, int rank)
    {
        var indices = new List<int>();
        for (int piece = 0; piece < hierarchy.Accelerators; piece++)
        {
            bool isHeld = true;
            for (int level = 0; level < levels.Length; level++)
            {
                isHeld &= !levels[level] || hierarchy.GroupOf(piece, level) == hierarchy.GroupOf(rank, level);
            }

            if (isHeld)
            {
                int start = (int)((long)length * piece / hierarchy.Accelerators),
                    end = (int)((long)length * (piece + 1) / hierarchy.Accelerators);
                indices.AddRange(Enumerable.Range(start, end - start));
            }
        }

        return [.. indices];
    }
}
