namespace Temper.Data;

/// <summary>
/// The share of each batch that one of several ranks processes. The shares of all ranks, in order, make up the batch.
/// </summary>
/// <param name="Index">Index of the rank, from 0.</param>
/// <param name="Count">Number of ranks, 1 or more.</param>
public readonly record struct BatchPart(int Index, int Count)
{
    /// <summary>The whole batch, for a single rank.</summary>
    public static BatchPart Whole => new(0, 1);

    /// <summary>
    /// Returns the samples of a batch that belong to this part. Sizes of parts differ by at most one sample; if there
    /// are fewer samples than ranks, some parts are empty.
    /// </summary>
    /// <param name="samples">Number of samples in the batch.</param>
    /// <returns>Index of the first sample and the number of samples.</returns>
    public (int First, int Count) Of(int samples)
    {
        int first = (int)((long)samples * Index / Count);
        return (first, (int)((long)samples * (Index + 1) / Count) - first);
    }

    internal BatchPart Validated() => Count >= 1 && Index >= 0 && Index < Count
        ? this
        : throw new ArgumentOutOfRangeException(nameof(Index), $"BatchPart: the index is out of range (got {Index} of "
            + $"{Count}, expected 0 or more and less than the number of ranks)");
}
