namespace Temper.Data;

/// <summary>
/// The part of each batch that one of several ranks works on. The ranks' parts together are the batch, in order.
/// </summary>
/// <param name="Index">Index of the rank, from 0.</param>
/// <param name="Count">Number of ranks, one or more.</param>
public readonly record struct BatchPart(int Index, int Count)
{
    /// <summary>The whole batch: one rank.</summary>
    public static BatchPart Whole => new(0, 1);

    /// <summary>
    /// The samples of a batch that belong to this part. Parts differ by at most one sample; some are empty where there
    /// are fewer samples than ranks.
    /// </summary>
    /// <param name="samples">Samples of the batch.</param>
    /// <returns>The first sample, and how many.</returns>
    public (int First, int Count) Of(int samples)
    {
        int first = (int)((long)samples * Index / Count);
        return (first, (int)((long)samples * (Index + 1) / Count) - first);
    }

    internal BatchPart Validated() => Count >= 1 && Index >= 0 && Index < Count
        ? this
        : throw new ArgumentOutOfRangeException(nameof(Index), $"BatchPart: there is no such part (got {Index} of "
            + $"{Count}, expected an index below the number of ranks)");
}
