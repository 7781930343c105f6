using Temper.Kernels;
using Temper.Networks;

namespace Temper.Inference;

/// <summary>The sum of two values, or a single value, with an optional ReLU.</summary>
internal sealed record SumLayer : Layer
{
    internal bool Relu { get; init; }

    internal override object Attributes => (Kind, Relu);

    internal override string Kind => Inputs.Count > 1 ? "add" : "relu";

    internal override SumLayer WithRelu(int output) => this with { Output = output, Relu = true };

    internal override ValueDensity ExpectedDensity(LayerGraph graph) => Inputs.Count == 1
        ? graph.Densities[Inputs[0]] with
        {
            Elements = Math.Min(graph.Densities[Inputs[0]].Elements, ValueDensity.Rectified.Elements),
        }
        : Relu ? ValueDensity.Rectified : ValueDensity.Dense;

    internal override IReadOnlyList<Candidate> Candidates(LayerGraph graph, int batch)
    {
        ValueInfo value = graph.Values[Output];
        SumStep Make(ValueLayout layout) =>
            new(graph.ElementsOf(Output), layout.Kind == LayoutKind.Planes ? layout.PlanesOf(value) : null, Relu)
            {
                Reads = layout, Writes = layout,
            };
        return
        [
            graph.Moving(
                this, "elementwise", value.Shape.Rank == 4 ? ValueLayout.ChannelsLast : ValueLayout.RowMajor, batch,
                Make),
            .. graph.OnPlanes(this, KernelNames.PlaneSum, batch, fitsPieces: true, Make),
        ];
    }

    /// <summary>Creates the layer for a ReLU.</summary>
    internal static SumLayer OfRelu(NodeStep step) =>
        new() { Name = step.Name, Inputs = step.Inputs, Output = step.Output, Relu = true };

    /// <summary>Creates the layer for a sum of values of equal shape. Null for any other sum.</summary>
    internal static SumLayer? OfAdd(NodeStep step, LoweringContext context) =>
        step.Inputs.All(input => context.Values[input].Equals(context.Values[step.Output]))
            ? new SumLayer { Name = step.Name, Inputs = step.Inputs, Output = step.Output }
            : null;
}

/// <summary>Adds two values elementwise, or applies a ReLU, in any layout.</summary>
/// <param name="elements">Number of elements of the value.</param>
/// <param name="planes">
/// Shape of the planes, if the value is in planes; borders and padding between images are then processed too.
/// </param>
/// <param name="relu">Whether to apply a ReLU to the sum.</param>
internal sealed class SumStep(Rows elements, PlaneShape? planes, bool relu) : Step
{
    internal override string Kernel => planes switch
    {
        null => "elementwise",
        { IsCut: true } => KernelNames.OnPieces(KernelNames.PlaneSum),
        _ => KernelNames.PlaneSum,
    };

    internal override void Run(in StepCall call)
    {
        int count = elements.Of(call.Batch);
        if (planes is { } shape)
        {
            count = checked((int)shape.Floats(count / (shape.Channels * shape.Height * shape.Width)));
        }

        Span<float> x = call.X.Span(count);
        Span<float> y = call.Y.Span(count);
        if (call.Residual.IsNull)
        {
            Elementwise.Apply(default(Kernels.Relu), x, y);
            return;
        }

        Elementwise.Apply(default(Kernels.AddKernel), x, call.Residual.Span(count), y);
        if (relu)
        {
            Elementwise.Apply(default(Kernels.Relu), y, y);
        }
    }
}
