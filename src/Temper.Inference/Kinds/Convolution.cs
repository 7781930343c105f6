using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// A convolution with bias, an optional fused addition (the second input) and ReLU, and optional winners-take-all on
/// its input.
/// </summary>
internal sealed record ConvolutionLayer : Layer
{
    /// <summary>
    /// Maximum number of images per batch, and minimum number of input channels, for which the kernels that skip zero
    /// channels are tried.
    /// </summary>
    private const int MaxImagesOfActiveChannels = 4, FewestActiveChannels = 16;

    /// <summary>
    /// Fraction of active channels above which searching for them never pays, and the cost factor of the search.
    /// </summary>
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

    /// <summary>Scales of an 8-bit weight, <c>[O]</c>; null: the weight is float32.</summary>
    internal Tensor? WeightScale { get; init; }

    internal bool Relu { get; init; }

    /// <summary>Rule that selects the winning input channels, if winners-take-all is fused; else null.</summary>
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

    /// <summary>
    /// Fuses the winners-take-all that produces its input. Null if many weights are zero, because a sparse kernel is
    /// then faster.
    /// </summary>
    internal ConvolutionLayer? WithWinners(WinnersLayer winners)
    {
        const double maxZeros = 0.5;
        bool fits = Winners is null && winners.Rule.Channels
            && Inputs[0] == winners.Output && !Inputs.Skip(1).Contains(winners.Output)
            && Weight.AsSpan<float>().Count(0f) <= maxZeros * Weight.Count;
        return fits ? this with
        {
            Inputs = [winners.Inputs[0], .. Inputs.Skip(1)], Winners = winners.Rule, WinnerShare = winners.Share,
        } : null;
    }

    /// <summary>Expected fraction of the channels that win, 0 to 1.</summary>
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

    /// <summary>Creates the layer for a convolution node.</summary>
    internal static ConvolutionLayer Of(NodeStep step, LoweringContext context)
    {
        (Tensor weight, Tensor? scale) = Int8Lowering.WeightOf(step, context);
        return Of(step, (Conv2d)step.Node.Operator, weight, context.Parameter(step.Parameters, 1), context) with
        {
            WeightScale = scale,
        };
    }

    /// <summary>
    /// Creates the layer for a convolution with the operators that the network's plan has fused into it.
    /// </summary>
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
/// Executes a dense convolution of channels-last images, optionally skipping input channels that are zero in this run.
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
