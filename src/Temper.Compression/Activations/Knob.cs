using Temper.Compression.Pruning;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Activations;

/// <summary>
/// Something that can be thinned by levels: the activations of a place, or the weights of a layer. Level 0 leaves it as
/// it is.
/// </summary>
internal abstract record Knob
{
    /// <summary>What a reader calls it.</summary>
    internal abstract string Name { get; }

    /// <summary>Part that is kept at each level behind 0, falling.</summary>
    internal abstract IReadOnlyList<double> Kept { get; }

    internal double KeptAt(int level) => level == 0 ? 1 : Kept[level - 1];

    /// <summary>The network with this thinned to a level; what is thinner already stays.</summary>
    internal abstract Network Apply(Network network, int level);

    /// <summary>The factor that a level puts on the multiply-accumulates of a layer.</summary>
    internal abstract double Factor(LayerActivations layer, int level);
}

/// <summary>Winners behind an activation function.</summary>
internal sealed record WinnerKnob(WinnerPlace Place, ChannelScore Score) : Knob
{
    /// <summary>Above three quarters skipping channels does not pay, so the first rate for them lies below.</summary>
    private static readonly double[] ChannelRates = [0.7, 0.5, 0.4, 0.3, 0.2, 0.125];

    private static readonly double[] ElementRates = [0.5, 0.3, 0.2, 0.14, 0.1, 0.07, 0.05, 0.03, 0.02];

    internal override string Name => $"{Place.Node} ({Place.Unit.ToString().ToLowerInvariant()})";

    internal override IReadOnlyList<double> Kept => Place.Unit == WinnerUnit.Channels ? ChannelRates : ElementRates;

    internal override Network Apply(Network network, int level)
    {
        if (level == 0)
        {
            return network;
        }

        var winners =
            new Winners(Winners.CountOf(KeptAt(level), Place.Competitors)) { Unit = Place.Unit, Score = Score };
        return network.Nodes.FirstOrDefault(
            node => string.Equals(node.Name, Place.Node, StringComparison.Ordinal)) switch
        {
            null => network.Insert(winners, Place.After, Place.Node),
            { Operator: Winners { Threshold: null } held } when held.Count <= winners.Count => network,
            _ => network.Replace(Place.Node, winners),
        };
    }

    /// <summary>
    /// Of channels the rate is the part that is left. Of numbers, those that are not zero by themselves were left out
    /// before.
    /// </summary>
    internal override double Factor(LayerActivations layer, int level) =>
        level == 0 || !Place.Readers.Contains(layer.Name, StringComparer.Ordinal) ? 1
        : Place.Unit == WinnerUnit.Channels ? KeptAt(level)
        : Math.Min(1, KeptAt(level) / Math.Max(layer.Density, double.Epsilon));
}

/// <summary>The weights of a layer, by magnitude; parts are of those that it had when the search began.</summary>
internal sealed record WeightKnob(string Layer, string Parameter, long Start) : Knob
{
    private static readonly double[] Parts = [0.85, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.12, 0.07];

    internal override string Name => $"{Parameter} (weights)";

    internal override IReadOnlyList<double> Kept => Parts;

    internal override Network Apply(Network network, int level)
    {
        Parameter weight = network.Parameters[Parameter];
        float[] values = weight.Value.ToArray<float>();
        long kept = (long)Math.Ceiling(KeptAt(level) * Start);
        if (values.LongLength - values.AsSpan().Count(0f) <= kept || kept < 1)
        {
            return network;
        }

        float[] magnitudes = [.. values.Select(MathF.Abs).OrderDescending()];
        float least = magnitudes[(int)kept - 1];
        float[] mask = [.. values.Select(value => MathF.Abs(value) >= least && value != 0 ? 1f : 0)];
        return network.WithParameters([weight with
        {
            Value = Tensor.From([.. values.Zip(mask, (value, stays) => stays == 0 ? 0 : value)], weight.Value.Shape),
            Mask = Tensor.From(mask, weight.Value.Shape),
        }]);
    }

    internal override double Factor(LayerActivations layer, int level) =>
        string.Equals(layer.Name, Layer, StringComparison.Ordinal) ? KeptAt(level) : 1;

    /// <summary>One for each layer of weights that no other layer shares.</summary>
    internal static IEnumerable<WeightKnob> Of(Network network, Func<string, bool> ignores) => network.Nodes
        .Where(node => CountedLayer.CanCount(node) && !ignores(node.Name)
            && network.Nodes.Count(other => other.Parameters.Contains(node.Parameters[0], StringComparer.Ordinal)) == 1)
        .Select(node => new WeightKnob(node.Name, node.Parameters[0], SparsityReport.Of(network).Layers.First(layer =>
            string.Equals(layer.Name, node.Parameters[0], StringComparison.Ordinal)).Nonzero));
}
