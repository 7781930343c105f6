using Temper.Randomness;

namespace Temper.Data;

/// <summary>Holds out a share of the samples of a source that does not divide them itself as test samples.</summary>
internal static class TestShare
{
    /// <summary>
    /// Splits the samples; each class keeps its share. The result depends only on the samples, the share and the seed.
    /// </summary>
    /// <param name="all">Samples, at least one; at least one remains for training.</param>
    /// <param name="share">Share of the test samples, from 0 to below 1.</param>
    /// <param name="seed">Selects the test samples.</param>
    internal static DataSets Split(Dataset all, double share, int seed)
    {
        int count = (int)Math.Round(share * all.Count, MidpointRounding.AwayFromZero);
        (Dataset train, Dataset held) =
            StratifiedSplit.Of(all, Math.Min(count, all.Count - 1), RandomStream.FromSeed((ulong)seed).Split("test"));
        return new DataSets(train, held);
    }
}
