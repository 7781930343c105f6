using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// A network in the compiler's form: layers in topological order, values by index, and what is known about the values.
/// </summary>
internal sealed class LayerGraph
{
    internal required Network Network { get; init; }

    /// <summary>Whether a sample's result must be the same bytes in any batch.</summary>
    internal bool IsBatchInvariant { get; init; }

    /// <summary>How operators that run on tensors select their kernels.</summary>
    internal KernelChoice Kernels => IsBatchInvariant ? KernelChoice.BatchInvariant : KernelChoice.Fastest;

    /// <summary>Expected density (nonzero fraction) of each value.</summary>
    internal IReadOnlyList<ValueDensity> Densities { get; private init; } = [];

    /// <summary>Values whose density was stated by the caller and is therefore not visible in a run on noise.</summary>
    internal IReadOnlySet<int> Stated { get; private init; } = new HashSet<int>();

    /// <summary>Layers in topological order.</summary>
    internal required IReadOnlyList<Layer> Layers { get; init; }

    /// <summary>Shape, dtype and batch axis of each value.</summary>
    internal required IReadOnlyList<ValueInfo> Values { get; init; }

    /// <summary>Values that do not depend on any input.</summary>
    internal required IReadOnlyDictionary<int, Tensor> Constants { get; init; }

    /// <summary>Quantization grids of the values that kernels can read as bytes.</summary>
    internal IReadOnlyDictionary<int, Temper.Kernels.ByteGrid> Grids { get; init; } =
        new Dictionary<int, Temper.Kernels.ByteGrid>();

    /// <summary>Indices of the output values.</summary>
    internal required IReadOnlyList<int> Outputs { get; init; }

    /// <summary>
    /// Layout for sparse kernels. Its border is as wide as the widest padding of any convolution and is the same for
    /// all values.
    /// </summary>
    internal ValueLayout Planes => new(LayoutKind.Planes, Layers.OfType<ConvolutionLayer>()
        .Select(layer => Math.Max(Math.Max(layer.Geometry.PadTop, layer.Geometry.PadBottom), Math.Max(
            layer.Geometry.PadLeft, layer.Geometry.PadRight)))
        .DefaultIfEmpty(0).Max());

    /// <summary>
    /// <see cref="Planes"/> with each image cut into pieces (see <see cref="Temper.Kernels.PieceGrid"/>), for layers
    /// whose sizes allow it.
    /// </summary>
    internal ValueLayout CutPlanes => Planes with { IsCut = true };

    /// <summary>
    /// Returns the candidate kernels of a layer for a batch. All callers use this method, which applies batch
    /// invariance.
    /// </summary>
    internal IReadOnlyList<Candidate> CandidatesOf(Layer layer, int batch)
    {
        IReadOnlyList<Candidate> candidates = layer.Candidates(this, batch);
        return IsBatchInvariant ? [.. candidates.Where(candidate => candidate.IsBatchInvariant)] : candidates;
    }

    /// <summary>
    /// Whether the compiler created a value. Such a value has its own memory and is not a tensor of the network.
    /// </summary>
    internal bool IsExtra(int value) => value >= Network.Inputs.Count + Network.Graph.Nodes.Count;

    /// <summary>
    /// Returns the layout of a value for a kernel: the kernel's layout, or the only one that the value supports.
    /// </summary>
    internal ValueLayout LayoutFor(int value, ValueLayout kernel) =>
        IsExtra(value) ? ValueLayout.RowMajor
        : Values[value].DType != Tensors.DType.Float32 ? ValueLayout.Tensor
        : kernel.Kind == LayoutKind.Bytes ? kernel with { Grid = Grids[value] }
        : kernel;

    /// <summary>Whether a value is always produced in row-major order, whichever kernels are selected.</summary>
    internal bool IsAlwaysRowMajor(int value) => value < InputCount
        || Layers.First(layer => layer.Output == value).IsAlias;

    /// <summary>Number of images or rows of a value.</summary>
    internal Rows RowsOf(int value) => new(Values[value].Shape[0], Values[value].IsBatched);

    /// <summary>Number of elements of a value.</summary>
    internal Rows ElementsOf(int value) => new(Values[value].Shape.Count, Values[value].IsBatched);

    /// <summary>Returns the name of a value in the network; null for values that the compiler created.</summary>
    internal string? NameOf(int value) => value < InputCount
        ? Network.Inputs[value].Name
        : IsExtra(value)
        ? null
        : Network.Graph.Nodes[value - InputCount].Name;

    /// <summary>
    /// Returns the graph with the density of each value: the known density, else the one expected by its layer.
    /// </summary>
    /// <param name="known">Known densities by value index.</param>
    /// <param name="stated">
    /// Values whose density was stated by the caller and is therefore not visible in a run on noise.
    /// </param>
    internal LayerGraph WithDensities(IReadOnlyDictionary<int, ValueDensity> known, IReadOnlySet<int>? stated = null)
    {
        ValueDensity[] densities = [.. Values.Select((_, value) => known.GetValueOrDefault(value, ValueDensity.Dense))];
        LayerGraph graph = new()
        {
            Network = Network, IsBatchInvariant = IsBatchInvariant, Layers = Layers, Values = Values,
            Constants = Constants, Grids = Grids, Outputs = Outputs,
            Densities = densities, Stated = stated ?? new HashSet<int>(),
        };
        foreach (Layer layer in Layers.Where(layer => !known.ContainsKey(layer.Output)))
        {
            densities[layer.Output] = layer.ExpectedDensity(graph);
        }

        return graph;
    }

    internal int InputCount => Network.Inputs.Count;

    /// <summary>Returns the length of a value's axis 0 for a batch.</summary>
    internal static int Rows(in ValueInfo value, int batch) =>
        value.Shape.Rank == 0 ? 1 : value.Shape[0] * (value.IsBatched ? batch : 1);

    /// <summary>Returns the number of elements of a value for a batch.</summary>
    internal static long Count(in ValueInfo value, int batch) =>
        value.Shape.Count * (value.IsBatched ? (long)batch : 1);

    /// <summary>Returns the shape of a value for a batch.</summary>
    internal static Shape ShapeOf(in ValueInfo value, int batch) =>
        value.IsBatched ? value.Shape.With(0, batch) : value.Shape;
}
