using Temper.Kernels;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>
/// A network as the compiler sees it: layers in order, values by number, and what is known of them beforehand.
/// </summary>
internal sealed class LayerGraph
{
    internal required Network Network { get; init; }

    /// <summary>Whether a sample's bytes must not depend on its batch.</summary>
    internal bool IsBatchInvariant { get; init; }

    /// <summary>How operators that run on tensors choose their kernels.</summary>
    internal KernelChoice Kernels => IsBatchInvariant ? KernelChoice.BatchInvariant : KernelChoice.Fastest;

    /// <summary>For each value what part of it is expected not to be zero.</summary>
    internal IReadOnlyList<ValueDensity> Densities { get; private init; } = [];

    /// <summary>Values whose density was stated, so that a run on noise does not show it.</summary>
    internal IReadOnlySet<int> Stated { get; private init; } = new HashSet<int>();

    /// <summary>Each after those whose values it takes.</summary>
    internal required IReadOnlyList<Layer> Layers { get; init; }

    /// <summary>What is known of each value.</summary>
    internal required IReadOnlyList<ValueInfo> Values { get; init; }

    /// <summary>Values that no input changes.</summary>
    internal required IReadOnlyDictionary<int, Tensor> Constants { get; init; }

    /// <summary>What the bytes of a value stand for, of values that kernels can read as bytes.</summary>
    internal IReadOnlyDictionary<int, Temper.Kernels.ByteGrid> Grids { get; init; } =
        new Dictionary<int, Temper.Kernels.ByteGrid>();

    /// <summary>Numbers of the output values.</summary>
    internal required IReadOnlyList<int> Outputs { get; init; }

    /// <summary>
    /// The order that sparse kernels want: with a border as wide as the widest padding, the same for all values.
    /// </summary>
    internal ValueLayout Planes => new(LayoutKind.Planes, Layers.OfType<ConvolutionLayer>()
        .Select(layer => Math.Max(Math.Max(layer.Geometry.PadTop, layer.Geometry.PadBottom), Math.Max(
            layer.Geometry.PadLeft, layer.Geometry.PadRight)))
        .DefaultIfEmpty(0).Max());

    /// <summary>
    /// The same with images cut into pieces: for layers whose sizes allow it, see
    /// <see cref="Temper.Kernels.PieceGrid"/>.
    /// </summary>
    internal ValueLayout CutPlanes => Planes with { IsCut = true };

    /// <summary>The ways to carry out a layer for a batch: the one place that asks for them.</summary>
    internal IReadOnlyList<Candidate> CandidatesOf(Layer layer, int batch)
    {
        IReadOnlyList<Candidate> candidates = layer.Candidates(this, batch);
        return IsBatchInvariant ? [.. candidates.Where(candidate => candidate.IsBatchInvariant)] : candidates;
    }

    /// <summary>
    /// Whether the compiler made a value, which is then memory of its own and no tensor of the network.
    /// </summary>
    internal bool IsExtra(int value) => value >= Network.Inputs.Count + Network.Graph.Nodes.Count;

    /// <summary>The order of a value for a kernel: the kernel's, or the only one there is.</summary>
    internal ValueLayout LayoutFor(int value, ValueLayout kernel) =>
        IsExtra(value) ? ValueLayout.RowMajor
        : Values[value].DType != Tensors.DType.Float32 ? ValueLayout.Tensor
        : kernel.Kind == LayoutKind.Bytes ? kernel with { Grid = Grids[value] }
        : kernel;

    /// <summary>Whether a value is made row-major whatever is chosen.</summary>
    internal bool IsAlwaysRowMajor(int value) => value < InputCount
        || Layers.First(layer => layer.Output == value).IsAlias;

    /// <summary>Images or rows of a value.</summary>
    internal Rows RowsOf(int value) => new(Values[value].Shape[0], Values[value].IsBatched);

    /// <summary>Elements of a value.</summary>
    internal Rows ElementsOf(int value) => new(Values[value].Shape.Count, Values[value].IsBatched);

    /// <summary>The name of a value as the network has it; null for the compiler's own.</summary>
    internal string? NameOf(int value) => value < InputCount
        ? Network.Inputs[value].Name
        : IsExtra(value)
        ? null
        : Network.Graph.Nodes[value - InputCount].Name;

    /// <summary>
    /// The graph with the density of each value: what is known of it from outside, else what its layer expects.
    /// </summary>
    /// <param name="known">By the value's number.</param>
    /// <param name="stated">Values whose density was stated, so that a run on noise does not show it.</param>
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

    /// <summary>The samples along axis 0 of a value, for a batch.</summary>
    internal static int Rows(in ValueInfo value, int batch) =>
        value.Shape.Rank == 0 ? 1 : value.Shape[0] * (value.IsBatched ? batch : 1);

    /// <summary>Elements of a value, for a batch.</summary>
    internal static long Count(in ValueInfo value, int batch) =>
        value.Shape.Count * (value.IsBatched ? (long)batch : 1);

    /// <summary>Shape of a value, for a batch.</summary>
    internal static Shape ShapeOf(in ValueInfo value, int batch) =>
        value.IsBatched ? value.Shape.With(0, batch) : value.Shape;
}
