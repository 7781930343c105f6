using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>The ways to carry out a layer for a batch.</summary>
internal sealed class Candidates(LayerGraph graph)
{
    /// <summary>Multiplications in the time in which a float is read and another written.</summary>
    internal const double CostOfMoving = 16;

    /// <summary>Images up to which each is treated by itself, and channels from which on it may pay to look which are zero.</summary>
    private const int MostImagesOfActiveChannels = 4, FewestActiveChannels = 16;

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
        ChannelAffineLayer affine => Affine(affine, batch),
        PadChannelsLayer pad => Pad(pad, batch),
        ReshapeLayer => [Moving(layer, "copy", ValueLayout.RowMajor, batch, (reads, writes) => new CopyStep(Elements(layer.Output)) { Reads = reads, Writes = writes })],
        _ => [Moving(layer, "operator", ValueLayout.Tensor, batch, (reads, writes) =>
            new OperatorStep(graph, ((OperatorLayer)layer).Step) { Reads = reads, Writes = writes })],
    };

    private Candidate[] Convolution(ConvolutionLayer layer, int batch)
    {
        Rows images = RowsOf(layer.Output);
        ConvolutionGeometry g = layer.Geometry with { Batch = images.Of(batch) };
        Candidate Dense(ConvolutionMethod method, bool findsChannels) => new(
            findsChannels ? KernelNames.OnActiveChannels(method) : KernelNames.Of(method), ValueLayout.ChannelsLast, ValueLayout.ChannelsLast, PackedConvolution.Cost(g, method),
            () => new ConvolutionStep(
                new PackedConvolution(g, layer.Weight.ToRowMajor().Physical(), method), Pinned(layer.Bias), layer.Relu, images, findsChannels)
            {
                Reads = ValueLayout.ChannelsLast, Writes = ValueLayout.ChannelsLast,
            })
        {
            LeavesOutZeros = findsChannels,
        };
        bool mayFindChannels = graph.FindsActiveChannels && g.Batch <= MostImagesOfActiveChannels && g.InChannels >= FewestActiveChannels;
        return
        [
            .. Methods.Where(method => PackedConvolution.Fits(g, method)).Select(method => Dense(method, findsChannels: false)),
            .. Methods.Where(method => mayFindChannels && PackedConvolution.FitsActiveChannels(g, method)).Select(method => Dense(method, findsChannels: true)),
            .. SparseCandidates.Of(graph, layer, g, images),
        ];
    }

    private Candidate[] Pooling(PoolingLayer layer, int batch)
    {
        Rows images = RowsOf(layer.Output);
        ValueInfo x = graph.Values[layer.Inputs[0]], y = graph.Values[layer.Output];
        bool fitsPieces = PlanePooling.FitsPieces(layer.Sizes, graph.CutPlanes.PlanesOf(x), graph.CutPlanes.PlanesOf(y));
        return
        [
            Moving(layer, "pool", ValueLayout.ChannelsLast, batch, (reads, writes) => new PoolingStep(layer.Sizes, layer.IsMaximum, images) { Reads = reads, Writes = writes }),
            .. OnPlanes(layer, KernelNames.PlanePool, y, batch, fitsPieces, (reads, writes) =>
                new PlanePoolingStep(layer, reads.PlanesOf(x), writes.PlanesOf(y), images) { Reads = reads, Writes = writes }),
        ];
    }

    private Candidate[] Sum(SumLayer layer, int batch)
    {
        ValueInfo value = graph.Values[layer.Output];
        SumStep Make(ValueLayout reads, ValueLayout writes) =>
            new(Elements(layer.Output), reads.Kind == LayoutKind.Planes ? reads.PlanesOf(value) : null, layer.Relu) { Reads = reads, Writes = writes };
        return
        [
            Moving(layer, "elementwise", value.Shape.Rank == 4 ? ValueLayout.ChannelsLast : ValueLayout.RowMajor, batch, Make),
            .. OnPlanes(layer, KernelNames.PlaneSum, value, batch, fitsPieces: true, Make),
        ];
    }

    private Candidate[] Pad(PadChannelsLayer layer, int batch)
    {
        ValueInfo x = graph.Values[layer.Inputs[0]], y = graph.Values[layer.Output];
        Rows images = RowsOf(layer.Output);
        return
        [
            Moving(layer, "copy", ValueLayout.ChannelsLast, batch, (reads, writes) =>
                new PadChannelsStep(x.Shape[1], layer.Before, layer.After, new Rows(x.Shape[0] * x.Shape[2] * x.Shape[3], y.IsBatched)) { Reads = reads, Writes = writes }),
            .. OnPlanes(layer, KernelNames.PlanePad, y, batch, fitsPieces: true, (reads, writes) =>
                new PadPlanesStep(reads.PlanesOf(x), layer.Before, layer.After, images) { Reads = reads, Writes = writes }),
        ];
    }

    /// <summary>On whole images and, where they fit, on pieces.</summary>
    private IEnumerable<Candidate> OnPlanes(Layer layer, string kernel, ValueInfo value, int batch, bool fitsPieces, Func<ValueLayout, ValueLayout, Step> make) =>
        PlanesFor(value, batch, fitsPieces).Select(planes => Moving(layer, planes.IsCut ? KernelNames.OnPieces(kernel) : kernel, planes, batch, make));

    /// <summary>The orders of planes that a value can have: whole images and, where they fit, pieces.</summary>
    private IEnumerable<ValueLayout> PlanesFor(ValueInfo value, int batch, bool fitsPieces)
    {
        if (value.Shape.Rank is 2 or 4)
        {
            yield return graph.Planes;
        }

        if (value.Shape.Rank == 4 && fitsPieces && LayerGraph.Rows(value, batch) < ImageGroup.Most)
        {
            yield return graph.CutPlanes;
        }
    }

    private Candidate[] Affine(ChannelAffineLayer layer, int batch)
    {
        ValueInfo value = graph.Values[layer.Output];
        Candidate plain = Moving(layer, "elementwise", layer.IsPerChannel ? ValueLayout.ChannelsLast : ValueLayout.RowMajor, batch, (reads, writes) =>
            new ChannelAffineStep(Repeated(layer.Gain, value.Shape.Count), Repeated(layer.Offset, value.Shape.Count), layer.Relu, Elements(layer.Output)) { Reads = reads, Writes = writes });
        bool isReordered = layer.Order.Count > 0;
        if (!isReordered && (!layer.IsPerChannel || layer.Relu || layer.Inputs.Count > 1 || !IsRowMajor(layer.Inputs[0])))
        {
            return [plain];
        }

        // What comes row-major has to be brought into another order anyway.
        Rows images = RowsOf(layer.Output);
        Candidate Scaled(string kernel, ValueLayout layout) => new(kernel, ValueLayout.RowMajor, layout, plain.Cost, () =>
            new ScaledCopyStep(value, new ChannelMap(layer.Gain.AsSpan<float>(), layer.Offset.AsSpan<float>(), [.. layer.Order]), images, kernel)
            {
                Reads = ValueLayout.RowMajor, Writes = layout,
            });
        bool isFree = LayoutChange.IsFree(value, ValueLayout.RowMajor, ValueLayout.ChannelsLast);
        return
        [
            .. isReordered ? Array.Empty<Candidate>() : [plain],
            .. isFree && !isReordered ? Array.Empty<Candidate>() : [Scaled(KernelNames.ScaledCopy, ValueLayout.ChannelsLast)],
            .. PlanesFor(value, batch, fitsPieces: true).Select(planes =>
                Scaled(planes.IsCut ? KernelNames.OnPieces(KernelNames.ScaledPlanes) : KernelNames.ScaledPlanes, planes)),
        ];
    }

    /// <summary>Whether a value is made row-major whatever is chosen.</summary>
    private bool IsRowMajor(int value) =>
        value < graph.InputCount || graph.Layers.First(layer => layer.Output == value) is OperatorLayer or ReshapeLayer;

    /// <summary>Few numbers several times in a row, as often as the elements of a sample allow, so that they fill vectors.</summary>
    private static PinnedFloats Repeated(Tensor row, int elements)
    {
        const int Wanted = 64;
        int times = 1;
        while (times * row.Count < Wanted && elements % (2 * times * row.Count) == 0)
        {
            times *= 2;
        }

        float[] all = new float[times * row.Count];
        for (int i = 0; i < times; i++)
        {
            row.AsSpan<float>().CopyTo(all.AsSpan(i * row.Count));
        }

        return new PinnedFloats(all);
    }

    private Candidate Moving(Layer layer, string kernel, ValueLayout layout, int batch, Func<ValueLayout, ValueLayout, Step> make) =>
        new(kernel, layout, layout, CostOfMoving * LayerGraph.Count(graph.Values[layer.Output], batch), () => make(layout, layout));

    private Rows RowsOf(int value) => new(graph.Values[value].Shape[0], graph.Values[value].IsBatched);

    private Rows Elements(int value) => new(graph.Values[value].Shape.Count, graph.Values[value].IsBatched);

    internal static PinnedFloats? Pinned(Tensor? tensor) => tensor is null ? null : new PinnedFloats(tensor.AsSpan<float>());
}
