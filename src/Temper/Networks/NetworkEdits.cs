using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Networks;

/// <content>
/// Edits: each gives a new network that shares what did not change, and fails before anything is built if it does not
/// fit.
/// </content>
public sealed partial class Network
{
    /// <summary>Puts a node behind a value: whatever took the value takes the node's result.</summary>
    /// <param name="operation">An operator of one input.</param>
    /// <param name="after">Name of an input or node.</param>
    /// <param name="name">Name of the new node, unused so far.</param>
    /// <param name="stream">
    /// Where its parameters' first values come from; null: none may have to be drawn (constants, such as scales, need
    /// no stream).
    /// </param>
    /// <returns>The changed network; this one stays as it is.</returns>
    /// <exception cref="ArgumentException">
    /// There is no such value, the name is taken, or a later node does not fit the new shape.
    /// </exception>
    public Network Insert(Operator operation, string after, string name, RandomStream? stream = null)
    {
        var builder = new NetworkBuilder(Graph);
        Value result = Existing(builder, "Insert", after).Apply(operation, name);
        return Rewired(after, result.Name, builder.Nodes, stream);
    }

    /// <summary>Gives a node another operator. Parameters whose names and shapes stay are kept.</summary>
    /// <param name="node">Name of the node.</param>
    /// <param name="operation">The operator that it gets; takes the same inputs.</param>
    /// <param name="stream">
    /// Where new parameters' first values come from; null: none may have to be drawn (constants, such as scales, need
    /// no stream).
    /// </param>
    /// <returns>The changed network; this one stays as it is.</returns>
    /// <exception cref="ArgumentException">
    /// There is no such node, shapes no longer fit, another node's values would be lost, or new values need a stream.
    /// </exception>
    public Network Replace(string node, Operator operation, RandomStream? stream = null)
    {
        Node old = Find("Replace", node);
        Node changed = GraphCheck.Complete(operation, node, old.Inputs, Graph.InputShapes(old), shared: null);

        // A shared parameter keeps the name under which it is shared.
        var names = old.Parameters.Concat(old.Buffers)
            .ToDictionary(name => name[(name.LastIndexOf('.') + 1)..], StringComparer.Ordinal);
        string Kept(string name) => names.GetValueOrDefault(name[(name.LastIndexOf('.') + 1)..], name);
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

    /// <summary>Gives a node another name, and with it those parameters and buffers that bear its name.</summary>
    /// <param name="node">Name of the node.</param>
    /// <param name="name">The new name, unused so far.</param>
    /// <returns>The changed network; this one stays as it is.</returns>
    /// <exception cref="ArgumentException">There is no such node, or the name is taken or no name.</exception>
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

    /// <summary>
    /// Gives a node parameters and buffers of its own where it shared another's; the values start equal.
    /// </summary>
    /// <param name="node">Name of a node whose parameters bear another node's name.</param>
    /// <returns>The changed network; this one stays as it is.</returns>
    /// <exception cref="ArgumentException">
    /// There is no such node, or it shares nothing under another's name.
    /// </exception>
    public Network SplitParameters(string node)
    {
        Node old = Find("SplitParameters", node);
        Node split = GraphCheck.Complete(old.Operator, node, old.Inputs, Graph.InputShapes(old), shared: null);
        if (split.Parameters.Concat(split.Buffers).SequenceEqual(
            old.Parameters.Concat(old.Buffers), StringComparer.Ordinal))
        {
            throw new ArgumentException($"Network.SplitParameters: node '{node}' has parameters of its own (or none); "
                + "name the other node that uses them");
        }

        return Rebuilt(
            Swapped(old, split),
            parameters: [.. Parameters, .. old.Parameters.Zip(split.Parameters, (from, to) =>
                Parameters[from] with { Name = to })],
            buffers: [.. Buffers, .. old.Buffers.Zip(split.Buffers, (from, to) =>
                KeyValuePair.Create(to, Buffers[from]))]);
    }

    /// <summary>Gives the last linear layer another number of classes and fresh parameters; class names go.</summary>
    /// <param name="classes">Number of classes.</param>
    /// <param name="stream">Where the new layer's first values come from; null fails.</param>
    /// <returns>The changed network; this one stays as it is.</returns>
    /// <exception cref="InvalidOperationException">The network has no linear layer.</exception>
    public Network ReplaceHead(int classes, RandomStream? stream = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        Node head = Nodes.LastOrDefault(node => node.Operator is Linear)
            ?? throw new InvalidOperationException(
                "Network.ReplaceHead: there is no linear layer; replace the last node by name");
        var fresh = head.Parameters.ToHashSet(StringComparer.Ordinal);
        Node changed = head with { Operator = (Linear)head.Operator with { Features = classes } };
        Network result = Rebuilt(
            Swapped(head, changed),
            stream,
            Parameters.Where(parameter => !fresh.Contains(parameter.Name)));
        return result.ClassNames.Count is 0 ? result : result.WithClassNames([]);
    }

    /// <summary>The nodes that take a value.</summary>
    /// <param name="value">Name of an input or node.</param>
    /// <returns>In the graph's order; empty where only an output takes it.</returns>
    /// <exception cref="ArgumentException">There is no such value.</exception>
    public IReadOnlyList<Node> UsersOf(string value)
    {
        RequireValue("UsersOf", value);
        return [.. Nodes.Where(node => node.Inputs.Contains(value, StringComparer.Ordinal))];
    }
}
