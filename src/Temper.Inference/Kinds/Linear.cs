using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>A fully connected layer with its bias, and ReLU behind it.</summary>
internal sealed record LinearLayer : Layer
{
    /// <summary><c>[O, I]</c>.</summary>
    internal required Tensor Weight { get; init; }

    internal Tensor? Bias { get; init; }

    /// <summary>Scales of a weight of 8 bit, <c>[O]</c>; null: it has none.</summary>
    internal Tensor? WeightScale { get; init; }

    internal bool Relu { get; init; }

    /// <summary>Which inputs of a row win, where winners-take-all stands before it; null: nothing does.</summary>
    internal WinnerRule? Winners { get; init; }

    /// <summary>Fraction of the inputs that is expected to win.</summary>
    internal float WinnerShare { get; private init; } = 1;

    /// <summary>Where its input is an image that was flattened: channels and pixels of the image, else 0.</summary>
    internal (int Channels, int Pixels) Image { get; init; }

    /// <summary>Rows of the input for one sample.</summary>
    internal required int Rows { get; init; }

    internal int Outputs => Weight.Shape[0];

    internal int Features => Weight.Shape[1];

    internal override object Attributes => ("linear", Image, Rows, Outputs, Bias is null, Relu, Winners);

    internal override string Kind => "linear";

    internal override long Macs => (long)Rows * Outputs * Features;

    internal override Tensor Weights => Weight;

    internal override LinearLayer WithRelu(int output) => this with { Output = output, Relu = true };

    /// <summary>Takes in the winners of its input; null where zeros of its weights are worth more.</summary>
    internal LinearLayer? WithWinners(WinnersLayer winners)
    {
        bool fits = Winners is null && !winners.Rule.Channels && Rows == 1 && Image.Channels == 0
            && Weight.AsSpan<float>().Count(0f) <= LinearCandidates.MinZeros * Weight.Count;
        return fits ? this with { Inputs = winners.Inputs, Winners = winners.Rule, WinnerShare = winners.Share } : null;
    }

    internal override ValueDensity ExpectedDensity(LayerGraph graph) =>
        Relu ? ValueDensity.Rectified : ValueDensity.Dense;

    internal override IReadOnlyList<Candidate> Candidates(LayerGraph graph, int batch) =>
        LinearCandidates.Of(graph, this, batch);

    /// <summary>A fully connected layer by itself.</summary>
    internal static LinearLayer Of(NodeStep step, LoweringContext context)
    {
        (Tensor weight, Tensor? scale) = Int8Lowering.WeightOf(step, context);
        return Of(step, step.Parameters, context) with { Weight = weight, WeightScale = scale };
    }

    /// <summary>A fully connected layer with what the network's plan has joined to it.</summary>
    internal static LinearLayer Of(FusedStep step, LoweringContext context) =>
        Of(step, step.HeadParameters, context) with { Relu = step.Relu };

    private static LinearLayer Of(PlanStep step, IReadOnlyList<int> parameters, LoweringContext context)
    {
        Shape x = context.Values[step.Inputs[0]].Shape;
        return new LinearLayer
        {
            Name = step.Name, Inputs = step.Inputs, Output = step.Output, Rows = x.CountOf(0, x.Rank - 1),
            Weight = context.Parameter(parameters, 0)!, Bias = context.Parameter(parameters, 1),
        };
    }
}

/// <summary>
/// The ways to carry out a fully connected layer: a single row is multiplied with the weights as they are, more with
/// panels.
/// </summary>
internal static class LinearCandidates
{
    /// <summary>Rows up to which each is treated by itself.</summary>
    private const int FewRows = 4;

    /// <summary>Below this share of zeros it is never worth to leave weights out one by one.</summary>
    internal const double MinZeros = 0.6;

    /// <summary>What a weight that is left in costs beside one of a dense kernel.</summary>
    private const double CostOfOne = 8;

    /// <summary>What finding the inputs costs that are not zero.</summary>
    private const double CostOfFinding = 1.1, ActiveOfNoise = 0.5;

    internal static IReadOnlyList<Candidate> Of(LayerGraph graph, LinearLayer layer, int batch)
    {
        ValueInfo output = graph.Values[layer.Output];
        var rows = new Rows(layer.Rows, output.IsBatched);
        var all = new List<Candidate>();
        double macs = (double)layer.Macs * (output.IsBatched ? batch : 1);
        ValueLayout reads = layer.Image.Channels > 0 && layer.Inputs[0] >= graph.InputCount
            ? ValueLayout.ChannelsLast
            : ValueLayout.RowMajor;

        // Kernels that leave out zeros do each row by itself: the largest batch of a class takes that much longer than
        // the one that is timed.
        double growth = output.IsBatched ? BatchClass.LargestOf(batch) / (double)batch : 1;
        void Add(
            string kernel, double cost, Func<float[], PinnedFloats?, Step> make, bool leavesOutZeros = false,
            double shareOfNoise = 1, bool isInvariant = true) => all.Add(new Candidate(
            kernel, reads, ValueLayout.RowMajor, cost, () => make(Weights(layer, reads), layer.Bias.Pinned()))
        {
            Growth = leavesOutZeros ? growth : 1, LeavesOutZeros = leavesOutZeros, ShareOfNoise = shareOfNoise,
            IsBatchInvariant = isInvariant,
        });

        if (rows.Of(batch) == 1)
        {
            Add(KernelNames.Rows, macs, (weights, bias) => new LinearStep(
                new PackedMatrix(weights, layer.Outputs, layer.Features, forOneRow: true), bias, layer.Relu, rows,
                KernelNames.Rows, Kept(layer))
            { Reads = reads, Writes = ValueLayout.RowMajor }, isInvariant: !output.IsBatched);
        }

        Add(KernelNames.Panels, (rows.Of(batch) == 1 ? 2 : 1) * macs, (weights, bias) => new LinearStep(
            new PackedMatrix(weights, layer.Outputs, layer.Features, forOneRow: false), bias, layer.Relu, rows,
            KernelNames.Panels, Kept(layer))
        { Reads = reads, Writes = ValueLayout.RowMajor });
        if (rows.Of(batch) <= FewRows)
        {
            // Of noise about all inputs are active, or half of them behind a ReLU.
            float density = Math.Min(graph.Densities[layer.Inputs[0]].Elements, layer.WinnerShare);
            double shareOfNoise = graph.Stated.Contains(layer.Inputs[0]) ? Math.Min(1, density / ActiveOfNoise) : 1;
            Add(KernelNames.ActiveInputs, CostOfFinding * macs * density, (weights, bias) => new ActiveInputsStep(
                new InputMajorMatrix(weights, layer.Outputs, layer.Features), bias, layer.Relu, rows, layer.Winners)
            { Reads = reads, Writes = ValueLayout.RowMajor }, leavesOutZeros: true, shareOfNoise);
        }

        long kept = layer.Weight.Count - layer.Weight.AsSpan<float>().Count(0f);
        if (layer.Winners is null && rows.Of(batch) <= FewRows && kept <= (1 - MinZeros) * layer.Weight.Count)
        {
            Add(KernelNames.SparseRows, CostOfOne * kept * rows.Of(batch), (weights, bias) => new SparseRowsStep(
                new SparseMatrix(weights, layer.Outputs, layer.Features), bias, layer.Relu, rows)
            { Reads = reads, Writes = ValueLayout.RowMajor }, leavesOutZeros: true);
        }

        return [.. all, .. layer.Winners is null ? OnPlanes(graph, layer, rows.Of(batch), rows) : []];
    }

    /// <summary>What a dense kernel has to set to zero before.</summary>
    private static (WinnerRule Rule, int Features)? Kept(LinearLayer layer) =>
        layer.Winners is { } rule ? (rule, layer.Features) : null;

    /// <summary>
    /// As a convolution whose kernel covers the whole image, or the one pixel that a value without pixels is.
    /// </summary>
    private static IEnumerable<Candidate> OnPlanes(LayerGraph graph, LinearLayer layer, int rows, Rows images)
    {
        Shape x = graph.Values[layer.Inputs[0]].Shape;
        if (rows <= FewRows || x.Rank is not (2 or 4) || graph.Values[layer.Output].Shape.Rank != 2)
        {
            return [];
        }

        (int height, int width) = x.Rank == 4 ? (x[2], x[3]) : (1, 1);
        var convolution = new ConvolutionLayer
        {
            Name = layer.Name, Inputs = layer.Inputs, Output = layer.Output, Weight = layer.Weight, Bias = layer.Bias,
            Relu = layer.Relu,
            Geometry = Conv2dShapes.Geometry(
                [x[0], x[1], height, width], [layer.Outputs, x[1], height, width], new Conv2dOptions()),
        };
        return SparseCandidates.Of(graph, convolution, convolution.Geometry with { Batch = rows }, images);
    }

    /// <summary>
    /// The weights in the order of the input: those of an image are <c>[O, C, P]</c>, or <c>[O, P, C]</c> for channels
    /// last.
    /// </summary>
    private static float[] Weights(LinearLayer layer, ValueLayout reads)
    {
        float[] weights = layer.Weight.ToArray<float>();
        if (reads == ValueLayout.ChannelsLast)
        {
            Layouts.ToChannelsLast(
                layer.Weight.AsSpan<float>(), weights, layer.Outputs, layer.Image.Channels, layer.Image.Pixels);
        }

        return weights;
    }
}

/// <summary>A dense fully connected layer.</summary>
internal sealed class LinearStep(
    PackedMatrix matrix, PinnedFloats? bias, bool relu, Rows rows, string kernel,
    (WinnerRule Rule, int Features)? winners = null) : Step
{
    internal override string Kernel => kernel;

    internal override long WeightFloats => matrix.WeightFloats;

    internal override void Run(in StepCall call)
    {
        int count = rows.Of(call.Batch);
        FloatAddress x = winners is { } kept ? WinnerRows.InScratch(kept.Rule, call.X, count, kept.Features) : call.X;
        matrix.Run(count, x, call.Y, new LayerTail { Bias = bias, Relu = relu });
    }
}

/// <summary>
/// A fully connected layer that reads the weights of those inputs only that are not zero in this run.
/// </summary>
internal sealed class ActiveInputsStep(
    InputMajorMatrix matrix, PinnedFloats? bias, bool relu, Rows rows, WinnerRule? winners) : Step
{
    internal override string Kernel => KernelNames.ActiveInputs;

    internal override long WeightFloats => matrix.WeightFloats;

    internal override void Run(in StepCall call) =>
        matrix.Run(rows.Of(call.Batch), call.X, call.Y, new LayerTail { Bias = bias, Relu = relu }, winners);
}

/// <summary>A fully connected layer that leaves out weights that are zero, row by row.</summary>
internal sealed class SparseRowsStep(SparseMatrix matrix, PinnedFloats? bias, bool relu, Rows rows) : Step
{
    internal override string Kernel => KernelNames.SparseRows;

    internal override long WeightFloats => matrix.WeightFloats;

    internal override void Run(in StepCall call) =>
        matrix.Run(rows.Of(call.Batch), call.X, call.Y, new LayerTail { Bias = bias, Relu = relu });
}
