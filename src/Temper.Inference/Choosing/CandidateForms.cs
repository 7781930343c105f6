using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>Helpers that create candidates for several kinds of layers.</summary>
internal static class CandidateForms
{
    /// <summary>Cost of reading one float and writing another, in multiply-accumulates of a dense kernel.</summary>
    internal const double CostOfMoving = 16;

    /// <summary>Creates a candidate whose cost is dominated by memory access.</summary>
    internal static Candidate Moving(
        this LayerGraph graph, Layer layer, string kernel, ValueLayout layout, int batch,
        Func<ValueLayout, Step> make) =>
        new(kernel, layout, layout, CostOfMoving * LayerGraph.Count(graph.Values[layer.Output], batch), () =>
            make(layout));

    /// <summary>
    /// Creates such candidates on planes: with whole images and, if the sizes allow it, with images cut into pieces.
    /// </summary>
    internal static IEnumerable<Candidate> OnPlanes(
        this LayerGraph graph, Layer layer, string kernel, int batch, bool fitsPieces, Func<ValueLayout, Step> make) =>
        graph.PlanesFor(graph.Values[layer.Output], batch, fitsPieces)
            .Select(planes =>
                graph.Moving(layer, planes.IsCut ? KernelNames.OnPieces(kernel) : kernel, planes, batch, make));

    /// <summary>
    /// Returns the plane layouts that a value supports: whole images and, if the sizes allow it, images cut into
    /// pieces.
    /// </summary>
    internal static IEnumerable<ValueLayout> PlanesFor(
        this LayerGraph graph, ValueInfo value, int batch, bool fitsPieces)
    {
        if (value.Shape.Rank is 2 or 4)
        {
            yield return graph.Planes;
        }

        if (value.Shape.Rank == 4 && fitsPieces && LayerGraph.Rows(value, batch) < ImageGroup.MaxImages)
        {
            yield return graph.CutPlanes;
        }
    }

    /// <summary>Copies a tensor into pinned memory, for use by kernels.</summary>
    internal static PinnedFloats? Pinned(this Tensor? tensor) =>
        tensor is null ? null : new PinnedFloats(tensor.AsSpan<float>());
}
