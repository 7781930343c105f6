using Temper.Networks;
using Temper.Tensors;

namespace Temper.Inference;

/// <summary>What is known while nodes become layers.</summary>
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

    /// <summary>What is known of each value, by number.</summary>
    internal IReadOnlyList<ValueInfo> Values => _values;

    /// <summary>Values that depend on no input, by number; null for those that do.</summary>
    internal Tensor?[] Constants { get; }

    /// <summary>
    /// A value of the compiler's own, which a layer makes for the kernels behind it; see <see cref="Layer.Extras"/>.
    /// </summary>
    /// <param name="info">Its shape for a batch of one, with elements of four bytes.</param>
    /// <returns>Its number.</returns>
    internal int AddValue(ValueInfo info)
    {
        _values.Add(info);
        return _values.Count - 1;
    }

    /// <summary>A parameter of a node, or null where the node has no so many.</summary>
    internal Tensor? Parameter(IReadOnlyList<int> indices, int index) =>
        indices.Count > index ? Network.ParameterValues[indices[index]] : null;

    /// <summary>A first input as the operations that check shapes want it.</summary>
    internal Tensor Example(PlanStep step) => Tensor.Zeros(_values[step.Inputs[0]].Shape);
}
