using Temper.Compression.Calibration;
using Temper.Compression.DeepHoyer;
using Temper.Compression.Pruning;
using Temper.Compression.Shrinking;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Pipeline;

/// <summary>A way to thin a network: the regularizer that prepares it and the pruning that follows.</summary>
internal abstract record Thinning
{
    internal abstract CompressionStructure Structure { get; }

    /// <summary>Default fraction kept in the first trial.</summary>
    internal abstract double FirstKept { get; }

    internal string Name => Structure.ToString().ToLowerInvariant();

    /// <summary>Groups of weights whose norms are regularized.</summary>
    internal abstract Grouping Grouping { get; }

    /// <summary>Returns the regularizer of a method for this structure; null if the method has none.</summary>
    internal WeightRegularizer? Regularizer(CompressionMethod method, float strength) => method switch
    {
        CompressionMethod.Hoyer => new HoyerSquare { Strength = strength, Grouping = Grouping },
        CompressionMethod.L1 => new L1 { Strength = strength, Grouping = Grouping },
        _ => null,
    };

    /// <summary>Converts a fraction of the original network to a fraction of one that was pruned before.</summary>
    internal virtual double Next(double kept, double before) => kept;

    /// <summary>Multiples to which widths may be rounded up, if the goal is measured time.</summary>
    internal virtual IReadOnlyList<int> Multiples => [];

    /// <summary>Whether layers are refitted on samples when some of their inputs are removed.</summary>
    internal virtual bool IsFitted => false;

    /// <summary>Returns the pruned network; pruned weights remain zero during fine-tuning.</summary>
    /// <param name="network">A network trained with the regularizer.</param>
    /// <param name="amount">How much is kept.</param>
    internal abstract Network Prune(Network network, PruningAmount amount);

    internal static IReadOnlyList<Thinning> For(CompressionStructure structure) => structure switch
    {
        CompressionStructure.Element => [new WeightThinning(CompressionStructure.Element, WeightBlockShape.Single)],
        CompressionStructure.Blocks => [new WeightThinning(CompressionStructure.Blocks, WeightBlockShape.FourOutputs)],
        CompressionStructure.Channels => [new ChannelThinning()],
        CompressionStructure.None => [],
        _ => [.. For(CompressionStructure.Channels), .. For(CompressionStructure.Blocks)],
    };
}

/// <summary>
/// Prunes single weights or blocks after regularization. Single weights are pruned below a multiple of each layer's
/// standard deviation, chosen to keep the requested fraction; blocks are pruned by their norm.
/// </summary>
internal sealed record WeightThinning(CompressionStructure Kind, WeightBlockShape Block) : Thinning
{
    private const int Rounds = 24;

    internal override CompressionStructure Structure => Kind;

    internal override double FirstKept => Block == WeightBlockShape.Single ? 0.1 : 0.2;

    internal override Grouping Grouping => Grouping.Blocks(Block);

    internal override Network Prune(Network network, PruningAmount amount)
    {
        (double kept, CompressionMethod method) = (amount.Kept, amount.Method);
        if (Block != WeightBlockShape.Single || method is CompressionMethod.Magnitude or CompressionMethod.Gradual)
        {
            // The baselines rank all weights globally. Blocks do too: their root mean squares are close to their
            // layer's standard deviation, so one multiple for all layers would empty small layers.
            return network.Prune(PruningRule.GlobalSparsity(1 - kept) with { Block = Block }, amount.Ignore);
        }

        // Ignored layers do not count, as in the other rules: with a large one, the fraction would be out of reach.
        HashSet<string> ignored = NetworkPruning.Ignored(network, amount.Ignore);
        (float low, float high) = (0, 64);
        for (int round = 0; round < Rounds; round++)
        {
            float middle = (low + high) / 2;
            LayerSparsity[] left = [.. SparsityReport.Of(network.Prune(Rule(middle), amount.Ignore)).Layers
                .Where(layer => !ignored.Contains(layer.Name))];
            (low, high) = left.Sum(layer => layer.Nonzero) > kept * left.Sum(layer => layer.Total)
                ? (middle, high)
                : (low, middle);
        }

        return network.Prune(Rule(high), amount.Ignore);
    }

    private static PruningRule Rule(float deviations) => PruningRule.StandardDeviations(deviations);
}

/// <summary>
/// Removes whole channels after Group-HS over filters and input channels. The network is shrunk before fine-tuning, so
/// fine-tuning is as fast as the result.
/// </summary>
internal sealed record ChannelThinning : Thinning
{
    internal override CompressionStructure Structure => CompressionStructure.Channels;

    internal override double FirstKept => 0.4;

    /// <summary>Numbers of lanes of the vector kernels.</summary>
    internal override IReadOnlyList<int> Multiples => [4, 8, 16];

    internal override Grouping Grouping => Grouping.FilterAndChannel;

    internal override bool IsFitted => true;

    /// <summary>The fraction is of the MACs of the given network, whose pruned channels are gone.</summary>
    internal override double Next(double kept, double before) => Math.Min(1, kept / before);

    internal override Network Prune(Network network, PruningAmount amount)
    {
        Network whole = InputSelection.Insert(network, amount.Ignores);
        ChannelGroup[] removed = ChannelPruning.GroupsToRemove(whole, amount.Kept, amount.Ignores, amount.Multiple);
        Network fitted = amount.Samples is { } samples ? ChannelReconstruction.Without(whole, removed, samples) : whole;
        return InputSelection.RemoveWhole(fitted.WithoutChannels(removed).Network.Shrink().Network);
    }
}

/// <summary>How much of a network is kept.</summary>
/// <param name="Kept">Fraction kept, 0 to 1.</param>
/// <param name="Ignore">Layers that are not pruned; <c>*</c> matches any text.</param>
/// <param name="Method">Training method before pruning.</param>
internal sealed record PruningAmount(double Kept, IReadOnlyList<string> Ignore, CompressionMethod Method)
{
    /// <summary>Multiple to which widths are rounded up.</summary>
    internal int Multiple { get; init; } = 1;

    /// <summary>Inputs for refitting layers that lose some of their inputs; null: layers are not refitted.</summary>
    internal Tensor? Samples { get; init; }

    internal bool Ignores(string name) => LayerPattern.MatchesAny(Ignore, name);
}
