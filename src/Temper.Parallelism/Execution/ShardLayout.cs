using Temper.Parallelism.Planning;

namespace Temper.Parallelism.Execution;

/// <summary>
/// Layout of a tensor over ranks: which levels of the hierarchy divide its samples and which its channels. If a level
/// divides neither, each of its groups holds all elements.
/// </summary>
/// <param name="Samples">For each level: whether it divides axis 0, the samples.</param>
/// <param name="Channels">For each level: whether it divides axis 1, the channels.</param>
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
    /// Returns the indices along an axis that a rank holds, in ascending order. The axis is cut into as many pieces as
    /// there are ranks, and a level divides them by its own digit of the piece number. The indices held under some
    /// levels therefore do not depend on which other levels divide, and a rank never fetches elements that it already
    /// has.
    /// </summary>
    /// <param name="length">Length of the axis.</param>
    /// <param name="levels">For each level: whether it divides the axis.</param>
    /// <param name="hierarchy">Hierarchy of the ranks.</param>
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
