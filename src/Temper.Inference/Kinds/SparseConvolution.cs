using System.Runtime.CompilerServices;
using Temper.Kernels;

namespace Temper.Inference;

/// <summary>Candidates that skip the zero weights of a convolution.</summary>
internal static class SparseCandidates
{
    /// <summary>Fraction of zero weights below which no sparse kernel wins.</summary>
    private const double MinZeros = 0.4;

    /// <summary>
    /// Maximum ratio of multiplied weights (offsets times block size) to nonzero weights. Above it, the channels of a
    /// block share too few offsets.
    /// </summary>
    private const double MaxWaste = 1.25;

    /// <summary>
    /// Cost of a multiplication without and with shared offsets, relative to a dense kernel, and cost of a tile,
    /// relative to one multiplication.
    /// </summary>
    private const double CostOfOne = 2.6, CostOfShared = 1.2, CostOfTile = 4;

    /// <summary>Cost factor of vectors that cross cache lines.</summary>
    private const double CostAcrossLines = 1.6;

    /// <summary>
    /// Number of input or output channels up to which the tiles of dense kernels are poorly filled, so that kernels on
    /// planes win even without zero weights.
    /// </summary>
    private const int FewChannels = 8;

    /// <summary>
    /// Fraction of filled lanes up to which the same holds for one or two vectors of output channels, as pruning leaves
    /// them.
    /// </summary>
    private const double MaxFilled = 0.75;

    /// <summary>Number of wider blocks with as few multiplications above which a narrower block is not tried.</summary>
    private const int EnoughWider = 2;

    private static readonly int[] Blocks = [8, 4, 2, 1];

    private static readonly ConditionalWeakTable<Tensors.Tensor, long[]> Counts = [];

    internal static IEnumerable<Candidate> Of(
        LayerGraph graph, ConvolutionLayer layer, ConvolutionGeometry g, Rows images)
    {
        long kept = layer.Weight.Count - layer.Weight.AsSpan<float>().Count(0f);
        bool isNarrow = IsNarrow(g);
        if (kept > (1 - MinZeros) * g.WeightCount && !isNarrow)
        {
            yield break;
        }

        long[] offsets = Counts.GetValue(layer.Weight, weight => [.. Blocks.Select(block =>
            g.Groups > 1 && g.GroupOutputs % block != 0
                ? long.MaxValue
                : SparsePattern.OffsetsOf(weight.ToRowMajor().Physical(), g.OutChannels, block))]);
        foreach (ValueLayout planes in Orders(graph, layer, g))
        {
            double lanes = Lanes(planes.PlanesOf(graph.Values[layer.Output]), g.Batch);
            foreach ((int i, int block) in Blocks.Index())
            {
                if (block == 1 || (offsets[i] < long.MaxValue && offsets[i] * (double)block <= MaxWaste * kept))
                {
                    double cost = lanes * ((offsets[i] * block * (block == 1 ? CostOfOne : CostOfShared))
                        + (CostOfTile * g.OutChannels));
                    string kernel = KernelNames.Sparse(block);
                    yield return new Candidate(
                        planes.IsCut ? KernelNames.OnPieces(kernel) : kernel, planes, planes, cost,
                        () => Make(graph, layer, g, block, images, planes))
                    {
                        IsBatchInvariant = false, LeavesOutZeros = !isNarrow,
                        IsWorthTrying = WiderWithoutWaste(offsets, i) < EnoughWider,
                    };
                }
            }
        }
    }

    private static bool IsNarrow(ConvolutionGeometry g)
    {
        int lanes = GemmTile.Active.Lanes, filled = Chunks.Count(g.GroupOutputs, lanes) * lanes;
        return Math.Min(g.GroupInputs, g.GroupOutputs) <= FewChannels
            || (filled <= 2 * lanes && g.GroupOutputs <= MaxFilled * filled);
    }

    /// <summary>
    /// Counts the wider blocks that need no more multiplications. With dense weights these are all wider blocks.
    /// </summary>
    private static int WiderWithoutWaste(long[] offsets, int index) =>
        Enumerable.Range(0, index).Count(wider => offsets[wider] < long.MaxValue
            && offsets[wider] * Blocks[wider] <= offsets[index] * Blocks[index]);

    /// <summary>
    /// Returns the layouts to try: whole images and, if the sizes allow it and the batch does not fill vectors, pieces.
    /// </summary>
    private static IEnumerable<ValueLayout> Orders(LayerGraph graph, ConvolutionLayer layer, ConvolutionGeometry g) =>
        g.Batch < ImageGroup.MaxImages && SparseConvolution.FitsPieces(
            g, graph.CutPlanes.PlanesOf(graph.Values[layer.Inputs[0]]),
            graph.CutPlanes.PlanesOf(graph.Values[layer.Output]))
            ? [graph.CutPlanes, graph.Planes]
            : [graph.Planes];

    /// <summary>Number of computed output elements per channel, including those that only fill up vectors.</summary>
    private static double Lanes(in PlaneShape planes, int batch)
    {
        double lanes = 0;
        for (int i = 0; i < ImageGroup.CountOf(batch); i++)
        {
            var group = new PlaneGroup(planes, ImageGroup.At(i, batch));
            lanes += group.Lanes == ImageGroup.MaxImages
                ? (double)group.Piece.Height * group.Piece.Width * group.Lanes
                : CostAcrossLines
                    * Chunks.Count(group.Piece.Height * group.Piece.Pitch * group.Lanes, ImageGroup.MaxImages)
                    * ImageGroup.MaxImages;
        }

        return lanes;
    }

    private static SparseConvolutionStep Make(
        LayerGraph graph, ConvolutionLayer layer, in ConvolutionGeometry g, int block, Rows images, ValueLayout planes)
    {
        var convolution = new SparseConvolution(
            g, layer.Weight.ToRowMajor().Physical(), block, planes.PlanesOf(graph.Values[layer.Inputs[0]]),
            planes.PlanesOf(graph.Values[layer.Output]),
            layer.Bias.Pinned());
        return new SparseConvolutionStep(convolution, layer.Relu, images) { Reads = planes, Writes = planes };
    }
}

/// <summary>Executes a convolution with sparse weights on planes.</summary>
internal sealed class SparseConvolutionStep(SparseConvolution convolution, bool relu, Rows images) : Step
{
    internal override string Kernel => Reads.IsCut
        ? KernelNames.OnPieces(KernelNames.Sparse(convolution.Block))
        : KernelNames.Sparse(convolution.Block);

    internal override long WeightFloats => convolution.WeightFloats;

    internal override void Run(in StepCall call) =>
        convolution.Run(images.Of(call.Batch), call.X, call.Y, call.Residual, relu);
}
