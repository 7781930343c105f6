using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Networks;

/// <content>Edits of the graph: inserting sub-graphs, removing nodes, changing outputs.</content>
public sealed partial class Network
{
    /// <summary>
    /// Builds a sub-graph on some values and replaces one value by its result: after a node, around it, or joining
    /// several values. All users and outputs of the replaced value use the result; the sub-graph itself may use the
    /// replaced value.
    /// </summary>
    /// <param name="after">Names of the inputs or nodes whose values are passed to the body, in this order.</param>
    /// <param name="body">
    /// Computes the result, which must have the shape, dtype and batch axis of the replaced value. It may share
    /// parameters with any node (<see cref="Value.ApplyShared"/>), even one that the edit removes.
    /// </param>
    /// <param name="replaces">Name of the input or node to replace by the result.</param>
    /// <param name="fresh">
    /// Random stream for the initial values of new parameters; each uses the substream of its own name. Null: allowed
    /// only if no values have to be drawn (constant scales and shifts need no stream).
    /// </param>
    /// <returns>
    /// The changed network; this network is not modified. Nodes that no output depends on are removed, with the
    /// parameters and buffers used only by them; inputs are kept. All other parameters and buffers keep their values,
    /// masks and flags.
    /// </returns>
    /// <exception cref="ShapeMismatchException">
    /// The result's shape differs from that of the replaced value, or a node of the body has the wrong input shape.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// A value does not exist, a name is taken, dtype or batch axis differ, the result would depend on itself, a node
    /// of the body is unused, or values have to be drawn without a stream (the message contains their names).
    /// </exception>
    /// <example><code>
    /// // Adds a residual branch after a node.
    /// Network wider = network.Splice(
    ///     ["relu1"], v => v[0] + v[0].Conv2d(64, kernel: 3, padding: 1, name: "branch"), replaces: "relu1",
    ///     fresh: stream);
    /// </code></example>
    public Network Splice(
        IReadOnlyList<string> after, Func<IReadOnlyList<Value>, Value> body, string replaces,
        RandomStream? fresh = null)
    {
        if (after.Count == 0)
        {
            throw new ArgumentException("Network.Splice: no values to build on (got an empty list, expected 1 or "
                + "more); name at least one input or node", nameof(after));
        }

        RequireValue("Splice", replaces);
        var builder = new NetworkBuilder(Graph);
        Value result = body([.. after.Select(name => Existing(builder, "Splice", name))]);
        RequireOwn(builder, "Splice", result);
        RequireInfo("Splice", result, replaces);
        RequireUpstream(builder.Nodes, result.Name, replaces);
        return Rewired(replaces, result.Name, builder.Nodes, fresh);
    }

    /// <summary>Builds a sub-graph on one value and replaces the value by its result, for all its users.</summary>
    /// <param name="after">Name of an input or node.</param>
    /// <param name="body">Computes the result from the value, with the same shape, dtype and batch axis.</param>
    /// <param name="fresh">
    /// Random stream for the initial values of new parameters; null: allowed only if no values have to be drawn.
    /// </param>
    /// <inheritdoc cref="Splice(IReadOnlyList{string}, Func{IReadOnlyList{Value}, Value}, string, RandomStream?)"/>
    public Network Splice(string after, Func<Value, Value> body, RandomStream? fresh = null) =>
        Splice([after], values => body(values[0]), after, fresh);

    /// <summary>Removes a node: its users use one of its inputs instead.</summary>
    /// <param name="node">Name of the node.</param>
    /// <param name="input">
    /// Index of the input to use, from 0; it must have the shape, dtype and batch axis of the node's value.
    /// </param>
    /// <returns>
    /// The changed network; this network is not modified. Nodes used only by the other inputs are removed as well, with
    /// their parameters and buffers.
    /// </returns>
    /// <exception cref="ArgumentException">The node or input does not exist, or dtype or batch axis differ.</exception>
    /// <exception cref="ShapeMismatchException">The node's shape differs from that of the input.</exception>
    public Network Bypass(string node, int input = 0) => Bypassed("Bypass", Find("Bypass", node), input);

    /// <summary>
    /// Removes a node with one input: its users use that input instead. Both must have the same shape.
    /// </summary>
    /// <param name="node">
    /// Name of a node with one input; for a node with several inputs use <see cref="Bypass"/>.
    /// </param>
    /// <returns>The changed network; this network is not modified.</returns>
    /// <exception cref="ArgumentException">The node does not exist, or it has several inputs.</exception>
    /// <exception cref="ShapeMismatchException">The node's shape differs from that of its input.</exception>
    public Network Remove(string node)
    {
        Node old = Find("Remove", node);
        return old.Inputs.Count == 1 ? Bypassed("Remove", old, 0) : throw new ArgumentException(
            $"Network.Remove: node '{node}' has the wrong number of inputs (got {old.Inputs.Count}, expected 1); use "
            + "Bypass and give the index of the input to keep");
    }

    /// <summary>Returns this network with other outputs, which may be any of its values.</summary>
    /// <param name="outputs">The new outputs, in order. Several outputs may return the same value.</param>
    /// <returns>
    /// The changed network; this network is not modified. Nodes that no output depends on are removed, with the
    /// parameters and buffers used only by them; inputs are kept. Class names are kept if the first output still
    /// returns the same value.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// There are no outputs, two have the same name, or a value does not exist.
    /// </exception>
    /// <example><code>
    /// Network features = network.WithOutputs(
    ///     new NetworkOutput("features", "layer3.relu"), new NetworkOutput("logits", "head"));
    /// </code></example>
    public Network WithOutputs(params IReadOnlyList<NetworkOutput> outputs)
    {
        foreach (NetworkOutput output in outputs)
        {
            RequireValue("WithOutputs", output.Value);
        }

        Network result = Rebuilt(GraphOf(Needed(Nodes, outputs, added: []), outputs));
        bool isSameFirst = string.Equals(outputs[0].Value, Outputs[0].Value, StringComparison.Ordinal);
        return isSameFirst || ClassNames.Count == 0 ? result : result.WithClassNames([]);
    }

    private Network Bypassed(string edit, Node node, int input)
    {
        if (input < 0 || input >= node.Inputs.Count)
        {
            throw new ArgumentException(
                $"Network.{edit}: node '{node.Name}' has no input with this index (got {input}, expected 0 to "
                + $"{node.Inputs.Count - 1})", nameof(input));
        }

        ValueInfo value = Graph.InfoOf(node.Name);
        int fitting = node.Inputs.ToList().FindIndex(name => Graph.InfoOf(name).Equals(value));
        string fix = fitting >= 0
            ? $"use input {fitting}"
            : "use Splice to replace it by a value of its shape and dtype";
        RequireInfo(edit, node.Inputs[input], Graph.InfoOf(node.Inputs[input]), node.Name, fix);
        return Rewired(node.Name, node.Inputs[input], added: []);
    }

    private static void RequireOwn(NetworkBuilder builder, string edit, Value value)
    {
        if (value.Builder != builder)
        {
            throw new ArgumentException($"Network.{edit}: value '{value.Name}' belongs to another network; return a "
                + "value from this body");
        }
    }

    private void RequireInfo(string edit, Value value, string replaces) =>
        RequireInfo(edit, value.Name, value.Info, replaces, "change the body so that its result matches");

    /// <summary>Throws if a value cannot replace another one.</summary>
    private void RequireInfo(string edit, string name, ValueInfo value, string replaces, string fix)
    {
        ValueInfo expected = Graph.InfoOf(replaces);
        if (!value.Shape.Equals(expected.Shape))
        {
            throw new ShapeMismatchException(
                $"Network.{edit}", value.Shape, expected.Shape, $"'{name}' must have the shape of '{replaces}' to "
                + $"replace it; {fix}");
        }

        if (!value.Equals(expected))
        {
            throw new ArgumentException(
                $"Network.{edit}: '{name}' cannot replace '{replaces}' (got {Described(value)}, expected "
                + $"{Described(expected)}); {fix}");
        }
    }

    private static string Described(ValueInfo value) =>
        $"{value.DType} {(value.IsBatched ? "with" : "without")} a batch axis";

    /// <summary>Throws if a new node reads a value that would depend on the new result.</summary>
    private void RequireUpstream(IReadOnlyList<Node> added, string result, string replaces)
    {
        var downstream = new HashSet<string>([replaces], StringComparer.Ordinal);
        foreach (Node node in Nodes.Where(node => node.Inputs.Any(downstream.Contains)))
        {
            downstream.Add(node.Name);
        }

        downstream.Remove(replaces);
        string? late = added.SelectMany(node => node.Inputs).Append(result).FirstOrDefault(downstream.Contains);
        if (late is not null)
        {
            throw new ArgumentException(
                $"Network.Splice: value '{late}' depends on '{replaces}', so the result would depend on itself; build "
                + $"on values that '{replaces}' depends on, or replace '{late}'");
        }
    }
}
