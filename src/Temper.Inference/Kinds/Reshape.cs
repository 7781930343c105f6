using Temper.Networks;

namespace Temper.Inference;

/// <summary>A change of shape that keeps the elements.</summary>
internal sealed record ReshapeLayer : Layer
{
    internal override object Attributes => Kind;

    internal override string Kind => "reshape";

    internal override bool IsAlias => true;

    internal override ValueDensity ExpectedDensity(LayerGraph graph) =>
        graph.Densities[Inputs[0]] with { Channels = 1 };

    internal override IReadOnlyList<Candidate> Candidates(LayerGraph graph, int batch) =>
    [
        graph.Moving(this, "copy", ValueLayout.RowMajor, batch, layout =>
            new CopyStep(graph.ElementsOf(Output)) { Reads = layout, Writes = layout }),
    ];

    /// <summary>Creates the layer for a reshape that does not affect the batch axis. Null for any other.</summary>
    internal static ReshapeLayer? Of(NodeStep step, LoweringContext context) =>
        context.Values[step.Inputs[0]].IsBatched == context.Values[step.Output].IsBatched
            ? new ReshapeLayer { Name = step.Name, Inputs = step.Inputs, Output = step.Output }
            : null;
}
