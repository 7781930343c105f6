using Temper.Formats.Protobuf;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// The ONNX graph under construction during export: nodes as messages, initializers as tensors.
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

    /// <summary>Reserves the name of an input or output of the graph.</summary>
    internal void ReserveEnd(string name)
    {
        _ends.Add(name);
        _taken.Add(name);
    }

    /// <summary>Reserves the name of a parameter or buffer.</summary>
    internal void Reserve(string name) => _taken.Add(name);

    /// <summary>Returns the name of a value in the graph.</summary>
    internal string NameOf(string value) => _values[value];

    internal void SetName(string value, string name) => _values[value] = name;

    internal ValueInfo InfoOf(string value) => network.Graph.InfoOf(value);

    /// <summary>Returns an unused name, based on a given one.</summary>
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
    /// Adds a parameter or buffer as an initializer (once, if shared) and returns its name. If an input or output has
    /// the same name, the initializer is renamed.
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

    /// <summary>
    /// Returns the name of a parameter that nodes compute: its own, unless an input or output has the same name.
    /// </summary>
    /// <param name="name">The parameter.</param>
    /// <param name="isNew">True on the first call for this parameter: the caller must add the node.</param>
    internal string Computed(string name, out bool isNew)
    {
        isNew = !_weights.TryGetValue(name, out string? written);
        return written ?? (_weights[name] = _ends.Contains(name) ? Free($"{name}.value") : name);
    }

    /// <summary>Returns the quantization of a value that was rounded to 8 bits; null if it was not.</summary>
    internal FakeQuantize? GridOf(string value) =>
        network.Graph.FindNode(value)?.Operator is FakeQuantize { IsByte: true } grid ? grid : null;

    /// <summary>Returns the value of a parameter.</summary>
    internal Tensor NumbersOf(string parameter) => network.Parameters[parameter].Value;

    /// <summary>Returns the scales of a node's 8-bit weight; null if it has none.</summary>
    internal Tensor? ScalesOf(Node node) => network.ScalesOf(node);

    /// <summary>Adds a constant that the export needs.</summary>
    internal string Constant(string wanted, Tensor value)
    {
        string name = Free(wanted);
        _initializers.Add(name, value);
        return name;
    }

    /// <summary>Adds a constant of another element type (such as int8), given as integers.</summary>
    internal string Constant(string wanted, Tensor value, OnnxType type)
    {
        string name = Constant(wanted, value);
        Types[name] = type;
        return name;
    }

    /// <summary>Element types of initializers that differ from the dtypes of their tensors.</summary>
    internal Dictionary<string, OnnxType> Types { get; } = new(StringComparer.Ordinal);

    /// <summary>Returns the value of a float32 constant of the network; null if the value is computed.</summary>
    internal Tensor? ConstantOf(string value) =>
        network.Graph.FindNode(value) is { Operator: ConstantValue { DType: DType.Float32 } } node
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
    /// <param name="kind">Operator type.</param>
    /// <param name="name">Name of the node.</param>
    /// <param name="inputs">Names of the inputs; empty for an omitted input.</param>
    /// <param name="outputs">Names of the outputs.</param>
    /// <param name="attributes">Names and values: int, long, float, string, or a list of int.</param>
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

/// <summary>A node during export.</summary>
/// <param name="Graph">The graph.</param>
/// <param name="Node">The node.</param>
/// <param name="Inputs">Names of the inputs in the graph.</param>
/// <param name="Output">Name of the result.</param>
internal sealed record NodeExport(GraphExport Graph, Node Node, IReadOnlyList<string> Inputs, string Output)
{
    internal int Opset => Graph.Opset;

    internal Shape InputShape => Graph.InfoOf(Node.Inputs[0]).Shape;

    internal bool IsBatched => Graph.InfoOf(Node.Name).IsBatched;

    /// <summary>Names of the node's parameters, then of its buffers.</summary>
    internal string[] Weights => [.. Node.Parameters.Concat(Node.Buffers).Select(Graph.Weight)];

    /// <summary>Adds the node that computes the result.</summary>
    internal void Result(
        string kind, IEnumerable<string> inputs, params ReadOnlySpan<(string Name, object Value)> attributes) =>
        Graph.Add(kind, Node.Name, inputs, [Output], attributes);

    /// <summary>Adds an intermediate node.</summary>
    /// <returns>Name of its result.</returns>
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
