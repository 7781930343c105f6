using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// The checked and sorted structure of a network, without parameter values; shared by all networks that differ only in
/// them. Values are numbered: inputs first, then nodes in order.
/// </summary>
internal sealed class NetworkGraph
{
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<ValueInfo> _values = [];
    private readonly OrderedDictionary<string, ParameterSpec> _parameters = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, BufferSpec> _buffers = new(StringComparer.Ordinal);
    private readonly Lazy<BatchState> _batch;

    internal NetworkGraph(
        IReadOnlyList<InputSpec> inputs, IReadOnlyList<Node> nodes, IReadOnlyList<NetworkOutput> outputs)
    {
        foreach (InputSpec input in inputs)
        {
            input.Check();
        }

        Inputs = [.. inputs];
        Nodes = GraphCheck.Sort(inputs, nodes).AsReadOnly();
        Outputs = [.. outputs];
        foreach (InputSpec input in inputs)
        {
            AddValue(input.Name, input.Info);
        }

        foreach (Node node in Nodes)
        {
            AddNode(node);
        }

        GraphCheck.CheckOutputs(outputs, _numbers.ContainsKey);
        GraphCheck.CheckUsed(Nodes, outputs);
        OutputValues = [.. outputs.Select(output => _numbers[output.Value])];
        Plans = new ForwardPlans(this);
        _batch = new Lazy<BatchState>(() => BatchAnalysis.Of(this));
    }

    internal IReadOnlyList<InputSpec> Inputs { get; }

    internal IReadOnlyList<Node> Nodes { get; }

    internal IReadOnlyList<NetworkOutput> Outputs { get; }

    /// <summary>Value numbers of the outputs.</summary>
    internal int[] OutputValues { get; }

    internal int ValueCount => _values.Count;

    /// <summary>Parameter specs by full name, in order of first use.</summary>
    internal OrderedDictionary<string, ParameterSpec> Parameters => _parameters;

    /// <summary>Buffer specs by full name, in order of first use.</summary>
    internal OrderedDictionary<string, BufferSpec> Buffers => _buffers;

    internal ForwardPlans Plans { get; }

    /// <summary>Number of samples per run, and whether samples are computed independently.</summary>
    internal BatchState Batch => _batch.Value;

    /// <summary>Returns the number of a value; -1 if the name is unknown.</summary>
    internal int NumberOf(string value) => _numbers.GetValueOrDefault(value, -1);

    /// <summary>Returns the node of this name; null: there is none, or the name is that of an input.</summary>
    internal Node? FindNode(string name) => NumberOf(name) - Inputs.Count is >= 0 and var index ? Nodes[index] : null;

    /// <summary>Returns the shape of a value, for a batch of one.</summary>
    internal Shape ShapeOf(string value) => InfoOf(value).Shape;

    internal ValueInfo InfoOf(string value) => _values[_numbers[value]];

    /// <summary>Returns the shapes of a node's inputs, for a batch of one.</summary>
    internal Shape[] InputShapes(Node node) => [.. node.Inputs.Select(ShapeOf)];

    private void AddValue(string name, ValueInfo value)
    {
        _numbers.Add(name, _values.Count);
        _values.Add(value);
    }

    private void AddNode(Node node)
    {
        AddValue(node.Name, GraphCheck.Infer(node.Operator, node.Name, [.. node.Inputs.Select(InfoOf)]));
        Shape[] shapes = InputShapes(node);
        IReadOnlyList<ParameterSpec> parameters = node.Operator.ParameterSpecs(shapes);
        CheckCount(node, "parameters", node.Parameters.Count, parameters.Count);
        for (int i = 0; i < parameters.Count; i++)
        {
            AddShared(_parameters, node, node.Parameters[i], parameters[i], spec => spec.Shape);
        }

        IReadOnlyList<BufferSpec> buffers = node.Operator.BufferSpecs(shapes);
        CheckCount(node, "buffers", node.Buffers.Count, buffers.Count);
        for (int i = 0; i < buffers.Count; i++)
        {
            AddShared(_buffers, node, node.Buffers[i], buffers[i], spec => spec.Shape);
        }
    }

    private static void AddShared<TSpec>(
        OrderedDictionary<string, TSpec> all, Node node, string name, TSpec spec, Func<TSpec, Shape> shapeOf)
    {
        Names.Check(name, $"a parameter of node '{node.Name}'");
        if (!all.TryGetValue(name, out TSpec? first))
        {
            all.Add(name, spec);
            return;
        }

        if (!shapeOf(first).Equals(shapeOf(spec)))
        {
            throw new ShapeMismatchException(
                node.Name, shapeOf(spec), shapeOf(first), $"'{name}' is shared, so both nodes must use the same shape");
        }
    }

    private static void CheckCount(Node node, string what, int got, int expected)
    {
        if (got != expected)
        {
            throw new ArgumentException(
                $"{node.Name}: wrong number of {what} (got {got}, expected {expected} for {node.Operator.Kind})");
        }
    }
}
