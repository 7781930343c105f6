using Temper.Kernels;
using Temper.Networks;

namespace Temper.Inference;

/// <summary>
/// Rounds elements to a quantization grid. The output is float32 or, if the grid is one of bytes, optionally bytes.
/// </summary>
internal sealed record FakeQuantizeLayer : Layer
{
    internal required Networks.FakeQuantize Operator { get; init; }

    internal override string Kind => "quantize";

    internal override object Attributes => Kind;

    /// <summary>The grid as unsigned bytes; null if its integers do not fit a byte.</summary>
    internal ByteGrid? Grid => Operator.IsByte ? new ByteGrid(Operator.Scale, Operator.Zero - Operator.Low) : null;

    internal override ValueDensity ExpectedDensity(LayerGraph graph) => graph.Densities[Inputs[0]];

    internal override IReadOnlyList<Candidate> Candidates(LayerGraph graph, int batch)
    {
        ValueInfo value = graph.Values[Output];
        ValueLayout order = value.Shape.Rank == 4 ? ValueLayout.ChannelsLast : ValueLayout.RowMajor;
        Candidate[] bytes = !graph.Grids.ContainsKey(Output)
            ? []
            : [graph.Moving(this, KernelNames.Quantize, order, batch, _ => new ByteCopyStep(value)
            {
                Reads = order, Writes = graph.LayoutFor(Output, ValueLayout.Bytes),
            }) with { Writes = ValueLayout.Bytes }];
        FakeQuantizeStep Make(ValueLayout layout) =>
            new(Operator, graph.ElementsOf(Output), layout.Kind == LayoutKind.Planes ? layout.PlanesOf(value) : null)
            {
                Reads = layout, Writes = layout,
            };
        return [.. bytes, graph.Moving(this, "elementwise", order, batch, Make), .. graph.OnPlanes(
            this, KernelNames.PlaneQuantize, batch, fitsPieces: true, Make)];
    }

    internal static FakeQuantizeLayer Of(NodeStep step, LoweringContext context) => new()
    {
        Name = step.Name, Inputs = step.Inputs, Output = step.Output,
        Operator = (Networks.FakeQuantize)step.Node.Operator,
    };
}

/// <summary>Rounds elements in any layout. Zero maps to zero, so the borders of planes may be processed too.</summary>
internal sealed class FakeQuantizeStep(Networks.FakeQuantize quantize, Rows elements, PlaneShape? planes) : Step
{
    internal override string Kernel => planes switch
    {
        null => "elementwise",
        { IsCut: true } => KernelNames.OnPieces(KernelNames.PlaneQuantize),
        _ => KernelNames.PlaneQuantize,
    };

    internal override void Run(in StepCall call)
    {
        int count = elements.Of(call.Batch);
        if (planes is { } shape)
        {
            count = checked((int)shape.Floats(count / (shape.Channels * shape.Height * shape.Width)));
        }

        Elementwise.Apply(
            new Kernels.FakeQuantize(quantize.Scale, quantize.Low - quantize.Zero, quantize.High - quantize.Zero),
            call.X.Span(count), call.Y.Span(count));
    }
}
