using System.Globalization;
using Temper.Networks;

namespace Temper.Compression.Pruning;

/// <summary>Sets a fraction of the weights to zero, in each layer or over all layers.</summary>
internal sealed record SparsityRule(double Sparsity, bool IsGlobal) : PruningRule
{
    internal override void Apply(PrunedNetwork network)
    {
        IEnumerable<IReadOnlyList<PrunedLayer>> together =
            IsGlobal ? [network.Layers] : network.Layers.Select(layer => (PrunedLayer[])[layer]);
        foreach (IReadOnlyList<PrunedLayer> layers in together)
        {
            long total = layers.Sum(layer => (long)layer.Count), wanted = (long)Math.Round(Sparsity * total);
            long missing = wanted - (total - layers.Sum(layer => (long)layer.Nonzero));
            Ranking.DropLowest(layers, layer => layer.Scores, (layer, unit) => layer.Sizes[unit], missing);
        }
    }
}

/// <summary>Prunes units until the multiply-accumulates with nonzero weights are at most a target.</summary>
internal sealed record TargetMacsRule(long Macs) : PruningRule
{
    internal override void Apply(PrunedNetwork network)
    {
        IReadOnlyDictionary<string, long> uses = network.Network.WeightUses();
        long before = network.Network.Cost().NonzeroMacs,
            prunable = network.Layers.Sum(layer => layer.Nonzero * Uses(layer));
        if (before - prunable > Macs)
        {
            throw new ArgumentException(
                $"PruningRule.TargetMacs: out of reach (got {Macs}, expected at least {before - prunable}, which "
                + "cannot be pruned); raise it or ignore fewer layers");
        }

        Ranking.DropLowest(network.Layers, ByMac, (layer, unit) => layer.Sizes[unit] * Uses(layer), before - Macs);

        long Uses(PrunedLayer layer) => uses.GetValueOrDefault(layer.Parameter.Name);

        // Gives the order of score² / uses without the underflow of a square. A weight that no node multiplies saves
        // nothing and is pruned last.
        float[] ByMac(PrunedLayer layer)
        {
            float factor = (float)(1 / Math.Sqrt(Uses(layer)));
            return [.. layer.Scores.Select(
                score => factor < float.PositiveInfinity ? score * factor : float.PositiveInfinity)];
        }
    }
}

/// <summary>Prunes the smallest number of weights with which the network is fast enough, by bisection.</summary>
internal sealed record TargetTimeRule(double Milliseconds, Func<Network, double> Measure) : PruningRule
{
    private const int Rounds = 8;

    internal override void Apply(PrunedNetwork network)
    {
        bool[][] before = [.. network.Layers.Select(layer => (bool[])layer.IsKept.Clone())];
        long total = network.Layers.Sum(layer => (long)layer.Nonzero);
        if (TimeWithout(total) is var least && least > Milliseconds)
        {
            Restore(network, before);
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"PruningRule.TargetMilliseconds: out of reach (got {Milliseconds} ms, expected at least {least:G4} "
                + $"ms, the time with all prunable weights removed); raise it or ignore fewer layers"));
        }

        Drop(network, before, Fewest(total, TimeWithout));

        double TimeWithout(long count)
        {
            Drop(network, before, count);
            return Measure(network.Network.WithParameters(network.Layers.Select(layer => layer.ToParameter())));
        }
    }

    /// <summary>
    /// Bisects the number of pruned weights. The time of the returned number was measured to be within the target.
    /// </summary>
    private long Fewest(long total, Func<long, double> timeWithout)
    {
        (long holds, long fails) = (total, -1);
        if (timeWithout(0) <= Milliseconds)
        {
            holds = 0;
        }

        for (int round = 0; round < Rounds && holds - fails > 1 && holds > 0; round++)
        {
            long middle = (Math.Max(fails, 0) + holds) / 2;
            (holds, fails) = timeWithout(middle) <= Milliseconds ? (middle, fails) : (holds, middle);
        }

        return holds;
    }

    /// <summary>Marks the units with the lowest scores as pruned, until a number of weights is reached.</summary>
    private static void Drop(PrunedNetwork network, bool[][] before, long count)
    {
        Restore(network, before);
        Ranking.DropLowest(network.Layers, layer => layer.Scores, (layer, unit) => layer.Sizes[unit], count);
    }

    private static void Restore(PrunedNetwork network, bool[][] before)
    {
        for (int l = 0; l < before.Length; l++)
        {
            before[l].CopyTo(network.Layers[l].IsKept, 0);
        }
    }
}

/// <summary>Prunes the units with the lowest scores over several layers.</summary>
internal static class Ranking
{
    /// <param name="layers">Layers whose units are ranked together.</param>
    /// <param name="scores">Returns the scores of a layer's units, 0 or more.</param>
    /// <param name="worth">Returns what pruning a unit saves.</param>
    /// <param name="wanted">Total to be saved; pruning stops when it is reached.</param>
    internal static void DropLowest(
        IReadOnlyList<PrunedLayer> layers, Func<PrunedLayer, float[]> scores, Func<PrunedLayer, int, long> worth,
        long wanted)
    {
        // A key holds the score's bits above the unit's index: the bits of scores of 0 or more are in the scores'
        // order, and equal scores are ordered by index.
        int[] starts = new int[layers.Count + 1];
        for (int l = 0; l < layers.Count; l++)
        {
            starts[l + 1] = checked(starts[l] + layers[l].Scores.Length);
        }

        ulong[] keys = new ulong[starts[^1]];
        for (int l = 0; l < layers.Count; l++)
        {
            float[] ranked = scores(layers[l]);
            for (int unit = 0; unit < ranked.Length; unit++)
            {
                keys[starts[l] + unit] =
                    ((ulong)BitConverter.SingleToUInt32Bits(Math.Abs(ranked[unit])) << 32) | (uint)(starts[l] + unit);
            }
        }

        Array.Sort(keys);
        for (int i = 0; i < keys.Length && wanted > 0; i++)
        {
            int number = (int)(uint)keys[i], l = LayerOf(starts, number), unit = number - starts[l];
            wanted -= layers[l].IsKept[unit] ? worth(layers[l], unit) : 0;
            layers[l].IsKept[unit] = false;
        }
    }

    /// <summary>
    /// Returns the last layer whose start is at or before a unit's index; a layer without units has the same start as
    /// the next one.
    /// </summary>
    private static int LayerOf(int[] starts, int number)
    {
        int found = Array.BinarySearch(starts, number), l = found >= 0 ? found : ~found - 1;
        while (l + 1 < starts.Length && starts[l + 1] <= number)
        {
            l++;
        }

        return l;
    }
}
