using Temper.Compression.Pruning;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Activations;

/// <summary>
/// A part of a network that can be pruned by itself: a layer's weights, or the activations at one point. Level 0
/// changes nothing; higher levels keep less.
/// </summary>
internal abstract record Prunable
{
    /// <summary>Display name.</summary>
    internal abstract string Name { get; }

    /// <summary>Fraction kept at each level from 1 on, in falling order.</summary>
    internal abstract IReadOnlyList<double> Kept { get; }

    internal double KeptAt(int level) => level == 0 ? 1 : Kept[level - 1];

    /// <summary>Returns the network pruned to a level; it is unchanged if it is already as sparse.</summary>
    internal abstract Network Prune(Network network, int level);

    /// <summary>Returns the factor by which a level changes a layer's multiply-accumulates.</summary>
    internal abstract double MacsFactor(LayerActivations layer, int level);
}

/// <summary>Winners-take-all after an activation function.</summary>
internal sealed record PrunableActivations(WinnerPlace Place, ChannelScore Score) : Prunable
{
    /// <summary>
    /// Fractions for channels. Skipping channels does not pay if more than about three quarters are kept, so the first
    /// is lower.
    /// </summary>
    private static readonly double[] ChannelRates = [0.7, 0.5, 0.4, 0.3, 0.2, 0.125];

    private static readonly double[] ElementRates = [0.5, 0.3, 0.2, 0.14, 0.1, 0.07, 0.05, 0.03, 0.02];

    internal override string Name => $"{Place.Node} ({Place.Unit.ToString().ToLowerInvariant()})";

    internal override IReadOnlyList<double> Kept => Place.Unit == WinnerUnit.Channels ? ChannelRates : ElementRates;

    internal override Network Prune(Network network, int level)
    {
        if (level == 0)
        {
            return network;
        }

        var winners =
            new Winners(Winners.CountOf(KeptAt(level), Place.Competitors)) { Unit = Place.Unit, Score = Score };
        return network.Graph.FindNode(Place.Node) switch
        {
            null => network.Insert(winners, Place.After, Place.Node),
            { Operator: Winners { Threshold: null } held } when held.Count <= winners.Count => network,
            _ => network.Replace(Place.Node, winners),
        };
    }

    /// <summary>
    /// For channels the factor is the fraction kept. For elements it is relative to the density, because inputs that
    /// were zero already were not counted.
    /// </summary>
    internal override double MacsFactor(LayerActivations layer, int level) =>
        level == 0 || !Place.Readers.Contains(layer.Name, StringComparer.Ordinal) ? 1
        : Place.Unit == WinnerUnit.Channels ? KeptAt(level)
        : Math.Min(1, KeptAt(level) / Math.Max(layer.Density, double.Epsilon));
}

/// <summary>
/// The weights of a layer, pruned by magnitude. Fractions are of its nonzero weights at the start of the search.
/// </summary>
internal sealed record PrunableWeights(string Layer, string Parameter, long Nonzero) : Prunable
{
    private static readonly double[] Rates = [0.85, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.12, 0.07];

    internal override string Name => $"{Parameter} (weights)";

    internal override IReadOnlyList<double> Kept => Rates;

    internal override Network Prune(Network network, int level)
    {
        Parameter weight = network.Parameters[Parameter];
        float[] values = weight.Value.ToArray<float>();
        long kept = (long)Math.Ceiling(KeptAt(level) * Nonzero);
        if (values.LongLength - values.AsSpan().Count(0f) <= kept || kept < 1)
        {
            return network;
        }

        float[] magnitudes = [.. values.Select(MathF.Abs).OrderDescending()];
        float least = magnitudes[(int)kept - 1];
        float[] mask = [.. values.Select(value => MathF.Abs(value) >= least && value != 0 ? 1f : 0)];
        return network.WithParameters([weight with
        {
            Value = Tensor.From([.. values.Zip(mask, (value, mark) => mark == 0 ? 0 : value)], weight.Value.Shape),
            Mask = Tensor.From(mask, weight.Value.Shape),
        }]);
    }

    internal override double MacsFactor(LayerActivations layer, int level) =>
        string.Equals(layer.Name, Layer, StringComparison.Ordinal) ? KeptAt(level) : 1;

    /// <summary>Returns the weights of each weighted layer that shares them with no other layer.</summary>
    internal static IEnumerable<PrunableWeights> Of(Network network, Func<string, bool> ignores) => network.Nodes
        .Where(node => CountedLayer.CanCount(node) && !ignores(node.Name)
            && !network.IsShared(node.Parameters[0]))
        .Select(node => new PrunableWeights(
            node.Name, node.Parameters[0], SparsityReport.NonzeroOf(network.Parameters[node.Parameters[0]])));
}
