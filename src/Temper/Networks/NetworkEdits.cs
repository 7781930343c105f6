using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Networks;

/// <content>
/// Edits. Each one returns a new network that shares unchanged tensors with this one, and throws before anything is
/// built if the edit is invalid.
/// </content>
public sealed partial class Network
{
    /// <summary>
    /// Inserts a node after a value. All nodes and outputs that use the value use the node's result instead.
    /// </summary>
    /// <param name="operation">An operator with one input.</param>
    /// <param name="after">Name of an input or node.</param>
    /// <param name="name">Name of the new node; must be unused.</param>
    /// <param name="stream">
    /// Random stream for the initial values of the node's parameters. Null: allowed only if no values have to be drawn
    /// (constants, such as scales, need no stream).
    /// </param>
    /// <returns>The changed network; this network is not modified.</returns>
    /// <exception cref="ArgumentException">
    /// The value does not exist, the name is taken, values have to be drawn without a stream, or the new shape does not
    /// fit a later node.
    /// </exception>
    public Network Insert(Operator operation, string after, string name, RandomStream? stream = null)
    {
        var builder = new NetworkBuilder(Graph);
        Value result = Existing(builder, "Insert", after).Apply(operation, name);
        return Rewired(after, result.Name, builder.Nodes, stream);
    }

    /// <summary>
    /// Replaces the operator of a node. Parameters whose role and shape do not change are kept.
    /// </summary>
    /// <param name="node">Name of the node.</param>
    /// <param name="operation">The new operator; gets the same inputs.</param>
    /// <param name="stream">
    /// Random stream for the initial values of new parameters. Null: allowed only if no values have to be drawn
    /// (constants, such as scales, need no stream).
    /// </param>
    /// <returns>The changed network; this network is not modified.</returns>
    /// <exception cref="ArgumentException">
    /// The node does not exist, shapes no longer fit, values of another node would be lost, or values have to be drawn
    /// without a stream.
    /// </exception>
    public Network Replace(string node, Operator operation, RandomStream? stream = null)
    {
        Node old = Find("Replace", node);
        Node changed = GraphCheck.Complete(operation, node, old.Inputs, Graph.InputShapes(old), shared: null);

        // Parameters are matched by their role in the operator: a shared one has the name of another node, and one from
        // a file has any name.
        Node plain = GraphCheck.Complete(old.Operator, node, old.Inputs, Graph.InputShapes(old), shared: null);
        var names = plain.Parameters.Concat(plain.Buffers).Zip(old.Parameters.Concat(old.Buffers))
            .ToDictionary(role => role.First, role => role.Second, StringComparer.Ordinal);
        string Kept(string name) => names.GetValueOrDefault(name, name);
        changed = changed with
        {
            Parameters = [.. changed.Parameters.Select(Kept)], Buffers = [.. changed.Buffers.Select(Kept)],
        };
        RequireFree("Replace", changed, old);
        return Rebuilt(
            Swapped(old, changed),
            stream,
            redrawn: changed.Parameters.Concat(changed.Buffers).ToHashSet(StringComparer.Ordinal));
    }

    /// <summary>
    /// Renames a node, with those of its parameters and buffers whose names start with the node's name.
    /// </summary>
    /// <param name="node">Name of the node.</param>
    /// <param name="name">The new name; must be unused.</param>
    /// <returns>The changed network; this network is not modified.</returns>
    /// <exception cref="ArgumentException">The node does not exist, or the new name is taken or invalid.</exception>
    public Network Rename(string node, string name)
    {
        Node old = Find("Rename", node);
        var own =
            old.Parameters.Concat(old.Buffers).Where(full => full.StartsWith($"{node}.", StringComparison.Ordinal))
            .ToDictionary(full => full, full => name + full[node.Length..], StringComparer.Ordinal);
        string New(string full) => own.GetValueOrDefault(full, full);
        IEnumerable<Node> nodes = Nodes.Select(other => other with
        {
            Name = other == old ? name : other.Name,
            Inputs = Redirected(other.Inputs, node, name),
            Parameters = [.. other.Parameters.Select(New)],
            Buffers = [.. other.Buffers.Select(New)],
        });
        return Rebuilt(
            GraphOf(nodes, RedirectedOutputs(node, name)),
            parameters: Parameters.Select(parameter => parameter with { Name = New(parameter.Name) }),
            buffers: Buffers.Select(entry => KeyValuePair.Create(New(entry.Key), entry.Value)));
    }

    /// <summary>Gives a node its own copy of parameters and buffers that it shares with another node.</summary>
    /// <param name="node">Name of a node whose parameters are named after another node.</param>
    /// <returns>The changed network; this network is not modified.</returns>
    /// <exception cref="ArgumentException">
    /// The node does not exist, or all its parameters and buffers are named after the node itself.
    /// </exception>
    public Network SplitParameters(string node)
    {
        Node old = Find("SplitParameters", node);
        Node split = GraphCheck.Complete(old.Operator, node, old.Inputs, Graph.InputShapes(old), shared: null);
        if (split.Parameters.Concat(split.Buffers).SequenceEqual(
            old.Parameters.Concat(old.Buffers), StringComparer.Ordinal))
        {
            throw new ArgumentException($"Network.SplitParameters: node '{node}' shares no parameters under another "
                + "node's name; name the other node that uses them");
        }

        return Rebuilt(
            Swapped(old, split),
            parameters: [.. Parameters, .. Renamed(old.Parameters, split.Parameters).Select(
                pair => Parameters[pair.First] with { Name = pair.Second })],
            buffers: [.. Buffers, .. Renamed(old.Buffers, split.Buffers).Select(
                pair => KeyValuePair.Create(pair.Second, Buffers[pair.First]))]);
    }

    private static IEnumerable<(string First, string Second)> Renamed(
        IReadOnlyList<string> from, IReadOnlyList<string> to) =>
        from.Zip(to).Where(pair => !string.Equals(pair.First, pair.Second, StringComparison.Ordinal));

    /// <summary>
    /// Replaces the last linear layer by one with another number of outputs and new parameters. Class names are
    /// removed.
    /// </summary>
    /// <param name="classes">Number of classes, 1 or more.</param>
    /// <param name="stream">
    /// Random stream for the initial values of the new layer; required unless all are constants.
    /// </param>
    /// <returns>The changed network; this network is not modified.</returns>
    /// <exception cref="InvalidOperationException">The network has no linear layer.</exception>
    public Network ReplaceHead(int classes, RandomStream? stream = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        Node head = Nodes.LastOrDefault(node => node.Operator is Linear)
            ?? throw new InvalidOperationException(
                "Network.ReplaceHead: the network has no linear layer; replace the last node with Replace");
        var fresh = head.Parameters.ToHashSet(StringComparer.Ordinal);

        // 8-bit scales belong to the old weights, so the new layer has float32 weights.
        Node changed = head with
        {
            Operator = (Linear)head.Operator with { Features = classes, HasInt8Weight = false }, Buffers = [],
        };
        Network result = Rebuilt(
            Swapped(head, changed),
            stream,
            Parameters.Where(parameter => !fresh.Contains(parameter.Name)),
            Buffers.Where(buffer => !head.Buffers.Contains(buffer.Key, StringComparer.Ordinal)));
        return result.ClassNames.Count is 0 ? result : result.WithClassNames([]);
    }

    /// <summary>Returns the nodes that read a value.</summary>
    /// <param name="value">Name of an input or node.</param>
    /// <returns>The nodes in topological order; empty if only an output uses the value.</returns>
    /// <exception cref="ArgumentException">The value does not exist.</exception>
    public IReadOnlyList<Node> UsersOf(string value)
    {
        RequireValue("UsersOf", value);
        return [.. Nodes.Where(node => node.Inputs.Contains(value, StringComparer.Ordinal))];
    }

    /// <summary>Whether several nodes use a parameter.</summary>
    internal bool IsShared(string parameter) =>
        Nodes.Count(node => node.Parameters.Contains(parameter, StringComparer.Ordinal)) > 1;
}
