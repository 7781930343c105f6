using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Pruning;

/// <summary>
/// Lets pruning remove what a fully connected layer reads of the network's input: elements are gathered before the
/// layer, and those that gathering leaves out go as channels go.
/// </summary>
internal static class InputSelection
{
    /// <summary>Elements below which gathering costs more than the products that it saves.</summary>
    private const int FewestElements = 64;

    /// <summary>
    /// The network with all elements gathered, in order, before each linear layer that reads the input: results are the
    /// same.
    /// </summary>
    /// <param name="network">Not changed.</param>
    /// <param name="ignores">Layers that stay as they are.</param>
    internal static Network Insert(Network network, Func<string, bool> ignores) => network.Nodes
        .Where(node => node.Operator is Linear && !ignores(node.Name) && IsPlainInput(network, node))
        .Aggregate(network, (changed, node) => WithGathering(changed, node));

    /// <summary>The network without the gatherings that leave nothing out.</summary>
    internal static Network RemoveWhole(Network network) => network.Nodes
        .Where(node => node.Operator is Gather && network.Graph.ShapeOf(node.Name).Equals(
            network.Graph.ShapeOf(node.Inputs[0])) && IsInOrder(network, node))
        .Aggregate(network, (changed, node) => changed.Bypass(node.Name));

    private static bool IsInOrder(Network network, Node gather) =>
        network.Buffers.TryGetValue($"{gather.Inputs[1]}.value", out Tensor? places)
        && places.ToArray<long>().SequenceEqual(Enumerable.Range(0, places.Count).Select(i => (long)i));

    /// <summary>Whether a layer alone reads a row of the network's input, scaled or flattened at most.</summary>
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

        while (network.Nodes.FirstOrDefault(
            node => string.Equals(node.Name, value, StringComparison.Ordinal)) is { } node)
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
