using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// Max or average pooling, with optional winners-take-all of channels on its input: a channel that loses is zero before
/// and after pooling.
/// </summary>
internal sealed record PoolingLayer : Layer
{
    /// <summary>Sizes for a batch of one.</summary>
    internal required PoolingSizes Sizes { get; init; }

    internal required bool IsMaximum { get; init; }

    /// <summary>Rule that selects the winning input channels, if winners-take-all is fused; else null.</summary>
    internal WinnerRule? Winners { get; init; }

    /// <summary>Expected fraction of the channels that win, 0 to 1.</summary>
    private float WinnerShare { get; init; } = 1;

    internal override object Attributes => (Sizes, IsMaximum, Winners);

    internal override string Kind => IsMaximum ? "max pool" : "average pool";

    /// <summary>
    /// Fuses the winners-take-all that produces its input, so that losing channels are cleared in the smaller pooled
    /// image. Null if single elements compete rather than channels.
    /// </summary>
    internal PoolingLayer? WithWinners(WinnersLayer winners) => Winners is null && winners.Rule.Channels
        ? this with { Inputs = winners.Inputs, Winners = winners.Rule, WinnerShare = winners.Share }
        : null;

    internal override ValueDensity ExpectedDensity(LayerGraph graph) =>
        new(WinnerShare, Math.Min(graph.Densities[Inputs[0]].Channels, WinnerShare));

    internal override IReadOnlyList<Candidate> Candidates(LayerGraph graph, int batch)
    {
        Rows images = graph.RowsOf(Output);
        ValueInfo x = graph.Values[Inputs[0]], y = graph.Values[Output];
        bool fitsPieces = PlanePooling.FitsPieces(Sizes, graph.CutPlanes.PlanesOf(x), graph.CutPlanes.PlanesOf(y));
        return
        [
            graph.Moving(this, "pool", ValueLayout.ChannelsLast, batch, layout =>
                new PoolingStep(Sizes, IsMaximum, Winners, images) { Reads = layout, Writes = layout }),
            .. Winners is not null ? [] : graph.OnPlanes(this, KernelNames.PlanePool, batch, fitsPieces, layout =>
                new PlanePoolingStep(this, layout.PlanesOf(x), layout.PlanesOf(y), images)
                {
                    Reads = layout, Writes = layout,
                }),
        ];
    }

    /// <summary>Creates the layer for pooling with sliding windows.</summary>
    internal static PoolingLayer Of(NodeStep step, LoweringContext context, Pool2dOptions options, bool isMaximum) =>
        new()
    {
        Name = step.Name, Inputs = step.Inputs, Output = step.Output, IsMaximum = isMaximum,
        Sizes = Pool2dOperation.Sliding(step.Name, context.Example(step), options),
    };

    /// <summary>Creates the layer for adaptive average pooling to an image of the given size.</summary>
    internal static PoolingLayer Adaptive(NodeStep step, LoweringContext context, int height, int width) => new()
    {
        Name = step.Name, Inputs = step.Inputs, Output = step.Output, IsMaximum = false,
        Sizes = Pool2dOperation.Adaptive(step.Name, context.Example(step), height, width),
    };
}

/// <summary>Pools channels-last images, then clears the channels that did not win.</summary>
internal sealed class PoolingStep(PoolingSizes sizes, bool isMaximum, WinnerRule? winners, Rows images) : Step
{
    internal override string Kernel => "pool";

    internal override void Run(in StepCall call)
    {
        PoolingSizes all = sizes with { Batch = images.Of(call.Batch) };
        Span<float> x = call.X.Span(checked(all.Batch * all.Height.Inputs * all.Width.Inputs * all.Channels));
        Span<float> y = call.Y.Span(checked(all.Batch * all.Height.Outputs * all.Width.Outputs * all.Channels));
        if (isMaximum)
        {
            Pooling.Maximum(all, x, y, default);
        }
        else
        {
            Pooling.Average(all, x, y);
        }

        if (winners is { } rule)
        {
            WinnerRows.KeepChannels(
                rule, call.X, call.Y, (all.Height.Inputs * all.Width.Inputs, all.Height.Outputs * all.Width.Outputs),
                (all.Batch, all.Channels));
        }
    }
}

/// <summary>Pools planes.</summary>
internal sealed class PlanePoolingStep(PoolingLayer layer, PlaneShape source, PlaneShape target, Rows images) : Step
{
    internal override string Kernel =>
        source.IsCut ? KernelNames.OnPieces(KernelNames.PlanePool) : KernelNames.PlanePool;

    internal override void Run(in StepCall call) =>
        PlanePooling.Run(images.Of(call.Batch), layer.Sizes, layer.IsMaximum, source, target, call.X, call.Y);
}

/// <summary>Max pooling of bytes.</summary>
internal sealed record BytePoolingLayer : Layer
{
    /// <summary>Sizes for a batch of one.</summary>
    internal required PoolingSizes Sizes { get; init; }

    internal override object Attributes => ("bytes", Sizes);

    internal override string Kind => "int8 max pool";

    internal override IReadOnlyList<Candidate> Candidates(LayerGraph graph, int batch) =>
    [
        graph.Moving(this, KernelNames.Int8, ValueLayout.Bytes, batch, layout =>
            new BytePoolingStep(Sizes, graph.RowsOf(Output)) { Reads = layout, Writes = layout }),
    ];
}

/// <summary>Max-pools channels-last bytes.</summary>
internal sealed class BytePoolingStep(PoolingSizes sizes, Rows images) : Step
{
    internal override string Kernel => KernelNames.Int8;

    internal override void Run(in StepCall call) =>
        BytePooling.Maximum(sizes with { Batch = images.Of(call.Batch) }, call.X, call.Y);
}
