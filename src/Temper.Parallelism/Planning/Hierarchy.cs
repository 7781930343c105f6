namespace Temper.Parallelism.Planning;

/// <summary>
/// Accelerators in groups of groups: level 0 divides all of them into a few groups of one size, each next level divides
/// each group again.
/// </summary>
/// <remarks>
/// For 2^H accelerators every level makes two halves, as in the paper. Other numbers are divided by their prime
/// factors, so 12 is two levels of halves and one of thirds. A prime number has a single level.
/// </remarks>
public sealed class Hierarchy
{
    /// <summary>More accelerators than this are refused.</summary>
    public const int MaxAccelerators = 4096;

    // Ranks in each group that a level makes.
    private readonly int[] _below;

    private Hierarchy(int[] groups, double[] kept)
    {
        (Groups, Kept, _below) = (groups, kept, new int[groups.Length]);
        int ranks = 1;
        for (int level = groups.Length - 1; level >= 0; level--)
        {
            _below[level] = ranks;
            ranks *= groups[level];
        }

        Accelerators = ranks;
    }

    /// <summary>For each level the number of groups that it makes of one.</summary>
    public IReadOnlyList<int> Groups { get; }

    /// <summary>Number of levels.</summary>
    public int Levels => Groups.Count;

    /// <summary>Number of accelerators.</summary>
    public int Accelerators { get; }

    /// <summary>
    /// For each level the part of a tensor that stays where it is when its split changes from one axis to another: 1/2
    /// for halves.
    /// </summary>
    internal double[] Kept { get; }

    /// <summary>The hierarchy of a number of accelerators.</summary>
    /// <param name="accelerators">1 to <see cref="MaxAccelerators"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is outside this range.</exception>
    public static Hierarchy Of(int accelerators)
    {
        if (accelerators is < 1 or > MaxAccelerators)
        {
            throw new ArgumentOutOfRangeException(
                nameof(accelerators),
                $"plan: number of accelerators (got {accelerators}, expected 1 to {MaxAccelerators})");
        }

        var groups = new List<int>();
        int rest = accelerators;
        for (int factor = 2; rest > 1; factor++)
        {
            for (; rest % factor == 0; rest /= factor)
            {
                groups.Add(factor);
            }
        }

        return new Hierarchy([.. groups], [.. groups.Select(count => 1.0 / count)]);
    }

    /// <summary>Which of a level's groups a rank is in. Ranks of a group stand next to each other.</summary>
    internal int GroupOf(int rank, int level) => rank / _below[level] % Groups[level];

    /// <summary>For each rank the one at the same place of the next group of a level.</summary>
    internal int[] Peers(int level) => [.. Enumerable.Range(0, Accelerators).Select(rank =>
        GroupOf(rank, level) == Groups[level] - 1
            ? rank - ((Groups[level] - 1) * _below[level])
            : rank + _below[level])];

    /// <summary>Its first levels.</summary>
    internal Hierarchy First(int levels) => new([.. Groups.Take(levels)], Kept[..levels]);
}
