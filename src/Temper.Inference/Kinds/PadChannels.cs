using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>Zero channels added before and after the channels of an image.</summary>
internal sealed record PadChannelsLayer : Layer
{
    internal required int Before { get; init; }

    internal required int After { get; init; }

    internal override object Attributes => (Before, After);

    internal override string Kind => "pad";

    internal override ValueDensity ExpectedDensity(LayerGraph graph) => graph.Densities[Inputs[0]];

    internal override IReadOnlyList<Candidate> Candidates(LayerGraph graph, int batch)
    {
        ValueInfo x = graph.Values[Inputs[0]], y = graph.Values[Output];
        Rows images = graph.RowsOf(Output), pixels = new(x.Shape[0] * x.Shape[2] * x.Shape[3], y.IsBatched);
        return
        [
            graph.Moving(this, "copy", ValueLayout.ChannelsLast, batch, layout =>
                new PadChannelsStep(x.Shape[1], Before, After, pixels) { Reads = layout, Writes = layout }),
            .. graph.OnPlanes(this, KernelNames.PlanePad, batch, fitsPieces: true, layout =>
                new PadPlanesStep(layout.PlanesOf(x), Before, After, images) { Reads = layout, Writes = layout }),
        ];
    }

    /// <summary>
    /// Creates the layer for zero padding of the channel axis of an image. Null for any other padding.
    /// </summary>
    internal static PadChannelsLayer? Of(NodeStep step, LoweringContext context) =>
        step.Node.Operator is Pad { Axis: 1 or -3, Fill: 0, Mode: PadMode.Constant } pad
            && context.Values[step.Inputs[0]].Shape.Rank == 4
            ? new PadChannelsLayer
            {
                Name = step.Name, Inputs = step.Inputs, Output = step.Output, Before = pad.Before, After = pad.After,
            }
            : null;
}

/// <summary>Adds zero channels to channels-last pixels.</summary>
internal sealed class PadChannelsStep(int channels, int before, int after, Rows pixels) : Step
{
    internal override string Kernel => "copy";

    internal override void Run(in StepCall call)
    {
        int count = pixels.Of(call.Batch), width = before + channels + after;
        call.Y.Span(checked(count * width)).Clear();
        ColumnCopies.Copy(call.X, channels, call.Y + before, width, channels, count);
    }
}

/// <summary>Adds zero planes before and after the planes of an image.</summary>
internal sealed class PadPlanesStep(PlaneShape source, int before, int after, Rows images) : Step
{
    internal override string Kernel => source.IsCut ? KernelNames.OnPieces(KernelNames.PlanePad) : KernelNames.PlanePad;

    internal override void Run(in StepCall call) =>
        PlaneCopies.Pad(images.Of(call.Batch), source, before, after, call.X, call.Y);
}
