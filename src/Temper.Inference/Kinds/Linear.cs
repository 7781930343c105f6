using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>A fully connected layer with bias and an optional fused ReLU.</summary>
internal sealed record LinearLayer : Layer
{
    /// <summary>Weights, <c>[O, I]</c>.</summary>
    internal required Tensor Weight { get; init; }

    internal Tensor? Bias { get; init; }

    /// <summary>Scales of an 8-bit weight, <c>[O]</c>; null: the weight is float32.</summary>
    internal Tensor? WeightScale { get; init; }

    internal bool Relu { get; init; }

    /// <summary>Rule that selects the winning inputs of a row, if winners-take-all is fused; else null.</summary>
    internal WinnerRule? Winners { get; init; }

    /// <summary>Expected fraction of the inputs that win, 0 to 1.</summary>
    internal float WinnerShare { get; private init; } = 1;

    /// <summary>Channels and pixels of the input image, if the input is a flattened image; else 0.</summary>
    internal (int Channels, int Pixels) Image { get; init; }

    /// <summary>Number of input rows per sample.</summary>
    internal required int Rows { get; init; }

    internal int Outputs => Weight.Shape[0];

    internal int Features => Weight.Shape[1];

    internal override object Attributes => ("linear", Image, Rows, Outputs, Bias is null, Relu, Winners);

    internal override string Kind => "linear";

    internal override long Macs => (long)Rows * Outputs * Features;

    internal override Tensor Weights => Weight;

    internal override LinearLayer WithRelu(int output) => this with { Output = output, Relu = true };

    /// <summary>
    /// Fuses the winners-take-all that produces its input. Null if many weights are zero, because a sparse kernel is
    /// then faster.
    /// </summary>
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

    /// <summary>Creates the layer for a linear node.</summary>
    internal static LinearLayer Of(NodeStep step, LoweringContext context)
    {
        (Tensor weight, Tensor? scale) = Int8Lowering.WeightOf(step, context);
        return Of(step, step.Parameters, context) with { Weight = weight, WeightScale = scale };
    }

    /// <summary>
    /// Creates the layer for a linear node with the operators that the network's plan has fused into it.
    /// </summary>
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
/// Candidates for a fully connected layer. A single row uses the weights in their original order; several rows use
/// panels.
/// </summary>
internal static class LinearCandidates
{
    /// <summary>Maximum number of rows for which each row is processed separately.</summary>
    private const int FewRows = 4;

    /// <summary>Fraction of zero weights below which skipping single weights never pays.</summary>
    internal const double MinZeros = 0.6;

    /// <summary>Cost of one nonzero weight, relative to a weight of a dense kernel.</summary>
    private const double CostOfOne = 8;

    /// <summary>
    /// Cost factor of finding the nonzero inputs, and the fraction of nonzero elements of noise after a ReLU.
    /// </summary>
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

        // Kernels that skip zeros process rows one by one, so the largest batch of a class takes proportionally longer
        // than the smallest, which is the one that is timed.
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
        float density = Math.Min(graph.Densities[layer.Inputs[0]].Elements, layer.WinnerShare);
        bool isStated = graph.Stated.Contains(layer.Inputs[0]);
        if (rows.Of(batch) <= FewRows && (density < 1 || !isStated || layer.Winners is not null))
        {
            // About all inputs are nonzero for noise, or half of them after a ReLU.
            double shareOfNoise = isStated ? Math.Min(1, density / ActiveOfNoise) : 1;
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

    /// <summary>The winner rule that a dense kernel must apply to its input first; null: none.</summary>
    private static (WinnerRule Rule, int Features)? Kept(LinearLayer layer) =>
        layer.Winners is { } rule ? (rule, layer.Features) : null;

    /// <summary>
    /// Candidates that treat the layer as a convolution whose kernel covers the whole image, or a single pixel if the
    /// value is not an image.
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
    /// Returns the weights in the order of the input. The weights of an image are <c>[O, C, P]</c>, or <c>[O, P, C]</c>
    /// for channels last.
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

/// <summary>Executes a dense fully connected layer.</summary>
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
/// Executes a fully connected layer and reads only the weights of inputs that are nonzero in this run.
/// </summary>
internal sealed class ActiveInputsStep(
    InputMajorMatrix matrix, PinnedFloats? bias, bool relu, Rows rows, WinnerRule? winners) : Step
{
    internal override string Kernel => KernelNames.ActiveInputs;

    internal override long WeightFloats => matrix.WeightFloats;

    internal override void Run(in StepCall call) =>
        matrix.Run(rows.Of(call.Batch), call.X, call.Y, new LayerTail { Bias = bias, Relu = relu }, winners);
}

/// <summary>Executes a fully connected layer and skips zero weights, row by row.</summary>
internal sealed class SparseRowsStep(SparseMatrix matrix, PinnedFloats? bias, bool relu, Rows rows) : Step
{
    internal override string Kernel => KernelNames.SparseRows;

    internal override long WeightFloats => matrix.WeightFloats;

    internal override void Run(in StepCall call) =>
        matrix.Run(rows.Of(call.Batch), call.X, call.Y, new LayerTail { Bias = bias, Relu = relu });
}
