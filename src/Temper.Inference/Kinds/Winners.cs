using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// Winners-take-all: keeps the elements of a sample with the largest magnitudes, or the channels of an image with the
/// largest scores, and sets the others to zero.
/// </summary>
internal sealed record WinnersLayer : Layer
{
    internal required WinnerRule Rule { get; init; }

    /// <summary>Expected fraction of the elements, or channels, that win, 0 to 1.</summary>
    internal required float Share { get; init; }

    internal override object Attributes => ("winners", Rule);

    internal override string Kind => "winners";

    /// <summary>
    /// After a ReLU more elements may be zero than the rule implies. If single elements compete, no channel has to be
    /// zero.
    /// </summary>
    internal override ValueDensity ExpectedDensity(LayerGraph graph)
    {
        ValueDensity x = graph.Densities[Inputs[0]];
        return Rule.Channels
            ? new ValueDensity(x.Elements * Share, Math.Min(x.Channels, Share))
            : x with { Elements = Math.Min(x.Elements, Share) };
    }

    internal override IReadOnlyList<Candidate> Candidates(LayerGraph graph, int batch)
    {
        Shape shape = graph.Values[Output].Shape;
        Rows samples = graph.RowsOf(Output);
        (int, int) Size(ValueLayout layout) => layout == ValueLayout.ChannelsLast && shape.Rank == 4
            ? (shape[2] * shape[3], shape[1])
            : (shape.CountOf(1, shape.Rank), 1);
        Candidate In(ValueLayout layout, string kernel) =>
            graph.Moving(this, kernel, layout, batch, _ =>
                new WinnersStep(Rule, Size(layout), samples) { Reads = layout, Writes = layout });
        return shape.Rank == 4
            ? [In(ValueLayout.ChannelsLast, KernelNames.Winners)]
            : [In(ValueLayout.RowMajor, KernelNames.Winners)];
    }

    internal static WinnersLayer? Of(NodeStep step, LoweringContext context)
    {
        var winners = (Winners)step.Node.Operator;
        Shape shape = context.Values[step.Inputs[0]].Shape;
        return shape.Rank is not (2 or 4) ? null : new WinnersLayer
        {
            Name = step.Name, Inputs = step.Inputs, Output = step.Output,
            Rule = new WinnerRule(
                winners.Count, winners.Threshold ?? float.NaN, winners.Unit == WinnerUnit.Channels,
                (ChannelSum)winners.Score),
            Share = winners.Count / (float)Winners.Competitors(shape, winners.Unit),
        };
    }
}

/// <summary>Ranks the elements or channels of each sample and keeps the winners.</summary>
internal sealed class WinnersStep(WinnerRule rule, (int Pixels, int Channels) size, Rows samples) : Step
{
    internal override string Kernel => KernelNames.Winners;

    internal override void Run(in StepCall call) =>
        WinnerRows.Run(rule, call.X, call.Y, (samples.Of(call.Batch), size.Pixels, size.Channels));
}
