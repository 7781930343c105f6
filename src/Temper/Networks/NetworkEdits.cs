using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Networks;

/// <content>Edits: each gives a new network that shares what did not change, and fails before anything is built if it does not fit.</content>
public sealed partial class Network
{
    /// <summary>Puts a node behind a value: whatever took the value takes the node's result.</summary>
    /// <param name="operation">An operator of one input.</param>
    /// <param name="after">Name of an input or node.</param>
    /// <param name="name">Name of the new node, unused so far.</param>
    /// <param name="stream">Where its parameters' first values come from; null: none may have to be drawn (constants, such as scales, need no stream).</param>
    /// <returns>The changed network; this one stays as it is.</returns>
    /// <exception cref="ArgumentException">There is no such value, the name is taken, or a later node does not fit the new shape.</exception>
    public Network Insert(Operator operation, string after, string name, RandomStream? stream = null)
    {
        if (Graph.NumberOf(after) < 0)
        {
            throw Missing("Insert", after, "an input or node");
        }

        Node inserted = GraphCheck.Complete(operation, name, [after], [Graph.ShapeOf(after)], shared: null);
        IEnumerable<Node> nodes = Nodes.Select(node => node with { Inputs = Redirected(node.Inputs, after, name) }).Append(inserted);
        return Rebuilt(nodes, RedirectedOutputs(after, name), stream);
    }

    /// <summary>Gives a node another operator. Parameters whose names and shapes stay are kept.</summary>
    /// <param name="node">Name of the node.</param>
    /// <param name="operation">The operator that it gets; takes the same inputs.</param>
    /// <param name="stream">Where new parameters' first values come from; null: none may have to be drawn (constants, such as scales, need no stream).</param>
    /// <returns>The changed network; this one stays as it is.</returns>
    /// <exception cref="ArgumentException">
    /// There is no such node, shapes no longer fit, another node's values would be lost, or new values need a stream.
    /// </exception>
    public Network Replace(string node, Operator operation, RandomStream? stream = null)
    {
        Node old = Find("Replace", node);
        Node changed = GraphCheck.Complete(operation, node, old.Inputs, Graph.InputShapes(old), shared: null);

        // A shared parameter keeps the name under which it is shared.
        var names = old.Parameters.Concat(old.Buffers).ToDictionary(name => name[(name.LastIndexOf('.') + 1)..], StringComparer.Ordinal);
        string Kept(string name) => names.GetValueOrDefault(name[(name.LastIndexOf('.') + 1)..], name);
        changed = changed with { Parameters = [.. changed.Parameters.Select(Kept)], Buffers = [.. changed.Buffers.Select(Kept)] };
        return Rebuilt(Nodes.Select(other => other == old ? changed : other), Outputs, stream, redrawn: changed.Parameters.Concat(changed.Buffers).ToHashSet(StringComparer.Ordinal));
    }

    /// <summary>Takes a node out: what took its result takes its input. The two must have one shape.</summary>
    /// <param name="node">Name of a node with one input.</param>
    /// <returns>The changed network; this one stays as it is.</returns>
    /// <exception cref="ArgumentException">There is no such node, or it has several inputs.</exception>
    /// <exception cref="ShapeMismatchException">The node changes the shape.</exception>
    public Network Remove(string node)
    {
        Node old = Find("Remove", node);
        if (old.Inputs.Count != 1)
        {
            throw new ArgumentException($"Network.Remove: node '{node}' joins {old.Inputs.Count} values; only a node with one input can go");
        }

        string input = old.Inputs[0];
        if (!Graph.ShapeOf(node).Equals(Graph.ShapeOf(input)))
        {
            throw new ShapeMismatchException(
                "Network.Remove", Graph.ShapeOf(input), Graph.ShapeOf(node), $"node '{node}' changes the shape, so the rest would not fit");
        }

        return Rebuilt(
            Nodes.Where(other => other != old).Select(other => other with { Inputs = Redirected(other.Inputs, node, input) }),
            RedirectedOutputs(node, input));
    }

    /// <summary>Gives a node another name, and with it those parameters and buffers that bear its name.</summary>
    /// <param name="node">Name of the node.</param>
    /// <param name="name">The new name, unused so far.</param>
    /// <returns>The changed network; this one stays as it is.</returns>
    /// <exception cref="ArgumentException">There is no such node, or the name is taken or no name.</exception>
    public Network Rename(string node, string name)
    {
        Node old = Find("Rename", node);
        var own = old.Parameters.Concat(old.Buffers).Where(full => full.StartsWith($"{node}.", StringComparison.Ordinal))
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
            nodes,
            RedirectedOutputs(node, name),
            parameters: Parameters.Select(parameter => parameter with { Name = New(parameter.Name) }),
            buffers: Buffers.Select(entry => KeyValuePair.Create(New(entry.Key), entry.Value)));
    }

    /// <summary>Gives a node parameters and buffers of its own where it shared another's; the values start equal.</summary>
    /// <param name="node">Name of a node whose parameters bear another node's name.</param>
    /// <returns>The changed network; this one stays as it is.</returns>
    /// <exception cref="ArgumentException">There is no such node, or it shares nothing under another's name.</exception>
    public Network SplitParameters(string node)
    {
        Node old = Find("SplitParameters", node);
        Node split = GraphCheck.Complete(old.Operator, node, old.Inputs, Graph.InputShapes(old), shared: null);
        if (split.Parameters.Concat(split.Buffers).SequenceEqual(old.Parameters.Concat(old.Buffers), StringComparer.Ordinal))
        {
            throw new ArgumentException($"Network.SplitParameters: node '{node}' has parameters of its own (or none); name the other node that uses them");
        }

        return Rebuilt(
            Nodes.Select(other => other == old ? split : other),
            Outputs,
            parameters: [.. Parameters, .. old.Parameters.Zip(split.Parameters, (from, to) => Parameters[from] with { Name = to })],
            buffers: [.. Buffers, .. old.Buffers.Zip(split.Buffers, (from, to) => KeyValuePair.Create(to, Buffers[from]))]);
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
            ?? throw new InvalidOperationException("Network.ReplaceHead: there is no linear layer; replace the last node by name");
        var fresh = head.Parameters.ToHashSet(StringComparer.Ordinal);
        Node changed = head with { Operator = (Linear)head.Operator with { Features = classes } };
        Network result = Rebuilt(
            Nodes.Select(node => node == head ? changed : node),
            Outputs,
            stream,
            Parameters.Where(parameter => !fresh.Contains(parameter.Name)));
        return result.ClassNames.Count is 0 ? result : result.WithClassNames([]);
    }

    /// <summary>The nodes that take a value.</summary>
    /// <param name="value">Name of an input or node.</param>
    /// <returns>In the graph's order; empty where only an output takes it.</returns>
    /// <exception cref="ArgumentException">There is no such value.</exception>
    public IReadOnlyList<Node> UsersOf(string value) => Graph.NumberOf(value) < 0
        ? throw Missing("UsersOf", value, "an input or node")
        : [.. Nodes.Where(node => node.Inputs.Contains(value, StringComparer.Ordinal))];

    /// <summary>A network of changed nodes with the parameters and buffers that stay, and fresh new ones.</summary>
    private Network Rebuilt(
        IEnumerable<Node> nodes,
        IEnumerable<NetworkOutput> outputs,
        RandomStream? stream = null,
        IEnumerable<Parameter>? parameters = null,
        IEnumerable<KeyValuePair<string, Tensor>>? buffers = null,
        IReadOnlySet<string>? redrawn = null)
    {
        var graph = new NetworkGraph(Inputs, [.. nodes], [.. outputs]);
        Dictionary<string, Parameter> kept = (parameters ?? Parameters).ToDictionary(parameter => parameter.Name, StringComparer.Ordinal);
        var keptBuffers = new Dictionary<string, Tensor>(buffers ?? Buffers, StringComparer.Ordinal);
        RefuseFresh(graph, kept, keptBuffers, stream, redrawn);
        return new Network(
            graph,
            graph.Parameters.Select(entry => kept.TryGetValue(entry.Key, out Parameter? old) && old.Value.Shape.Equals(entry.Value.Shape)
                ? old
                : Fresh(entry.Key, entry.Value, stream)),
            graph.Buffers.Select(entry => keptBuffers.TryGetValue(entry.Key, out Tensor? old) && old.Shape.Equals(entry.Value.Shape)
                ? KeyValuePair.Create(entry.Key, old)
                : KeyValuePair.Create(entry.Key, entry.Value.Create())))
        {
            ClassNames = ClassNames,
            Metadata = Metadata,
        };
    }

    /// <summary>
    /// Refuses an edit that would silently lose or invent weights: what has learned numbers must keep its shape, and what has to be drawn needs a stream.
    /// New parameters that start at a constant, scales of a normalization, need none.
    /// </summary>
    private static void RefuseFresh(
        NetworkGraph graph, Dictionary<string, Parameter> kept, Dictionary<string, Tensor> keptBuffers, RandomStream? stream, IReadOnlySet<string>? redrawn)
    {
        string[] lost =
        [
            .. graph.Parameters.Where(entry => kept.TryGetValue(entry.Key, out Parameter? old) && !old.Value.Shape.Equals(entry.Value.Shape))
                .Select(entry => entry.Key).Where(name => redrawn?.Contains(name) != true || stream is null),
            .. graph.Buffers.Where(entry => keptBuffers.TryGetValue(entry.Key, out Tensor? old) && !old.Shape.Equals(entry.Value.Shape))
                .Select(entry => entry.Key).Where(name => redrawn?.Contains(name) != true || stream is null),
        ];
        if (lost.Length > 0)
        {
            throw new ArgumentException(
                $"Network: the edit changes the shape of {Names.Sample(lost)}, whose values would be lost; "
                + "pass a stream to draw the edited node's, and edit the other nodes so that their shapes stay");
        }

        string[] undrawn = [.. graph.Parameters.Where(entry => !kept.ContainsKey(entry.Key) && entry.Value.Initializer is not Constant).Select(entry => entry.Key)];
        if (undrawn.Length > 0 && stream is null)
        {
            throw new ArgumentException($"Network: the edit needs new values of {Names.Sample(undrawn)}; pass a stream to draw them from");
        }
    }

    private Node Find(string edit, string name) =>
        Nodes.FirstOrDefault(node => string.Equals(node.Name, name, StringComparison.Ordinal)) ?? throw Missing(edit, name, "a node");

    private ArgumentException Missing(string edit, string name, string what) => new(
        $"Network.{edit}: not the name of {what} (got '{name}'); the names are {Names.Sample(Nodes.Select(node => node.Name))}");

    private static string[] Redirected(IReadOnlyList<string> inputs, string from, string to) =>
        [.. inputs.Select(input => string.Equals(input, from, StringComparison.Ordinal) ? to : input)];

    private IEnumerable<NetworkOutput> RedirectedOutputs(string from, string to) => Outputs.Select(
        output => string.Equals(output.Value, from, StringComparison.Ordinal) ? output with { Value = to } : output);
}
