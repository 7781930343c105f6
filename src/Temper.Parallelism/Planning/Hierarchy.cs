namespace Temper.Parallelism.Planning;

/// <summary>
/// Accelerators in nested groups: level 0 divides all of them into groups of equal size, and each further level divides
/// every group again.
/// </summary>
/// <remarks>
/// For 2^H accelerators every level divides into two halves, as in the paper. Other numbers are divided by their prime
/// factors: 12 gives two levels of halves and one of thirds. A prime number has a single level.
/// </remarks>
public sealed class Hierarchy
{
    /// <summary>Maximum number of accelerators.</summary>
    public const int MaxAccelerators = 4096;

    // Number of ranks in each group of a level.
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

    /// <summary>Number of groups into which each level divides a group.</summary>
    public IReadOnlyList<int> Groups { get; }

    /// <summary>Number of levels.</summary>
    public int Levels => Groups.Count;

    /// <summary>Number of accelerators.</summary>
    public int Accelerators { get; }

    /// <summary>
    /// For each level: the fraction of a tensor that does not move when its split changes from one axis to another; 1/2
    /// for halves.
    /// </summary>
    internal double[] Kept { get; }

    /// <summary>Returns the hierarchy of a number of accelerators.</summary>
    /// <param name="accelerators">Number of accelerators, 1 to <see cref="MaxAccelerators"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is outside this range.</exception>
    public static Hierarchy Of(int accelerators)
    {
        if (accelerators is < 1 or > MaxAccelerators)
        {
            throw new ArgumentOutOfRangeException(
                nameof(accelerators),
                $"plan: number of accelerators is out of range (got {accelerators}, expected 1 to {MaxAccelerators})");
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

    /// <summary>
    /// Returns the index of the group of a level that a rank belongs to. Ranks of a group are consecutive.
    /// </summary>
    internal int GroupOf(int rank, int level) => rank / _below[level] % Groups[level];

    /// <summary>Returns, for each rank, the rank at the same position in the next group of a level.</summary>
    internal int[] Peers(int level) => [.. Enumerable.Range(0, Accelerators).Select(rank =>
        GroupOf(rank, level) == Groups[level] - 1
            ? rank - ((Groups[level] - 1) * _below[level])
            : rank + _below[level])];

    /// <summary>Returns a hierarchy of only the first levels.</summary>
    internal Hierarchy First(int levels) => new([.. Groups.Take(levels)], Kept[..levels]);
}
