using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Networks;

/// <content>Edits of the graph's values: sub-graphs put in, nodes left out, other outputs.</content>
public sealed partial class Network
{
    /// <summary>
    /// Builds a sub-graph on some values and replaces a value by its result: behind it, around a node, or between
    /// several values. All users and outputs of the replaced value take the result; the sub-graph itself may use the
    /// replaced value.
    /// </summary>
    /// <param name="after">Names of inputs or nodes whose values the body gets, in this order.</param>
    /// <param name="body">
    /// Gives the result: a value of the shape, dtype and batch axis of the one that it replaces. It may share
    /// parameters with any node (<see cref="Value.ApplyShared"/>), also with one that goes.
    /// </param>
    /// <param name="replaces">Name of the input or node whose place the result takes.</param>
    /// <param name="fresh">
    /// Each new parameter draws its first values from the part of this stream that bears its name; null: there may be
    /// none to draw (scales and shifts that start at a constant need no stream).
    /// </param>
    /// <returns>
    /// The changed network; this one stays as it is. Nodes that no output needs any more are gone, with the parameters
    /// and buffers that only they used; inputs stay. Every other parameter and buffer keeps values, mask and flags.
    /// </returns>
    /// <exception cref="ShapeMismatchException">
    /// The result has another shape than the replaced value, or a node of the body does not fit.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// There is no such value, a name is taken, dtype or batch axis differ, the result depends on a value that depends
    /// on the replaced one, a node of the body is unused, or new values need a stream (the error names them).
    /// </exception>
    /// <example><code>
    /// // A residual branch behind a node.
    /// Network wider = network.Splice(["relu1"], v => v[0] + v[0].Conv2d(64, kernel: 3, padding: 1, name: "branch"),
    /// replaces: "relu1", fresh: stream);
    /// </code></example>
    public Network Splice(
        IReadOnlyList<string> after, Func<IReadOnlyList<Value>, Value> body, string replaces,
        RandomStream? fresh = null)
    {
        if (after.Count == 0)
        {
            throw new ArgumentException("Network.Splice: no values to build on (got an empty list); name at least one "
                + "input or node", nameof(after));
        }

        RequireValue("Splice", replaces);
        var builder = new NetworkBuilder(Graph);
        Value result = body([.. after.Select(name => Existing(builder, "Splice", name))]);
        RequireOwn(builder, "Splice", result);
        RequireInfo("Splice", result, replaces);
        RequireUpstream(builder.Nodes, result.Name, replaces);
        return Rewired(replaces, result.Name, builder.Nodes, fresh);
    }

    /// <summary>Builds a sub-graph behind one value: whatever took the value takes the result.</summary>
    /// <param name="after">Name of an input or node.</param>
    /// <param name="body">Gives the result from the value; of the same shape, dtype and batch axis.</param>
    /// <param name="fresh">Where first values of new parameters come from; null: there may be none to draw.</param>
    /// <inheritdoc cref="Splice(IReadOnlyList{string}, Func{IReadOnlyList{Value}, Value}, string, RandomStream?)"/>
    public Network Splice(string after, Func<Value, Value> body, RandomStream? fresh = null) =>
        Splice([after], values => body(values[0]), after, fresh);

    /// <summary>Leaves a node out: one of its inputs takes the place of its value.</summary>
    /// <param name="node">Name of the node.</param>
    /// <param name="input">
    /// Which of its inputs, from 0; it must have the shape, dtype and batch axis of the node's value.
    /// </param>
    /// <returns>
    /// The changed network; this one stays as it is. Nodes that only the other inputs needed go as well, with their
    /// parameters and buffers.
    /// </returns>
    /// <exception cref="ArgumentException">There is no such node or input, or dtype or batch axis differ.</exception>
    /// <exception cref="ShapeMismatchException">The node changes the shape.</exception>
    public Network Bypass(string node, int input = 0) => Bypassed("Bypass", Find("Bypass", node), input);

    /// <summary>
    /// Takes a node of one input out: what took its result takes its input. The two must have one shape.
    /// </summary>
    /// <param name="node">Name of a node with one input; <see cref="Bypass"/> leaves out one with several.</param>
    /// <returns>The changed network; this one stays as it is.</returns>
    /// <exception cref="ArgumentException">There is no such node, or it has several inputs.</exception>
    /// <exception cref="ShapeMismatchException">The node changes the shape.</exception>
    public Network Remove(string node)
    {
        Node old = Find("Remove", node);
        return old.Inputs.Count == 1 ? Bypassed("Remove", old, 0) : throw new ArgumentException(
            $"Network.Remove: node '{node}' does not have one input (got {old.Inputs.Count}); use Bypass and name the "
            + "input to keep");
    }

    /// <summary>This network with other outputs: any of its values, under names of their own.</summary>
    /// <param name="outputs">What it gives out, in order. Several may give one value.</param>
    /// <returns>
    /// The changed network; this one stays as it is. Nodes that no output needs are gone, with the parameters and
    /// buffers that only they used; inputs stay, used or not. Class names stay where the first output still gives the
    /// value that it gave.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// There is no output, two have one name, or there is no such value.
    /// </exception>
    /// <example><code>
    /// Network features = network.WithOutputs(new NetworkOutput("features", "layer3.relu"), new NetworkOutput("logits",
    /// "head"));
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
                $"Network.{edit}: node '{node.Name}' has no such input (got {input}, expected 0 to "
                + $"{node.Inputs.Count - 1})", nameof(input));
        }

        ValueInfo value = Graph.InfoOf(node.Name);
        int fitting = node.Inputs.ToList().FindIndex(name => Graph.InfoOf(name).Equals(value));
        string fix = fitting >= 0
            ? $"input {fitting} fits"
            : "use Splice to put a value of its shape and dtype in its place";
        RequireInfo(edit, node.Inputs[input], Graph.InfoOf(node.Inputs[input]), node.Name, fix);
        return Rewired(node.Name, node.Inputs[input], added: []);
    }

    private static void RequireOwn(NetworkBuilder builder, string edit, Value value)
    {
        if (value.Builder != builder)
        {
            throw new ArgumentException($"Network.{edit}: value '{value.Name}' belongs to another network; return one "
                + "of the body's own values");
        }
    }

    private void RequireInfo(string edit, Value value, string replaces) =>
        RequireInfo(edit, value.Name, value.Info, replaces, "change the body so that its result fits");

    /// <summary>Throws where a value cannot replace another.</summary>
    private void RequireInfo(string edit, string name, ValueInfo value, string replaces, string fix)
    {
        ValueInfo expected = Graph.InfoOf(replaces);
        if (!value.Shape.Equals(expected.Shape))
        {
            throw new ShapeMismatchException(
                $"Network.{edit}", value.Shape, expected.Shape, $"'{name}' takes the place of '{replaces}'; {fix}");
        }

        if (!value.Equals(expected))
        {
            throw new ArgumentException(
                $"Network.{edit}: '{name}' does not fit instead of '{replaces}' (got {Described(value)}, expected "
                + $"{Described(expected)}); {fix}");
        }
    }

    private static string Described(ValueInfo value) =>
        $"{value.DType} {(value.IsBatched ? "with" : "without")} a batch axis";

    /// <summary>Throws where the new nodes take a value that would depend on their own result.</summary>
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
                + $"on values before '{replaces}', or replace '{late}'");
        }
    }
}
