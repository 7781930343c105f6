using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Collects and names the nodes while the body of a network runs.</summary>
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

    /// <summary>
    /// Creates a builder that extends a graph. Its names are taken, and new nodes may share parameters with its nodes.
    /// </summary>
    /// <param name="graph">The graph to extend.</param>
    /// <param name="freed">An input whose name may be reused; null: none.</param>
    internal NetworkBuilder(NetworkGraph graph, string? freed = null)
    {
        _taken.UnionWith(graph.Inputs.Select(input => input.Name).Where(
            name => !string.Equals(name, freed, StringComparison.Ordinal)));
        _taken.UnionWith(graph.Nodes.Select(node => node.Name));
        _takenParameters.UnionWith(graph.Parameters.Keys.Concat(graph.Buffers.Keys));
        _byName = graph.Nodes.ToDictionary(node => node.Name, StringComparer.Ordinal);
    }

    /// <summary>The added nodes.</summary>
    internal IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>Returns a value of the extended graph.</summary>
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
                    $"{full}: value '{inputs[i].Name}' belongs to another network; use values from this body");
            }

            (names[i], values[i]) = (inputs[i].Name, inputs[i].Info);
        }

        if (!_taken.Add(full))
        {
            throw new ArgumentException($"Network: two nodes have the same name (got '{full}' twice); rename one");
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
                $"{full}: another node has a parameter or buffer with this name (got '{taken}'); give the new node "
                + "another name, or share its parameters with ApplyShared");
        }

        _nodes.Add(node);
        _byName.Add(full, node);
        return new Value(this, full, output);
    }

    /// <summary>Adds a node whose parameters and buffers have the given full names.</summary>
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
            $"{asking}: unknown node to share parameters with (got '{name}', expected an earlier node); give its full "
            + "name, including scopes");

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
