using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>The ways to carry out a layer for a batch.</summary>
internal sealed class Candidates(LayerGraph graph)
{
    /// <summary>Multiplications in the time in which a float is read and another written.</summary>
    internal const double CostOfMoving = 16;

    private static readonly ConvolutionMethod[] Methods =
        [ConvolutionMethod.Depthwise, ConvolutionMethod.MergedRows, ConvolutionMethod.Winograd, ConvolutionMethod.Direct];

    /// <summary>All of them; never none.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="batch">Samples.</param>
    internal IReadOnlyList<Candidate> Of(Layer layer, int batch) => layer switch
    {
        ConvolutionLayer convolution => Convolution(convolution, batch),
        LinearLayer linear => Linear(linear, batch),
        PoolingLayer pooling => Pooling(pooling, batch),
        SumLayer sum => Sum(sum, batch),
        ChannelAffineLayer affine => [Affine(affine, batch)],
        PadChannelsLayer pad => [Pad(pad, batch)],
        ReshapeLayer => [Moving(layer, "copy", ValueLayout.RowMajor, batch, (reads, writes) => new CopyStep(Elements(layer.Output)) { Reads = reads, Writes = writes })],
        _ => [Moving(layer, "operator", ValueLayout.Tensor, batch, (reads, writes) =>
            new OperatorStep(graph, ((OperatorLayer)layer).Step) { Reads = reads, Writes = writes })],
    };

    private Candidate[] Convolution(ConvolutionLayer layer, int batch)
    {
        Rows images = RowsOf(layer.Output);
        ConvolutionGeometry g = layer.Geometry with { Batch = images.Of(batch) };
        return
        [
            .. Methods.Where(method => PackedConvolution.Fits(g, method)).Select(method => new Candidate(
                KernelNames.Of(method), ValueLayout.ChannelsLast, ValueLayout.ChannelsLast, PackedConvolution.Cost(g, method),
                () => new ConvolutionStep(
                    new PackedConvolution(g, layer.Weight.ToRowMajor().Physical(), method), Pinned(layer.Bias), layer.Relu, images)
                {
                    Reads = ValueLayout.ChannelsLast, Writes = ValueLayout.ChannelsLast,
                })),
            .. SparseCandidates.Of(graph, layer, g, images),
        ];
    }

    /// <summary>A single row is multiplied with the weights as they are, more with panels.</summary>
    private Candidate[] Linear(LinearLayer layer, int batch)
    {
        bool isBatched = graph.Values[layer.Output].IsBatched;
        var rows = new Rows(layer.Rows, isBatched);
        ValueLayout reads = layer.Image.Channels > 0 && layer.Inputs[0] >= graph.InputCount ? ValueLayout.ChannelsLast : ValueLayout.RowMajor;
        string[] kernels = rows.Of(batch) == 1 ? [KernelNames.Rows, KernelNames.Panels] : [KernelNames.Panels];
        return
        [
            .. kernels.Select((kernel, i) => new Candidate(kernel, reads, ValueLayout.RowMajor, (1 + i) * (double)layer.Macs * (isBatched ? batch : 1), () =>
                new LinearStep(
                    new PackedMatrix(Weights(layer, reads), layer.Outputs, layer.Features, forOneRow: string.Equals(kernel, KernelNames.Rows, StringComparison.Ordinal)),
                    Pinned(layer.Bias), layer.Relu, rows, kernel)
                {
                    Reads = reads, Writes = ValueLayout.RowMajor,
                })),
        ];
    }

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

    private Candidate[] Pooling(PoolingLayer layer, int batch)
    {
        Rows images = RowsOf(layer.Output);
        ValueLayout planes = graph.Planes;
        return
        [
            Moving(layer, "pool", ValueLayout.ChannelsLast, batch, (reads, writes) => new PoolingStep(layer.Sizes, layer.IsMaximum, images) { Reads = reads, Writes = writes }),
            Moving(layer, KernelNames.PlanePool, planes, batch, (reads, writes) =>
                new PlanePoolingStep(layer, reads.PlanesOf(graph.Values[layer.Inputs[0]]), writes.PlanesOf(graph.Values[layer.Output]), images) { Reads = reads, Writes = writes }),
        ];
    }

    private Candidate[] Sum(SumLayer layer, int batch)
    {
        ValueInfo value = graph.Values[layer.Output];
        (string, ValueLayout)[] orders = value.Shape.Rank == 4
            ? [("elementwise", ValueLayout.ChannelsLast), (KernelNames.PlaneSum, graph.Planes)]
            : [("elementwise", ValueLayout.RowMajor)];
        return
        [
            .. orders.Select(order => Moving(layer, order.Item1, order.Item2, batch, (reads, writes) =>
                new SumStep(Elements(layer.Output), reads.Kind == LayoutKind.Planes ? reads.PlanesOf(value) : null, layer.Relu) { Reads = reads, Writes = writes })),
        ];
    }

    private Candidate Affine(ChannelAffineLayer layer, int batch) => Moving(layer, "elementwise", ValueLayout.ChannelsLast, batch, (reads, writes) =>
        new ChannelAffineStep(Pinned(layer.Gain)!, Pinned(layer.Offset)!, layer.Relu, Elements(layer.Output)) { Reads = reads, Writes = writes });

    private Candidate Pad(PadChannelsLayer layer, int batch)
    {
        Shape x = graph.Values[layer.Inputs[0]].Shape;
        return Moving(layer, "copy", ValueLayout.ChannelsLast, batch, (reads, writes) =>
            new PadChannelsStep(x[1], layer.Before, layer.After, new Rows(x[0] * x[2] * x[3], graph.Values[layer.Output].IsBatched)) { Reads = reads, Writes = writes });
    }

    private Candidate Moving(Layer layer, string kernel, ValueLayout layout, int batch, Func<ValueLayout, ValueLayout, Step> make) =>
        new(kernel, layout, layout, CostOfMoving * LayerGraph.Count(graph.Values[layer.Output], batch), () => make(layout, layout));

    private Rows RowsOf(int value) => new(graph.Values[value].Shape[0], graph.Values[value].IsBatched);

    private Rows Elements(int value) => new(graph.Values[value].Shape.Count, graph.Values[value].IsBatched);

    private static PinnedFloats? Pinned(Tensor? tensor) => tensor is null ? null : new PinnedFloats(tensor.AsSpan<float>());
}
