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
        LinearLayer linear => LinearCandidates.Of(graph, linear, batch),
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
        (string, ValueLayout)[] orders =
        [
            ("elementwise", value.Shape.Rank == 4 ? ValueLayout.ChannelsLast : ValueLayout.RowMajor),
            .. value.Shape.Rank is 2 or 4 ? [(KernelNames.PlaneSum, graph.Planes)] : Array.Empty<(string, ValueLayout)>(),
        ];
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

    internal static PinnedFloats? Pinned(Tensor? tensor) => tensor is null ? null : new PinnedFloats(tensor.AsSpan<float>());
}
