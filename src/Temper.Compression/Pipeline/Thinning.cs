using Temper.Compression.DeepHoyer;
using Temper.Compression.Pruning;
using Temper.Compression.Shrinking;
using Temper.Networks;
using Temper.Optimization;

namespace Temper.Compression.Pipeline;

/// <summary>One way to thin a network: the regularizer that prepares it, what pruning removes, and how what is left becomes small.</summary>
internal abstract record Thinning
{
    internal abstract CompressionStructure Structure { get; }

    /// <summary>Part that the first trial keeps where nothing else is said.</summary>
    internal abstract double FirstKept { get; }

    /// <summary>The regularizer, of a strength of one unit.</summary>
    internal abstract WeightRegularizer Regularizer(float strength);

    /// <summary>The pruned network; what is pruned stays zero in fine-tuning.</summary>
    /// <param name="network">Trained with the regularizer.</param>
    /// <param name="kept">Part that stays.</param>
    /// <param name="ignores">Layers that stay as they are, by the node's name.</param>
    internal abstract Network Prune(Network network, double kept, Func<string, bool> ignores);

    internal static IReadOnlyList<Thinning> For(CompressionStructure structure) => structure switch
    {
        CompressionStructure.Element => [new ElementThinning()],
        CompressionStructure.Channels => [new ChannelThinning()],
        CompressionStructure.Blocks => [new ElementThinning()],
        _ => [new ChannelThinning(), new ElementThinning()],
    };
}

/// <summary>Single weights by Hoyer-Square; a multiple of each layer's deviation decides, the multiple that leaves the part asked for.</summary>
internal sealed record ElementThinning : Thinning
{
    private const int Rounds = 40;

    internal override CompressionStructure Structure => CompressionStructure.Element;

    internal override double FirstKept => 0.1;

    internal override WeightRegularizer Regularizer(float strength) => new HoyerSquare { Strength = strength };

    internal override Network Prune(Network network, double kept, Func<string, bool> ignores)
    {
        (float low, float high) = (0, 64);
        for (int round = 0; round < Rounds; round++)
        {
            float middle = (low + high) / 2;
            SparsityReport left = SparsityReport.Of(network.Prune(PruningRule.StandardDeviations(middle)));
            (low, high) = left.Nonzero > kept * left.Total ? (middle, high) : (low, middle);
        }

        return network.Prune(PruningRule.StandardDeviations(high));
    }
}

/// <summary>Whole channels by Group-HS over filters and input channels; they are removed at once, so fine-tuning is as fast as the result.</summary>
internal sealed record ChannelThinning : Thinning
{
    internal override CompressionStructure Structure => CompressionStructure.Channels;

    internal override double FirstKept => 0.4;

    internal override WeightRegularizer Regularizer(float strength) => new GroupHoyerSquare { Strength = strength };

    internal override Network Prune(Network network, double kept, Func<string, bool> ignores) => network.PruneChannels(kept, ignores).Network.Shrink().Network;
}
