using Temper.Networks;

namespace Temper.Growth.Blocks;

/// <summary>A sub-graph with one input and one output, which can be repeated.</summary>
/// <param name="Name">
/// Name of the block, unique in the network; for new blocks also the prefix of the node names.
/// </param>
/// <param name="Nodes">Names of the nodes in topological order. The last node gives the output.</param>
public sealed record GrowthBlock(string Name, IReadOnlyList<string> Nodes)
{
    /// <summary>Name of the node whose value is the block's output.</summary>
    public string Output => Nodes[^1];

    /// <summary>Returns the name of the block's input value. It changes when the preceding block is removed.</summary>
    /// <param name="network">The network that contains the block.</param>
    public string InputIn(Network network)
    {
        var own = Nodes.ToHashSet(StringComparer.Ordinal);
        return NodesIn(network).SelectMany(node => node.Inputs).First(input => !own.Contains(input));
    }

    /// <summary>Returns the block's nodes in network order.</summary>
    /// <param name="network">The network that contains the block.</param>
    public IReadOnlyList<Node> NodesIn(Network network)
    {
        var own = Nodes.ToHashSet(StringComparer.Ordinal);
        return [.. network.Nodes.Where(node => own.Contains(node.Name))];
    }

    /// <summary>Returns the block's parameters.</summary>
    /// <param name="network">The network that contains the block.</param>
    public IReadOnlyList<Parameter> ParametersIn(Network network) =>
        [.. NodesIn(network).SelectMany(node => node.Parameters).Distinct(StringComparer.Ordinal).Select(
            name => network.Parameters[name])];

    /// <summary>
    /// Returns the block's last batch normalization, which some initializers treat specially; null if it has none.
    /// </summary>
    /// <param name="network">The network that contains the block.</param>
    public Node? LastNorm(Network network) => NodesIn(network).LastOrDefault(node => node.Operator is BatchNorm);

    /// <summary>Returns the block's last convolution or linear layer.</summary>
    /// <param name="network">The network that contains the block.</param>
    public Node LastLayer(Network network) => NodesIn(network).Last(node => BlockTemplate.IsLayer(node.Operator));

    /// <summary>
    /// Returns the block's last batch normalization or layer; if its parameters are zero, the branch is zero.
    /// </summary>
    internal Node LastWeighted(Network network) =>
        NodesIn(network).Last(node => node.Operator is BatchNorm || BlockTemplate.IsLayer(node.Operator));
}
