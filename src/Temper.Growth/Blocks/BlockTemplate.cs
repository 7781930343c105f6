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

    /// <summary>The template of a block that is there.</summary>
    internal static BlockTemplate Of(Network network, GrowthBlock block) =>
        new(block.NodesIn(network), block, block.InputIn(network));

    /// <summary>Whether an operator is a layer with weights.</summary>
    internal static bool IsLayer(Operator operation) => operation is Conv2d or Linear;

    /// <summary>Whether a block of this kind adds its result to its input.</summary>
    internal bool IsResidual =>
        _nodes.Any(node => node.Operator is Add && node.Inputs.Contains(_input, StringComparer.Ordinal));

    /// <summary>
    /// Adds a block of this kind behind a value, its nodes named <c>name.</c> and the name inside the block.
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

    /// <summary>The names of a new block's nodes.</summary>
    internal static GrowthBlock Found(Network network, string name) =>
        new(name, [.. network.Nodes.Where(node => node.Name.StartsWith($"{name}.", StringComparison.Ordinal)).Select(
            node => node.Name)]);

    /// <summary>
    /// A node keeps its name inside the block; where blocks have no names of their own it takes its operator's, with a
    /// number.
    /// </summary>
    private string? NameInside(string node) =>
        node.StartsWith($"{_model.Name}.", StringComparison.Ordinal) ? node[(_model.Name.Length + 1)..] : null;
}
