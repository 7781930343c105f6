using System.Runtime.CompilerServices;
using Temper.Kernels;

namespace Temper.Inference;

/// <summary>The ways to leave out zeros among the weights of a convolution.</summary>
internal static class SparseCandidates
{
    /// <summary>Below this share of zeros no sparse kernel wins.</summary>
    private const double LeastZeros = 0.4;

    /// <summary>Places times channels of a block, over weights that are not zero: above it channels share too little.</summary>
    private const double MostWaste = 1.25;

    /// <summary>What a multiplication costs beside one of a dense kernel, and what a tile costs beside its multiplications.</summary>
    private const double CostOfOne = 2.6, CostOfShared = 1.2, CostOfTile = 4;

    /// <summary>Channels on either side that are too few to fill the tiles of dense kernels, so that planes win even without zeros.</summary>
    private const int FewChannels = 8;

    private static readonly int[] Blocks = [8, 4, 2, 1];

    private static readonly ConditionalWeakTable<Tensors.Tensor, long[]> Counts = [];

    internal static IEnumerable<Candidate> Of(LayerGraph graph, ConvolutionLayer layer, ConvolutionGeometry g, Rows images)
    {
        long[] places = Counts.GetValue(layer.Weight, weight => [.. Blocks.Select(block =>
            g.Groups > 1 && g.GroupOutputs % block != 0 ? long.MaxValue : SparsePattern.PlacesOf(weight.ToRowMajor().Physical(), g.OutChannels, block))]);
        long kept = places[^1];
        bool isNarrow = Math.Min(g.GroupInputs, g.GroupOutputs) <= FewChannels;
        if (kept > (1 - LeastZeros) * g.WeightCount && !isNarrow)
        {
            yield break;
        }

        ValueLayout planes = graph.Planes;
        double lanes = ImageGroup.Slots(g.Batch) * (double)g.OutHeight * g.OutWidth;
        foreach ((int i, int block) in Blocks.Index())
        {
            if (block == 1 || (places[i] < long.MaxValue && places[i] * (double)block <= MostWaste * kept))
            {
                double cost = lanes * ((places[i] * block * (block == 1 ? CostOfOne : CostOfShared)) + (CostOfTile * g.OutChannels));
                yield return new Candidate(KernelNames.Sparse(block), planes, planes, cost, () => Make(graph, layer, g, block, images));
            }
        }
    }

    private static SparseConvolutionStep Make(LayerGraph graph, ConvolutionLayer layer, in ConvolutionGeometry g, int block, Rows images)
    {
        ValueLayout planes = graph.Planes;
        var convolution = new SparseConvolution(
            g, layer.Weight.ToRowMajor().Physical(), block, planes.PlanesOf(graph.Values[layer.Inputs[0]]), planes.PlanesOf(graph.Values[layer.Output]),
            layer.Bias is null ? null : new PinnedFloats(layer.Bias.AsSpan<float>()));
        return new SparseConvolutionStep(convolution, layer.Relu, images) { Reads = planes, Writes = planes };
    }
}
