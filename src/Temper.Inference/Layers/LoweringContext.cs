using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>State of the lowering of nodes to layers.</summary>
internal sealed class LoweringContext
{
    private readonly List<ValueInfo> _values;

    internal LoweringContext(Network network)
    {
        Network = network;
        _values = [.. network.Graph.Inputs.Select(input => input.Info), .. network.Graph.Nodes.Select(node =>
            network.Graph.InfoOf(node.Name))];
        Constants = new Tensor?[_values.Count];
    }

    internal Network Network { get; }

    /// <summary>Shape, dtype and batch axis of each value, by index.</summary>
    internal IReadOnlyList<ValueInfo> Values => _values;

    /// <summary>Values that depend on no input, by index; null for all others.</summary>
    internal Tensor?[] Constants { get; }

    /// <summary>
    /// Adds a value that a layer passes to the kernels that follow it and that is not part of the network; see <see
    /// cref="Layer.Extras"/>.
    /// </summary>
    /// <param name="info">Shape for a batch of one; elements have four bytes.</param>
    /// <returns>Index of the value.</returns>
    internal int AddValue(ValueInfo info)
    {
        _values.Add(info);
        return _values.Count - 1;
    }

    /// <summary>Returns a parameter of a node; null if the node has fewer parameters.</summary>
    internal Tensor? Parameter(IReadOnlyList<int> indices, int index) =>
        indices.Count > index ? Network.ParameterValues[indices[index]] : null;

    /// <summary>
    /// Returns a tensor of zeros with the shape of the first input, for operations that check shapes.
    /// </summary>
    internal Tensor Example(PlanStep step) => Tensor.Zeros(_values[step.Inputs[0]].Shape);
}
