using Temper.Networks;

namespace Temper.Growth.Blocks;

/// <summary>A sub-graph with one input and one output, which can be repeated.</summary>
/// <param name="Name">Unique in its network; for new blocks also the beginning of their nodes' names.</param>
/// <param name="Nodes">
/// Names of its nodes, each after those whose values it takes; the last one gives its output.
/// </param>
public sealed record GrowthBlock(string Name, IReadOnlyList<string> Nodes)
{
    /// <summary>The node whose value is the block's.</summary>
    public string Output => Nodes[^1];

    /// <summary>The value that it takes, which changes when the block before it goes.</summary>
    /// <param name="network">The network that holds it.</param>
    public string InputIn(Network network)
    {
        var own = Nodes.ToHashSet(StringComparer.Ordinal);
        return NodesIn(network).SelectMany(node => node.Inputs).First(input => !own.Contains(input));
    }

    /// <summary>Its nodes in the network's order.</summary>
    /// <param name="network">The network that holds it.</param>
    public IReadOnlyList<Node> NodesIn(Network network)
    {
        var own = Nodes.ToHashSet(StringComparer.Ordinal);
        return [.. network.Nodes.Where(node => own.Contains(node.Name))];
    }

    /// <summary>Its parameters.</summary>
    /// <param name="network">The network that holds it.</param>
    public IReadOnlyList<Parameter> ParametersIn(Network network) =>
        [.. NodesIn(network).SelectMany(node => node.Parameters).Distinct(StringComparer.Ordinal).Select(
            name => network.Parameters[name])];

    /// <summary>Its last normalization, which initializers treat apart; null: it has none.</summary>
    /// <param name="network">The network that holds it.</param>
    public Node? LastNorm(Network network) => NodesIn(network).LastOrDefault(node => node.Operator is BatchNorm);

    /// <summary>Its last convolution or linear layer.</summary>
    /// <param name="network">The network that holds it.</param>
    public Node LastLayer(Network network) => NodesIn(network).Last(node => BlockTemplate.IsLayer(node.Operator));
}
