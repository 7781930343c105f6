namespace Temper.Parallelism.Planning;

/// <summary>
/// All patterns of one layer. A pattern has one split per level of the hierarchy and is encoded as a number whose
/// digits are the splits, first level first.
/// </summary>
internal sealed class Patterns
{
    private readonly byte[] _digits;
    private readonly int[,] _counts;

    /// <param name="groups">Number of groups of each level.</param>
    /// <param name="splits">Number of kinds of splits, 2 to 4.</param>
    internal Patterns(IReadOnlyList<int> groups, int splits)
    {
        (Splits, Levels) = (splits, groups.Count);
        Count = checked((int)Math.Pow(splits, Levels));
        _digits = new byte[Count * Levels];
        _counts = new int[Count, 4];
        for (int pattern = 0; pattern < Count; pattern++)
        {
            for (int split = 0; split < 4; split++)
            {
                _counts[pattern, split] = 1;
            }

            int rest = pattern;
            for (int level = Levels - 1; level >= 0; level--, rest /= splits)
            {
                int digit = rest % splits;
                _digits[(pattern * Levels) + level] = (byte)digit;
                _counts[pattern, digit] *= groups[level];
            }
        }
    }

    internal int Splits { get; }

    internal int Levels { get; }

    internal int Count { get; }

    /// <summary>Returns the splits of a pattern, first level first.</summary>
    internal ReadOnlySpan<byte> Digits(int pattern) => _digits.AsSpan(pattern * Levels, Levels);

    /// <summary>
    /// Returns the number of parts into which a pattern divides the axis of a split: the product of the groups of its
    /// levels with that split.
    /// </summary>
    internal int Parts(int pattern, Split split) => _counts[pattern, (int)split];

    /// <summary>Returns the pattern with the same split at every level.</summary>
    internal int Uniform(Split split)
    {
        int pattern = 0;
        for (int level = 0; level < Levels; level++)
        {
            pattern = (pattern * Splits) + (int)split;
        }

        return pattern;
    }

    /// <summary>Returns the number of the pattern with these splits.</summary>
    internal int IndexOf(ReadOnlySpan<byte> digits)
    {
        int pattern = 0;
        foreach (byte digit in digits)
        {
            pattern = (pattern * Splits) + digit;
        }

        return pattern;
    }
}
