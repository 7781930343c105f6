using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// A convolution with its bias, an addition (the second input) and ReLU behind it, and winners-take-all before it.
/// </summary>
internal sealed record ConvolutionLayer : Layer
{
    /// <summary>
    /// Images up to which each is treated by itself, and channels from which on it may pay to look which are zero.
    /// </summary>
    private const int MaxImagesOfActiveChannels = 4, FewestActiveChannels = 16;

    /// <summary>Share of active channels above which looking for them never pays, and what looking costs.</summary>
    private const float MaxActiveChannels = 0.9f, CostOfFinding = 1.1f;

    private static readonly ConvolutionMethod[] Methods =
        [
            ConvolutionMethod.Depthwise, ConvolutionMethod.MergedRows, ConvolutionMethod.Winograd,
            ConvolutionMethod.Direct,
        ];

    /// <summary>Sizes for a batch of one.</summary>
    internal required ConvolutionGeometry Geometry { get; init; }

    internal required Tensor Weight { get; init; }

    internal Tensor? Bias { get; init; }

    /// <summary>Scales of a weight of 8 bit, <c>[O]</c>; null: it has none.</summary>
    internal Tensor? WeightScale { get; init; }

    internal bool Relu { get; init; }

    /// <summary>Which channels of its input win, where winners-take-all stands before it; null: nothing does.</summary>
    internal WinnerRule? Winners { get; init; }

    internal override object Attributes => (Geometry, Bias is null, Relu, Inputs.Count, Winners);

    internal override string Kind => $"conv {Geometry.KernelHeight}x{Geometry.KernelWidth}";

    internal override long Macs =>
        Geometry.OutCount / Math.Max(Geometry.Batch, 1) * Geometry.GroupInputs * Geometry.Positions;

    internal override Tensor Weights => Weight;

    internal override ConvolutionLayer WithRelu(int output) => this with { Output = output, Relu = true };

    internal override Layer? WithAddition(int other, SumLayer sum) =>
        Relu || Inputs.Count > 1 || WeightScale is not null
            ? null
            : this with { Inputs = [Inputs[0], other], Output = sum.Output, Relu = sum.Relu };

    internal override ValueDensity ExpectedDensity(LayerGraph graph) =>
        Relu ? ValueDensity.Rectified : ValueDensity.Dense;

    /// <summary>Takes in the winners of its input; null where zeros of its weights are worth more.</summary>
    internal ConvolutionLayer? WithWinners(WinnersLayer winners)
    {
        const double maxZeros = 0.5;
        bool fits = Winners is null && winners.Rule.Channels && Inputs[0] == winners.Output && !Inputs.Skip(1)
            .Contains(winners.Output)
            && Weight.AsSpan<float>().Count(0f) <= maxZeros * Weight.Count;
        return fits ? this with
        {
            Inputs = [winners.Inputs[0], .. Inputs.Skip(1)], Winners = winners.Rule, WinnerShare = winners.Share,
        } : null;
    }

    /// <summary>Fraction of the channels that is expected to win.</summary>
    private float WinnerShare { get; init; } = 1;

    internal override IReadOnlyList<Candidate> Candidates(LayerGraph graph, int batch)
    {
        ConvolutionGeometry g = Geometry with { Batch = graph.RowsOf(Output).Of(batch) };
        bool mayFindChannels = g.Batch <= MaxImagesOfActiveChannels && g.InChannels >= FewestActiveChannels;
        return
        [
            .. Methods.Where(method => PackedConvolution.Fits(g, method)).Select(method => Dense(graph, g, method)),
            .. Methods.Where(method => mayFindChannels && PackedConvolution.FitsActiveChannels(g, method))
            .Select(method => OnActiveChannels(graph, g, method)),
            .. Winners is null ? SparseCandidates.Of(graph, this, g, graph.RowsOf(Output)) : [],
        ];
    }

    /// <summary>A convolution by itself.</summary>
    internal static ConvolutionLayer Of(NodeStep step, LoweringContext context)
    {
        (Tensor weight, Tensor? scale) = Int8Lowering.WeightOf(step, context);
        return Of(step, (Conv2d)step.Node.Operator, weight, context.Parameter(step.Parameters, 1), context) with
        {
            WeightScale = scale,
        };
    }

    /// <summary>A convolution with what the network's plan has joined to it.</summary>
    internal static ConvolutionLayer Of(FusedStep step, LoweringContext context)
    {
        FoldedNorm? folded = step.Norm is null ? null : FoldedNorm.Of(step, context.Network);
        Tensor weight = folded?.Weight ?? context.Parameter(step.HeadParameters, 0)!;
        Tensor? bias = folded?.Bias ?? context.Parameter(step.HeadParameters, 1);
        return Of(step, (Conv2d)step.Head!.Operator, weight, bias, context) with { Relu = step.Relu };
    }

    private static ConvolutionLayer Of(
        PlanStep step, Conv2d convolution, Tensor weight, Tensor? bias, LoweringContext context) => new()
    {
        Name = step.Name, Inputs = step.Inputs, Output = step.Output, Weight = weight, Bias = bias,
        Geometry = Conv2dShapes.Geometry(context.Values[step.Inputs[0]].Shape, weight.Shape, convolution.Options),
    };

    private Candidate Dense(
        LayerGraph graph, ConvolutionGeometry g, ConvolutionMethod method, bool findsChannels = false) => new(
        findsChannels ? KernelNames.OnActiveChannels(method) : KernelNames.Of(method), ValueLayout.ChannelsLast,
        ValueLayout.ChannelsLast, PackedConvolution.Cost(g, method),
        () => new ConvolutionStep(
            new PackedConvolution(g, Weight.ToRowMajor().Physical(), method), Bias.Pinned(), Relu, graph.RowsOf(Output),
            (findsChannels, Winners))
        {
            Reads = ValueLayout.ChannelsLast, Writes = ValueLayout.ChannelsLast,
        });

    private Candidate OnActiveChannels(LayerGraph graph, ConvolutionGeometry g, ConvolutionMethod method)
    {
        float density = Math.Min(graph.Densities[Inputs[0]].Channels, WinnerShare);
        Candidate dense = Dense(graph, g, method, findsChannels: true);
        return dense with
        {
            Cost = dense.Cost * CostOfFinding * density, LeavesOutZeros = true,
            IsWorthTrying = density <= MaxActiveChannels,
            ShareOfNoise = graph.Stated.Contains(Inputs[0]) ? density : 1,
        };
    }
}

/// <summary>
/// A dense convolution of channels-last images, which may leave out input channels that are zero in this run.
/// </summary>
internal sealed class ConvolutionStep(
    PackedConvolution convolution, PinnedFloats? bias, bool relu, Rows images,
    (bool LeavesOut, WinnerRule? Winners) channels) : Step
{
    internal override string Kernel =>
        channels.LeavesOut ? KernelNames.OnActiveChannels(convolution.Method) : KernelNames.Of(convolution.Method);

    internal override long WeightFloats => convolution.WeightFloats;

    internal override void Run(in StepCall call)
    {
        var tail = new LayerTail { Bias = bias, Residual = call.Residual, Relu = relu };
        if (channels.LeavesOut)
        {
            convolution.RunActiveChannels(images.Of(call.Batch), call.X, call.Y, tail, channels.Winners);
        }
        else if (channels.Winners is { } winners)
        {
            convolution.RunWinners(images.Of(call.Batch), call.X, call.Y, tail, winners);
        }
        else
        {
            convolution.Run(images.Of(call.Batch), call.X, call.Y, tail);
        }
    }
}
