using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Pruning;

/// <summary>
/// Lets pruning remove network inputs that a linear layer reads: a gather of the elements is inserted before the layer,
/// and elements are then removed from the gather like channels.
/// </summary>
internal static class InputSelection
{
    /// <summary>Minimum number of elements; below it a gather costs more than the products it saves.</summary>
    private const int FewestElements = 64;

    /// <summary>
    /// Inserts a gather of all elements, in order, before each linear layer that reads the network's input. Results are
    /// unchanged.
    /// </summary>
    /// <param name="network">The network; not changed.</param>
    /// <param name="ignores">Returns whether a layer is not changed, by name.</param>
    internal static Network Insert(Network network, Func<string, bool> ignores) => network.Nodes
        .Where(node => node.Operator is Linear && !ignores(node.Name) && IsPlainInput(network, node))
        .Aggregate(network, (changed, node) => WithGathering(changed, node));

    /// <summary>Removes the gathers that still select all elements in order.</summary>
    internal static Network RemoveWhole(Network network) => network.Nodes
        .Where(node => node.Operator is Gather && network.Graph.ShapeOf(node.Name).Equals(
            network.Graph.ShapeOf(node.Inputs[0])) && IsInOrder(network, node))
        .Aggregate(network, (changed, node) => changed.Bypass(node.Name));

    private static bool IsInOrder(Network network, Node gather) =>
        network.Buffers.TryGetValue($"{gather.Inputs[1]}.value", out Tensor? places)
        && places.ToArray<long>().SequenceEqual(Enumerable.Range(0, places.Count).Select(i => (long)i));

    /// <summary>
    /// Returns whether a layer is the only reader of a row of the network's input, which may be scaled or flattened
    /// before.
    /// </summary>
    private static bool IsPlainInput(Network network, Node layer)
    {
        string value = layer.Inputs[0];
        Shape shape = network.Graph.ShapeOf(value);
        bool isAlone = network.Nodes.Count(node => node.Inputs.Contains(value, StringComparer.Ordinal)) == 1
            && network.Outputs.All(output => !string.Equals(output.Value, value, StringComparison.Ordinal));
        if (shape.Rank != 2 || shape[1] < FewestElements || !network.Graph.InfoOf(value).IsBatched || !isAlone)
        {
            return false;
        }

        while (network.Graph.FindNode(value) is { } node)
        {
            if (node.Operator is not (Flatten or Reshape or Normalize or ElementwiseOperator)
                || node.Inputs.Count != 1 || node.Parameters.Count > 0)
            {
                return false;
            }

            value = node.Inputs[0];
        }

        return true;
    }

    private static Network WithGathering(Network network, Node layer)
    {
        int count = network.Graph.ShapeOf(layer.Inputs[0])[1];
        string places = $"{layer.Name}.places";
        Network changed = network.Splice(
            layer.Inputs[0],
            x => x.Apply(new Gather(1), $"{layer.Name}.inputs", x.Builder.Add(
                new ConstantValue([count], DType.Int64), places, parametersOf: null, [])));
        return changed.WithBuffers([KeyValuePair.Create(
            $"{places}.value", Tensor.From([.. Enumerable.Range(0, count).Select(i => (long)i)], [count]))]);
    }
}
