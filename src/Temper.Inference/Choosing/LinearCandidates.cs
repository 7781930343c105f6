using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>The ways to carry out a fully connected layer: a single row is multiplied with the weights as they are, more with panels.</summary>
internal static class LinearCandidates
{
    /// <summary>Rows up to which each is treated by itself.</summary>
    private const int FewRows = 4;

    /// <summary>Below this share of zeros it is never worth to leave weights out one by one.</summary>
    private const double LeastZeros = 0.6;

    /// <summary>What a weight that is left in costs beside one of a dense kernel.</summary>
    private const double CostOfOne = 8;

    /// <summary>Share of inputs that are thought to be active behind a ReLU, and what finding them costs.</summary>
    private const double ActiveBehindRelu = 0.6, CostOfFinding = 1.1;

    internal static IReadOnlyList<Candidate> Of(LayerGraph graph, LinearLayer layer, int batch)
    {
        ValueInfo output = graph.Values[layer.Output];
        var rows = new Rows(layer.Rows, output.IsBatched);
        var all = new List<Candidate>();
        double macs = (double)layer.Macs * (output.IsBatched ? batch : 1);
        ValueLayout reads = layer.Image.Channels > 0 && layer.Inputs[0] >= graph.InputCount ? ValueLayout.ChannelsLast : ValueLayout.RowMajor;

        // Kernels that leave out zeros do each row by itself: the largest batch of a class takes that much longer than the one that is timed.
        double growth = output.IsBatched ? BatchClass.LargestOf(batch) / (double)batch : 1;
        void Add(string kernel, double cost, Func<float[], PinnedFloats?, Step> make, bool leavesOutZeros = false) => all.Add(new Candidate(
            kernel, reads, ValueLayout.RowMajor, cost, () => make(Weights(layer, reads), Candidates.Pinned(layer.Bias)))
        {
            Growth = leavesOutZeros ? growth : 1, LeavesOutZeros = leavesOutZeros,
        });

        if (rows.Of(batch) == 1)
        {
            Add(KernelNames.Rows, macs, (weights, bias) => new LinearStep(
                new PackedMatrix(weights, layer.Outputs, layer.Features, forOneRow: true), bias, layer.Relu, rows, KernelNames.Rows)
            { Reads = reads, Writes = ValueLayout.RowMajor });
        }

        Add(KernelNames.Panels, (rows.Of(batch) == 1 ? 2 : 1) * macs, (weights, bias) => new LinearStep(
            new PackedMatrix(weights, layer.Outputs, layer.Features, forOneRow: false), bias, layer.Relu, rows, KernelNames.Panels)
        { Reads = reads, Writes = ValueLayout.RowMajor });
        if (rows.Of(batch) <= FewRows)
        {
            Add(KernelNames.ActiveInputs, CostOfFinding * macs * (IsBehindRelu(graph, layer) ? ActiveBehindRelu : 1), (weights, bias) => new ActiveInputsStep(
                new InputMajorMatrix(weights, layer.Outputs, layer.Features), bias, layer.Relu, rows)
            { Reads = reads, Writes = ValueLayout.RowMajor }, leavesOutZeros: true);
        }

        long kept = layer.Weight.Count - layer.Weight.AsSpan<float>().Count(0f);
        if (rows.Of(batch) <= FewRows && kept <= (1 - LeastZeros) * layer.Weight.Count)
        {
            Add(KernelNames.SparseRows, CostOfOne * kept * rows.Of(batch), (weights, bias) => new SparseRowsStep(
                new SparseMatrix(weights, layer.Outputs, layer.Features), bias, layer.Relu, rows)
            { Reads = reads, Writes = ValueLayout.RowMajor }, leavesOutZeros: true);
        }

        return [.. all, .. OnPlanes(graph, layer, rows.Of(batch), rows)];
    }

    /// <summary>As a convolution whose kernel covers the whole image, or the one pixel that a value without pixels is.</summary>
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
            Name = layer.Name, Inputs = layer.Inputs, Output = layer.Output, Weight = layer.Weight, Bias = layer.Bias, Relu = layer.Relu,
            Geometry = Conv2dShapes.Geometry([x[0], x[1], height, width], [layer.Outputs, x[1], height, width], new Conv2dOptions()),
        };
        return SparseCandidates.Of(graph, convolution, convolution.Geometry with { Batch = rows }, images);
    }

    private static bool IsBehindRelu(LayerGraph graph, LinearLayer layer) => graph.Layers.Any(maker => maker.Output == layer.Inputs[0]
        && maker is ConvolutionLayer { Relu: true } or LinearLayer { Relu: true } or SumLayer { Relu: true } or ChannelAffineLayer { Relu: true });

    /// <summary>The weights in the order of the input: those of an image are <c>[O, C, P]</c>, or <c>[O, P, C]</c> for channels last.</summary>
    private static float[] Weights(LinearLayer layer, ValueLayout reads)
    {
        float[] weights = layer.Weight.ToArray<float>();
        if (reads == ValueLayout.ChannelsLast)
        {
            Layouts.ToChannelsLast(layer.Weight.AsSpan<float>(), weights, layer.Outputs, layer.Image.Channels, layer.Image.Pixels);
        }

        return weights;
    }
}
