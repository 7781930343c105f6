using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Collects the nodes while a network's body runs, and names them.</summary>
internal sealed class NetworkBuilder
{
    private readonly List<Node> _nodes = [];
    private readonly Dictionary<string, Node> _byName = new(StringComparer.Ordinal);
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private readonly HashSet<string> _takenParameters = new(StringComparer.Ordinal);
    private string _scope = "";

    internal NetworkBuilder()
    {
    }

    /// <summary>Continues a graph: its names are taken, and new nodes may share parameters with its nodes.</summary>
    /// <param name="graph">The graph that new nodes will join.</param>
    /// <param name="freed">An input whose name may be used again; null: none.</param>
    internal NetworkBuilder(NetworkGraph graph, string? freed = null)
    {
        _taken.UnionWith(graph.Inputs.Select(input => input.Name).Where(
            name => !string.Equals(name, freed, StringComparison.Ordinal)));
        _taken.UnionWith(graph.Nodes.Select(node => node.Name));
        _takenParameters.UnionWith(graph.Parameters.Keys.Concat(graph.Buffers.Keys));
        _byName = graph.Nodes.ToDictionary(node => node.Name, StringComparer.Ordinal);
    }

    /// <summary>The nodes that were added.</summary>
    internal IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>A value of the graph that is continued.</summary>
    internal Value Existing(string name, ValueInfo info) => new(this, name, info);

    internal Value Input(InputSpec input)
    {
        input.Check();
        _taken.Add(input.Name);
        return new Value(this, input.Name, input.Info);
    }

    internal Value Add(Operator operation, string? name, string? parametersOf, ReadOnlySpan<Value> inputs)
    {
        string full = name is null ? NextName(operation) : _scope + name;
        string[] names = new string[inputs.Length];
        var values = new ValueInfo[inputs.Length];
        for (int i = 0; i < inputs.Length; i++)
        {
            if (inputs[i].Builder != this)
            {
                throw new ArgumentException(
                    $"{full}: value '{inputs[i].Name}' belongs to another network; use the body's own values");
            }

            (names[i], values[i]) = (inputs[i].Name, inputs[i].Info);
        }

        if (!_taken.Add(full))
        {
            throw new ArgumentException(
                $"Network: two nodes have one name (got '{full}' again); give one of them another name");
        }

        ValueInfo output = GraphCheck.Infer(operation, full, values);
        Shape[] shapes = [.. values.Select(value => value.Shape)];
        Node node = GraphCheck.Complete(
            operation, full, names, shapes, parametersOf is null ? null : Earlier(parametersOf, full));
        string? taken = parametersOf is null
            ? node.Parameters.Concat(node.Buffers).FirstOrDefault(_takenParameters.Contains)
            : null;
        if (taken is not null)
        {
            throw new ArgumentException(
                $"{full}: another node has a parameter or buffer of this name (got '{taken}'); give the new node "
                + "another name, or share it with ApplyShared");
        }

        _nodes.Add(node);
        _byName.Add(full, node);
        return new Value(this, full, output);
    }

    /// <summary>Adds a node whose parameters and buffers have full names of their own.</summary>
    internal Value Add(
        Operator operation, string full, IReadOnlyList<string> parameters, IReadOnlyList<string> buffers,
        ReadOnlySpan<Value> inputs)
    {
        Value value = Add(operation, full, parametersOf: null, inputs);
        Node node = _nodes[^1] with { Parameters = parameters, Buffers = buffers };
        _nodes[^1] = node;
        _byName[full] = node;
        return value;
    }

    internal Value InScope(string name, Value value, Func<Value, Value> body)
    {
        Names.Check(name, "a scope");
        string outer = _scope;
        _scope = $"{outer}{name}.";
        try
        {
            return body(value);
        }
        finally
        {
            _scope = outer;
        }
    }

    private Node Earlier(string name, string asking) => _byName.TryGetValue(name, out Node? node)
        ? node
        : throw new ArgumentException(
            $"{asking}: no earlier node to share parameters with (got '{name}'); give its full name, scope included");

    private string NextName(Operator operation)
    {
        for (int number = 1; ; number++)
        {
            string name = $"{_scope}{operation.DefaultName}{number}";
            if (!_taken.Contains(name))
            {
                return name;
            }
        }
    }
}
