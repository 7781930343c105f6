using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>A maximum or average of windows.</summary>
internal sealed record PoolingLayer : Layer
{
    /// <summary>Sizes for a batch of one.</summary>
    internal required PoolingSizes Sizes { get; init; }

    internal required bool IsMaximum { get; init; }

    internal override object Attributes => (Sizes, IsMaximum);

    internal override string Kind => IsMaximum ? "max pool" : "average pool";

    internal override ValueDensity ExpectedDensity(LayerGraph graph) => graph.Densities[Inputs[0]] with { Elements = 1 };

    internal override IReadOnlyList<Candidate> Candidates(LayerGraph graph, int batch)
    {
        Rows images = graph.RowsOf(Output);
        ValueInfo x = graph.Values[Inputs[0]], y = graph.Values[Output];
        bool fitsPieces = PlanePooling.FitsPieces(Sizes, graph.CutPlanes.PlanesOf(x), graph.CutPlanes.PlanesOf(y));
        return
        [
            graph.Moving(this, "pool", ValueLayout.ChannelsLast, batch, layout => new PoolingStep(Sizes, IsMaximum, images) { Reads = layout, Writes = layout }),
            .. graph.OnPlanes(this, KernelNames.PlanePool, batch, fitsPieces, layout =>
                new PlanePoolingStep(this, layout.PlanesOf(x), layout.PlanesOf(y), images) { Reads = layout, Writes = layout }),
        ];
    }

    /// <summary>Windows that slide.</summary>
    internal static PoolingLayer Of(NodeStep step, LoweringContext context, Pool2dOptions options, bool isMaximum) => new()
    {
        Name = step.Name, Inputs = step.Inputs, Output = step.Output, IsMaximum = isMaximum,
        Sizes = Pool2dOperation.Sliding(step.Name, context.Example(step), options),
    };

    /// <summary>Averages of windows that give an image of some size.</summary>
    internal static PoolingLayer Adaptive(NodeStep step, LoweringContext context, int height, int width) => new()
    {
        Name = step.Name, Inputs = step.Inputs, Output = step.Output, IsMaximum = false,
        Sizes = Pool2dOperation.Adaptive(step.Name, context.Example(step), height, width),
    };
}

/// <summary>Windows of channels-last images.</summary>
internal sealed class PoolingStep(PoolingSizes sizes, bool isMaximum, Rows images) : Step
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
    }
}

/// <summary>Windows of planes.</summary>
internal sealed class PlanePoolingStep(PoolingLayer layer, PlaneShape source, PlaneShape target, Rows images) : Step
{
    internal override string Kernel => source.IsCut ? KernelNames.OnPieces(KernelNames.PlanePool) : KernelNames.PlanePool;

    internal override void Run(in StepCall call) =>
        PlanePooling.Run(images.Of(call.Batch), layer.Sizes, layer.IsMaximum, source, target, call.X, call.Y);
}
