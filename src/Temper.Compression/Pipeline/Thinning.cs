using System.IO.Enumeration;
using Temper.Compression.Calibration;
using Temper.Compression.DeepHoyer;
using Temper.Compression.Pruning;
using Temper.Compression.Shrinking;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Pipeline;

/// <summary>One way to thin a network: the regularizer that prepares it, and what pruning removes.</summary>
internal abstract record Thinning
{
    internal abstract CompressionStructure Structure { get; }

    /// <summary>Part that the first trial keeps where nothing else is said.</summary>
    internal abstract double FirstKept { get; }

    internal string Name => Structure.ToString().ToLowerInvariant();

    /// <summary>What the regularizer's norms are of.</summary>
    internal abstract Grouping Grouping { get; }

    /// <summary>The regularizer of a method for this structure; null: it has none.</summary>
    internal WeightRegularizer? Regularizer(CompressionMethod method, float strength) => method switch
    {
        CompressionMethod.Hoyer => new HoyerSquare { Strength = strength, Grouping = Grouping },
        CompressionMethod.L1 => new L1 { Strength = strength, Grouping = Grouping },
        _ => null,
    };

    /// <summary>The part to ask for where a network was pruned to a part before.</summary>
    internal virtual double Next(double kept, double before) => kept;

    /// <summary>Multiples that widths may be rounded up to, where measured time says so.</summary>
    internal virtual IReadOnlyList<int> Multiples => [];

    /// <summary>Whether layers are fitted again on samples when some of their inputs go.</summary>
    internal virtual bool IsFitted => false;

    /// <summary>The pruned network; what is pruned stays zero in fine-tuning.</summary>
    /// <param name="network">Trained with the regularizer.</param>
    /// <param name="amount">How much stays.</param>
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
/// Weights or blocks of them by Hoyer-Square. Of weights a multiple of each layer's deviation decides, the one that
/// leaves the part asked for; of blocks their size.
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
            // The baselines' rule; and root mean squares of blocks lie close to their layer's deviation: one multiple
            // for all would empty small layers.
            return network.Prune(PruningRule.GlobalSparsity(1 - kept) with { Block = Block }, amount.Ignore);
        }

        (float low, float high) = (0, 64);
        for (int round = 0; round < Rounds; round++)
        {
            float middle = (low + high) / 2;
            SparsityReport left = SparsityReport.Of(network.Prune(Rule(middle), amount.Ignore));
            (low, high) = left.Nonzero > kept * left.Total ? (middle, high) : (low, middle);
        }

        return network.Prune(Rule(high), amount.Ignore);
    }

    private static PruningRule Rule(float deviations) => PruningRule.StandardDeviations(deviations);
}

/// <summary>
/// Whole channels by Group-HS over filters and input channels; they are removed at once, so fine-tuning is as fast as
/// the result.
/// </summary>
internal sealed record ChannelThinning : Thinning
{
    internal override CompressionStructure Structure => CompressionStructure.Channels;

    internal override double FirstKept => 0.4;

    /// <summary>Lanes of the vector kernels.</summary>
    internal override IReadOnlyList<int> Multiples => [4, 8, 16];

    internal override Grouping Grouping => Grouping.FilterAndChannel;

    internal override bool IsFitted => true;

    /// <summary>The part is of the operations that the network has, and pruned channels are gone.</summary>
    internal override double Next(double kept, double before) => Math.Min(1, kept / before);

    internal override Network Prune(Network network, PruningAmount amount)
    {
        Network whole = InputSelection.Insert(network, amount.Ignores);
        ChannelGroup[] goes = ChannelPruning.Going(whole, amount.Kept, amount.Ignores, amount.Multiple);
        Network fitted = amount.Samples is { } samples ? ChannelReconstruction.Without(whole, goes, samples) : whole;
        return InputSelection.RemoveWhole(fitted.WithoutChannels(goes).Network.Shrink().Network);
    }
}

/// <summary>How much of a network stays.</summary>
/// <param name="Kept">Part that stays.</param>
/// <param name="Ignore">Layers that stay as they are; a star stands for any text.</param>
/// <param name="Method">How it was trained.</param>
internal sealed record PruningAmount(double Kept, IReadOnlyList<string> Ignore, CompressionMethod Method)
{
    /// <summary>Multiple that widths are rounded up to.</summary>
    internal int Multiple { get; init; } = 1;

    /// <summary>Inputs on which layers are fitted that lose some of theirs; null: they are not.</summary>
    internal Tensor? Samples { get; init; }

    internal bool Ignores(string name) =>
        Ignore.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false));
}
