using Temper.Networks;

namespace Temper.Growth.Blocks;

/// <summary>The operators and wiring of a block, from which new blocks of the same kind are built.</summary>
internal sealed record BlockTemplate
{
    private readonly IReadOnlyList<Node> _nodes;
    private readonly GrowthBlock _model;
    private readonly string _input;

    private BlockTemplate(IReadOnlyList<Node> nodes, GrowthBlock model, string input) =>
        (_nodes, _model, _input) = (nodes, model, input);

    /// <summary>Returns the template of an existing block.</summary>
    internal static BlockTemplate Of(Network network, GrowthBlock block) =>
        new(block.NodesIn(network), block, block.InputIn(network));

    /// <summary>Whether an operator is a layer with weights.</summary>
    internal static bool IsLayer(Operator operation) => operation is Conv2d or Linear;

    /// <summary>Whether a block of this kind has a shortcut that adds its input to its result.</summary>
    internal bool IsResidual =>
        _nodes.Any(node => node.Operator is Add && node.Inputs.Contains(_input, StringComparer.Ordinal));

    /// <summary>
    /// Appends a block of this kind after a value. The names of its nodes are <c>name.</c> followed by the name within
    /// the block.
    /// </summary>
    internal Value Build(Value x, string name)
    {
        var values = new Dictionary<string, Value>(StringComparer.Ordinal) { [_input] = x };
        return x.Scope(name, _ =>
        {
            foreach (Node node in _nodes)
            {
                Value[] inputs = [.. node.Inputs.Select(input => values[input])];
                values[node.Name] = inputs[0].Apply(node.Operator, NameInside(node.Name), inputs.AsSpan(1));
            }

            return values[_model.Output];
        });
    }

    /// <summary>Returns the block of a network whose nodes have a name's prefix.</summary>
    internal static GrowthBlock Found(Network network, string name) =>
        new(name, [.. network.Nodes.Where(node => node.Name.StartsWith($"{name}.", StringComparison.Ordinal)).Select(
            node => node.Name)]);

    /// <summary>
    /// Returns a node's name within the block. Null if the block's nodes share no prefix: the name is then made from
    /// the operator's name and a number.
    /// </summary>
    private string? NameInside(string node) =>
        node.StartsWith($"{_model.Name}.", StringComparison.Ordinal) ? node[(_model.Name.Length + 1)..] : null;
}
