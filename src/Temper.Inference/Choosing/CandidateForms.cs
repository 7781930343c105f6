using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>Forms of candidates that several kinds of layers have.</summary>
internal static class CandidateForms
{
    /// <summary>Multiplications in the time in which a float is read and another written.</summary>
    internal const double CostOfMoving = 16;

    /// <summary>A kernel that takes as long as memory does.</summary>
    internal static Candidate Moving(
        this LayerGraph graph, Layer layer, string kernel, ValueLayout layout, int batch,
        Func<ValueLayout, Step> make) =>
        new(kernel, layout, layout, CostOfMoving * LayerGraph.Count(graph.Values[layer.Output], batch), () =>
            make(layout));

    /// <summary>Such a kernel on planes of whole images and, where they fit, of pieces.</summary>
    internal static IEnumerable<Candidate> OnPlanes(
        this LayerGraph graph, Layer layer, string kernel, int batch, bool fitsPieces, Func<ValueLayout, Step> make) =>
        graph.PlanesFor(graph.Values[layer.Output], batch, fitsPieces)
            .Select(planes =>
                graph.Moving(layer, planes.IsCut ? KernelNames.OnPieces(kernel) : kernel, planes, batch, make));

    /// <summary>The orders of planes that a value can have: whole images and, where they fit, pieces.</summary>
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

    /// <summary>A copy that stays in place, for kernels.</summary>
    internal static PinnedFloats? Pinned(this Tensor? tensor) =>
        tensor is null ? null : new PinnedFloats(tensor.AsSpan<float>());
}
