using Temper.Formats.Protobuf;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// The ONNX graph that comes into being while a network is written: nodes as messages, initializers as tensors.
/// </summary>
internal sealed class GraphExport(Network network, OnnxExportOptions options)
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private readonly HashSet<string> _ends = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _weights = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, Tensor> _initializers = new(StringComparer.Ordinal);

    internal int Opset => options.Opset;

    internal List<WireWriter> Nodes { get; } = [];

    internal IEnumerable<KeyValuePair<string, Tensor>> Initializers => _initializers;

    /// <summary>Keeps a name for an input or output of the graph.</summary>
    internal void ReserveEnd(string name)
    {
        _ends.Add(name);
        _taken.Add(name);
    }

    /// <summary>Keeps a name for a parameter or buffer.</summary>
    internal void Reserve(string name) => _taken.Add(name);

    /// <summary>The name of a value in the graph.</summary>
    internal string NameOf(string value) => _values[value];

    internal void SetName(string value, string name) => _values[value] = name;

    internal ValueInfo InfoOf(string value) => network.Graph.InfoOf(value);

    /// <summary>A name that is free, made of another.</summary>
    internal string Free(string wanted)
    {
        string name = wanted;
        for (int number = 2; !_taken.Add(name); number++)
        {
            name = $"{wanted}_{number}";
        }

        return name;
    }

    /// <summary>
    /// A parameter or buffer as an initializer; shared ones are there once. One that bears the name of an input or
    /// output gets another.
    /// </summary>
    internal string Weight(string name)
    {
        if (!_weights.TryGetValue(name, out string? written))
        {
            written = _weights[name] = _ends.Contains(name) ? Free($"{name}.value") : name;
            _taken.Add(written);
            _initializers.Add(written, network.Parameters.TryGet(name, out Parameter? parameter)
                ? parameter.Value
                : network.Buffers[name]);
        }

        return written;
    }

    /// <summary>The name of a parameter that nodes compute: its own, unless an input or output has it.</summary>
    /// <param name="name">The parameter.</param>
    /// <param name="isNew">Whether nobody asked before, so that the node has still to be written.</param>
    internal string Computed(string name, out bool isNew)
    {
        isNew = !_weights.TryGetValue(name, out string? written);
        return written ?? (_weights[name] = _ends.Contains(name) ? Free($"{name}.value") : name);
    }

    /// <summary>The grid of a value that was rounded to bytes; null where it was not.</summary>
    internal FakeQuantize? GridOf(string value) =>
        network.Nodes.FirstOrDefault(node => string.Equals(
            node.Name, value,
            StringComparison.Ordinal))?.Operator as FakeQuantize is { IsByte: true } grid ? grid : null;

    /// <summary>The numbers of a parameter.</summary>
    internal Tensor NumbersOf(string parameter) => network.Parameters[parameter].Value;

    /// <summary>Scales of a node's weight of 8 bit; null where it has none.</summary>
    internal Tensor? ScalesOf(Node node) => network.ScalesOf(node);

    /// <summary>A constant that the translation brings along.</summary>
    internal string Constant(string wanted, Tensor value)
    {
        string name = Free(wanted);
        _initializers.Add(name, value);
        return name;
    }

    /// <summary>A constant of bytes, signed or not, from whole numbers.</summary>
    internal string Constant(string wanted, Tensor value, OnnxType type)
    {
        string name = Constant(wanted, value);
        Types[name] = type;
        return name;
    }

    /// <summary>Element types of initializers where they are not those of their tensors.</summary>
    internal Dictionary<string, OnnxType> Types { get; } = new(StringComparer.Ordinal);

    /// <summary>The numbers of a value that is a constant of the network; null where it is computed.</summary>
    internal Tensor? ConstantOf(string value) =>
        network.Nodes.FirstOrDefault(node => string.Equals(
            node.Name, value, StringComparison.Ordinal)) is { Operator: ConstantValue { DType: DType.Float32 } } node
            ? network.Parameters[node.Parameters[0]].Value
            : null;

    internal string Constant(string wanted, params ReadOnlySpan<int> values)
    {
        long[] numbers = new long[values.Length];
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = values[i];
        }

        return Constant(wanted, Tensor.From(numbers, [numbers.Length]));
    }

    /// <summary>Adds a node.</summary>
    /// <param name="kind">The operator.</param>
    /// <param name="name">Name of the node.</param>
    /// <param name="inputs">Names of its inputs; empty for one that is left out.</param>
    /// <param name="outputs">Names of its outputs.</param>
    /// <param name="attributes">Name and value: int, long, float, string, or a list of int.</param>
    internal void Add(
        string kind, string name, IEnumerable<string> inputs, IEnumerable<string> outputs,
        params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        var node = new WireWriter();
        foreach (string input in inputs)
        {
            node.Text(1, input);
        }

        foreach (string output in outputs)
        {
            node.Text(2, output);
        }

        node.Text(3, name).Text(4, kind);
        foreach ((string key, object value) in attributes)
        {
            node.Message(5, Attribute(key, value));
        }

        Nodes.Add(node);
    }

    private static WireWriter Attribute(string name, object value)
    {
        const int Float = 1, Int = 2, Text = 3, Ints = 7;
        WireWriter attribute = new WireWriter().Text(1, name);
        return value switch
        {
            float number => attribute.Float(2, number).Integer(20, Float),
            bool flag => attribute.Integer(3, flag ? 1 : 0).Integer(20, Int),
            int number => attribute.Integer(3, number).Integer(20, Int),
            string text => attribute.Text(4, text).Integer(20, Text),
            IReadOnlyCollection<int> numbers =>
                attribute.Integers(8, numbers.Select(number => (long)number)).Integer(20, Ints),
            _ => throw new NotSupportedException($"ONNX: attribute '{name}' is a {value.GetType().Name}"),
        };
    }
}

/// <summary>A node while it is written.</summary>
/// <param name="Graph">The graph.</param>
/// <param name="Node">The node.</param>
/// <param name="Inputs">Names of its inputs.</param>
/// <param name="Output">Name of its result.</param>
internal sealed record NodeExport(GraphExport Graph, Node Node, IReadOnlyList<string> Inputs, string Output)
{
    internal int Opset => Graph.Opset;

    internal Shape InputShape => Graph.InfoOf(Node.Inputs[0]).Shape;

    internal bool IsBatched => Graph.InfoOf(Node.Name).IsBatched;

    /// <summary>The node's parameters, then its buffers.</summary>
    internal string[] Weights => [.. Node.Parameters.Concat(Node.Buffers).Select(Graph.Weight)];

    /// <summary>Writes the node that makes the result.</summary>
    internal void Result(
        string kind, IEnumerable<string> inputs, params ReadOnlySpan<(string Name, object Value)> attributes) =>
        Graph.Add(kind, Node.Name, inputs, [Output], attributes);

    /// <summary>Writes a node between.</summary>
    /// <returns>The name of its result.</returns>
    internal string Step(
        string kind, IEnumerable<string> inputs, params ReadOnlySpan<(string Name, object Value)> attributes)
    {
        string name = Graph.Free($"{Node.Name}/{kind}");
        Graph.Add(kind, name, inputs, [name], attributes);
        return name;
    }

    internal string Constant(string what, Tensor value) => Graph.Constant($"{Node.Name}/{what}", value);

    internal string Constant(string what, params ReadOnlySpan<int> values) =>
        Graph.Constant($"{Node.Name}/{what}", values);

    internal NotSupportedException Unfit(string reason) =>
        new($"ONNX export: node '{Node.Name}' ({Node.Operator.Kind}) {reason}");
}
