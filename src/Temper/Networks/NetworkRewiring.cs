using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Networks;

/// <content>
/// Building blocks of the edits: redirecting values, rebuilding the graph, and keeping parameters and buffers.
/// </content>
public sealed partial class Network
{
    /// <summary>
    /// Creates a network from a changed graph: keeps parameters and buffers that still exist and initializes new ones.
    /// </summary>
    private Network Rebuilt(
        NetworkGraph graph,
        RandomStream? stream = null,
        IEnumerable<Parameter>? parameters = null,
        IEnumerable<KeyValuePair<string, Tensor>>? buffers = null,
        IReadOnlySet<string>? redrawn = null)
    {
        Dictionary<string, Parameter> kept =
            ByName((parameters ?? Parameters).Select(parameter => KeyValuePair.Create(parameter.Name, parameter)));
        Dictionary<string, Tensor> keptBuffers = ByName(buffers ?? Buffers);
        RefuseFresh(graph, kept, keptBuffers, stream, redrawn);
        return With(
            graph,
            graph.Parameters.Select(
                entry => kept.TryGetValue(entry.Key, out Parameter? old) && old.Value.Shape.Equals(entry.Value.Shape)
                    ? old
                    : Fresh(entry.Key, entry.Value, stream)),
            graph.Buffers.Select(
                entry => keptBuffers.TryGetValue(entry.Key, out Tensor? old) && old.Shape.Equals(entry.Value.Shape)
                    ? KeyValuePair.Create(entry.Key, old)
                    : KeyValuePair.Create(entry.Key, entry.Value.Create())));
    }

    private static Dictionary<string, T> ByName<T>(IEnumerable<KeyValuePair<string, T>> entries)
    {
        var byName = new Dictionary<string, T>(StringComparer.Ordinal);
        foreach ((string name, T value) in entries)
        {
            if (!byName.TryAdd(name, value))
            {
                throw new ArgumentException($"Network: the edit gives two parameters or buffers the same name (got "
                    + $"'{name}' twice); choose another node name");
            }
        }

        return byName;
    }

    /// <summary>
    /// Throws if an edit would silently lose or invent weights: an existing parameter must keep its shape, and values
    /// that have to be drawn need a stream. New parameters with constant initial values, such as scales of a
    /// normalization, need none.
    /// </summary>
    private static void RefuseFresh(
        NetworkGraph graph, Dictionary<string, Parameter> kept, Dictionary<string, Tensor> keptBuffers,
        RandomStream? stream, IReadOnlySet<string>? redrawn)
    {
        string[] lost =
        [
            .. graph.Parameters.Where(
                entry => kept.TryGetValue(entry.Key, out Parameter? old) && !old.Value.Shape.Equals(entry.Value.Shape))
                .Select(entry => entry.Key),
            .. graph.Buffers.Where(
                entry => keptBuffers.TryGetValue(entry.Key, out Tensor? old) && !old.Shape.Equals(entry.Value.Shape))
                .Select(entry => entry.Key),
        ];
        lost = [.. lost.Where(name => stream is null || redrawn?.Contains(name) != true)];
        if (lost.Length > 0)
        {
            throw new ArgumentException(
                $"Network: the edit changes the shape of {Names.Sample(lost)}, whose values would be lost; "
                + "pass a stream to draw new values for the edited node, and change other nodes so that their shapes "
                + "are kept");
        }

        string[] undrawn = [.. graph.Parameters.Where(entry => !kept.ContainsKey(entry.Key)
            && entry.Value.Initializer is not Constant).Select(entry => entry.Key)];
        if (undrawn.Length > 0 && stream is null)
        {
            throw new ArgumentException(
                $"Network: the edit has to draw values for {Names.Sample(undrawn)} but has no stream; pass a stream");
        }
    }

    private NetworkGraph Swapped(Node old, Node changed) =>
        GraphOf(Nodes.Select(node => node == old ? changed : node), Outputs);

    private NetworkGraph GraphOf(
        IEnumerable<Node> nodes, IEnumerable<NetworkOutput> outputs, IReadOnlyList<InputSpec>? inputs = null) =>
        new(inputs ?? Inputs, [.. nodes], [.. outputs]);

    /// <summary>
    /// General form of the edits that redirect values. Adds nodes, redirects all users and outputs of one value to
    /// another, and removes nodes that no output depends on, with the parameters and buffers used only by them.
    /// </summary>
    /// <param name="from">The value to replace.</param>
    /// <param name="to">The value to use instead: an existing one, or that of an added node.</param>
    /// <param name="added">New nodes. Their own inputs are not redirected.</param>
    /// <param name="fresh">Random stream for the initial values of new parameters.</param>
    /// <param name="inputs">New inputs of the network; null: unchanged.</param>
    private Network Rewired(
        string from, string to, IReadOnlyList<Node> added, RandomStream? fresh = null,
        IReadOnlyList<InputSpec>? inputs = null)
    {
        List<Node> nodes =
        [
            .. Nodes.Select(node => node.Inputs.Contains(from, StringComparer.Ordinal)
                ? node with { Inputs = Redirected(node.Inputs, from, to) }
                : node),
        ];

        // Insert directly after the nodes they read, so that parameters stay in order of first use.
        HashSet<string> taken = [.. added.SelectMany(node => node.Inputs)];
        nodes.InsertRange(nodes.FindLastIndex(node => taken.Contains(node.Name)) + 1, added);
        NetworkOutput[] outputs = [.. RedirectedOutputs(from, to)];
        return Rebuilt(GraphOf(Needed(nodes, outputs, added), outputs, inputs), fresh);
    }

    /// <summary>
    /// Returns the nodes that an output depends on. Added nodes are always kept: an unused one is a mistake, which the
    /// graph check reports.
    /// </summary>
    private static IEnumerable<Node> Needed(
        IReadOnlyList<Node> nodes, IEnumerable<NetworkOutput> outputs, IReadOnlyList<Node> added)
    {
        ILookup<string, Node> byName = nodes.ToLookup(node => node.Name, StringComparer.Ordinal);
        var needed = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([.. outputs.Select(output => output.Value), .. added.Select(node => node.Name)]);
        while (open.TryPop(out string? value))
        {
            if (needed.Add(value))
            {
                byName[value].SelectMany(node => node.Inputs).ToList().ForEach(open.Push);
            }
        }

        return nodes.Where(node => needed.Contains(node.Name));
    }

    /// <summary>
    /// Throws if the names of a changed node's parameters are already used by another node, which would share them by
    /// accident.
    /// </summary>
    private void RequireFree(string edit, Node changed, Node old)
    {
        string? taken = changed.Parameters.Concat(changed.Buffers)
            .Except(old.Parameters.Concat(old.Buffers), StringComparer.Ordinal)
            .FirstOrDefault(name => Parameters.Contains(name) || Buffers.ContainsKey(name));
        if (taken is not null)
        {
            throw new ArgumentException($"Network.{edit}: another node has a parameter or buffer with this name (got "
                + $"'{taken}'); rename node '{old.Name}' first");
        }
    }

    private Node Find(string edit, string name) =>
        Graph.FindNode(name) ?? throw Missing(edit, name, "a node", Nodes.Select(node => node.Name));

    private void RequireValue(string edit, string value)
    {
        if (Graph.NumberOf(value) < 0)
        {
            throw Missing(edit, value, "an input or node", Inputs.Select(input => input.Name).Concat(Nodes.Select(
                node => node.Name)));
        }
    }

    private Value Existing(NetworkBuilder builder, string edit, string value)
    {
        RequireValue(edit, value);
        return builder.Existing(value, Graph.InfoOf(value));
    }

    private static ArgumentException Missing(string edit, string name, string what, IEnumerable<string> known) => new(
        $"Network.{edit}: unknown name of {what} (got '{name}', expected one of "
        + $"{Names.Sample(known)}){Names.Suggestion(name, known)}");

    private static string[] Redirected(IReadOnlyList<string> inputs, string from, string to) =>
        [.. inputs.Select(input => string.Equals(input, from, StringComparison.Ordinal) ? to : input)];

    private IEnumerable<NetworkOutput> RedirectedOutputs(string from, string to) => Outputs.Select(
        output => string.Equals(output.Value, from, StringComparison.Ordinal) ? output with { Value = to } : output);
}
