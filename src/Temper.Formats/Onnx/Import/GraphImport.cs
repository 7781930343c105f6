using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// The network under construction while an ONNX graph is read, and the known values of the graph.
/// </summary>
internal sealed class GraphImport
{
    private readonly NetworkBuilder _builder = new();
    private readonly Dictionary<string, Known> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Value> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MovedBatch> _moved = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Value> _constants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (Known Source, string Form)> _owners = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Tensor> _numbers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _frozen = new(StringComparer.Ordinal);
    private readonly HashSet<string> _nodeNames = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _lastNumbers = new(StringComparer.Ordinal);
    private Value? _batch;

    /// <summary>The two batch sizes for which values that depend on a free batch are computed.</summary>
    internal (int First, int Second) Batches { get; init; } = (1, 7);

    /// <summary>
    /// Whether the file declares the first of the two batch sizes, so that a number in the graph may be the batch size.
    /// </summary>
    internal bool DeclaresBatch { get; init; }

    /// <summary>Path or name of the file, for errors.</summary>
    internal required string File { get; init; }

    /// <summary>Version of the standard operator set.</summary>
    internal long Opset { get; init; }

    /// <summary>Values given for inputs; used if the network needs a constant.</summary>
    internal IReadOnlyDictionary<string, Tensor> Given { get; init; } =
        new Dictionary<string, Tensor>(StringComparer.Ordinal);

    /// <summary>Names of inputs whose given values became constants.</summary>
    internal HashSet<string> Bound { get; } = new(StringComparer.Ordinal);

    internal IReadOnlyList<Node> Nodes => _builder.Nodes;

    internal void AddInput(string name, InputSpec spec)
    {
        _nodeNames.Add(spec.Name);
        Value value = _values[name] = _builder.Input(spec);
        _batch ??= value.IsBatched ? value : null;
    }

    /// <summary>Values that represent integers of another type but are held in float32.</summary>
    internal Dictionary<string, OnnxType> Quantized { get; } = new(StringComparer.Ordinal);

    /// <summary>Quantized values, each with the quantization and the unquantized source.</summary>
    internal Dictionary<string, (FakeQuantize By, Value Source)> QuantizedBy { get; } = new(StringComparer.Ordinal);

    internal bool Has(string name) => _known.ContainsKey(name) || _values.ContainsKey(name) || _moved.ContainsKey(name);

    /// <summary>
    /// A batched value that is used only for its batch size; null if no batch is free.
    /// </summary>
    internal Value? Batch => _batch;

    internal void SetKnown(string name, Known value)
    {
        RequireNew(name);
        _known[name] = value;
    }

    internal void SetValue(string name, Value value)
    {
        RequireNew(name);
        _values[name] = value;
    }

    internal void SetMoved(string name, MovedBatch value)
    {
        RequireNew(name);
        _moved[name] = value;
    }

    /// <summary>Returns the value if its batch is not the first axis; else null.</summary>
    internal MovedBatch? FindMoved(string name) => _moved.GetValueOrDefault(name);

    /// <summary>Returns the value if it is known; an input with a given value can become known here.</summary>
    internal Known? FindKnown(string name, bool binds)
    {
        if (_known.TryGetValue(name, out Known? known))
        {
            return known;
        }

        if (!binds || !Given.TryGetValue(name, out Tensor? given))
        {
            return null;
        }

        Bound.Add(name);
        return _known[name] = Known.Of(name, given);
    }

    /// <summary>Returns the value as computed by the network; a constant is added as a node.</summary>
    internal Value Computed(string name, string node, bool takesQuantized = false)
    {
        if (_values.TryGetValue(name, out Value? value))
        {
            return !takesQuantized && Quantized.TryGetValue(name, out OnnxType type)
                ? Whole(name, value, type, node)
                : value;
        }

        if (_moved.TryGetValue(name, out MovedBatch? moved))
        {
            throw Mixed(moved.By, $"{moved.Story}, where node '{node}' uses it");
        }

        return _known.TryGetValue(name, out Known? known)
            ? _constants.TryGetValue(name, out value) ? value : _constants[name] = Constant(known, node)
            : throw Bad($"node '{node}': its input does not exist (got '{name}'); the graph is damaged or not in "
                + "topological order");
    }

    /// <summary>
    /// Returns a value in the form that broadcasts against a value whose batch is not its first axis.
    /// </summary>
    internal Value Aligned(string name, string node, MovedBatch moved)
    {
        if (_moved.TryGetValue(name, out MovedBatch? other) && other.Matches(moved))
        {
            return other.Inner;
        }

        if (_known.TryGetValue(name, out Known? known) && known.IsFixed && moved.Aligned(known.First) is { } aligned)
        {
            return ReferenceEquals(aligned, known.First)
                ? Computed(name, node)
                : Constant(Known.Of($"{name}/aligned", aligned, known.IsFromInitializer), node);
        }

        return _values.TryGetValue(name, out Value? value)
            && !value.IsBatched
            && moved.HasPlainEnd(value.Shape.Rank)
            ? value
            : throw Mixed(moved.By, $"{moved.Story}, where node '{node}' combines it with '{name}'");
    }

    /// <summary>Returns a quantized value as integers, for an operator that takes bytes.</summary>
    private Value Whole(string name, Value value, OnnxType type, string node) => type == OnnxType.UInt8
        ? Add(new Cast(DType.UInt8), $"{name}/Cast", [], [value])
        : throw Bad($"node '{node}': input '{name}' has type {type}, which only DequantizeLinear accepts (other "
            + $"operators on {type} are not supported)");

    /// <summary>Adds a constant as a node whose parameter or buffer has the initializer's name.</summary>
    /// <param name="known">The constant.</param>
    /// <param name="node">Name of the node that uses it, for errors.</param>
    /// <param name="form">Uses of the same form share the parameter; see <see cref="Weight"/>.</param>
    internal Value Constant(Known known, string node, string form = "")
    {
        if (!known.IsFixed)
        {
            return Repeated(known, node) ?? throw Mixed(node, $"node '{node}' computes with '{known.Name}', which "
                + "depends on the number of samples");
        }

        string[] names = [NameOf(known, form, known.First)];
        bool isFloat = known.First.DType == DType.Float32;
        return _builder.Add(
            new ConstantValue(known.First.Shape, known.First.DType), FreeName(known.Name), isFloat ? names : [],
            isFloat ? [] : names, []);
    }

    /// <summary>
    /// Returns a value that repeats one row for each sample of the batch, as an Expand node; null for any other value.
    /// </summary>
    private Value? Repeated(Known known, string node)
    {
        (Tensor first, Tensor second) = (known.First, known.Second);
        bool isAsLong = _batch is not null
            && first.Rank > 0
            && second.Rank == first.Rank
            && first.Shape[0] == Batches.First
            && second.Shape[0] == Batches.Second
            && first.Shape.With(0, 1).Equals(second.Shape.With(0, 1));
        if (!isAsLong)
        {
            return null;
        }

        Tensor row = first.Slice(0, 0, 1);
        return Known.AreEqual(row.Expand(first.Shape), first) && Known.AreEqual(row.Expand(second.Shape), second)
            ? Add(
                new Expand([.. row.Shape]), $"{known.Name}/Expand", [],
                [Constant(Known.Of(known.Name, row.Detach(), known.IsFromInitializer), node), _batch!])
            : null;
    }

    /// <summary>Adds a node.</summary>
    /// <param name="operation">The operator.</param>
    /// <param name="name">Preferred name of the node.</param>
    /// <param name="weights">
    /// Parameters and buffers in the order of the operator's specs, each in the form that the operator expects.
    /// </param>
    /// <param name="inputs">The inputs.</param>
    internal Value Add(Operator operation, string name, IReadOnlyList<Weight> weights, ReadOnlySpan<Value> inputs)
    {
        string full = FreeName(name);
        string[] names =
            [.. Weight.Apart(weights, full).Select(weight => NameOf(weight.Source, weight.Form, weight.Value))];
        var shapes = new Shape[inputs.Length];
        for (int i = 0; i < shapes.Length; i++)
        {
            shapes[i] = inputs[i].Shape;
        }

        int parameters = names.Length == 0 ? 0 : operation.ParameterSpecs(shapes).Count;
        return names.Length == 0
            ? _builder.Add(operation, full, parametersOf: null, inputs)
            : _builder.Add(operation, full, names[..parameters], names[parameters..], inputs);
    }

    /// <summary>Creates the network; nodes that no output needs are removed.</summary>
    internal Network Finish(IReadOnlyList<InputSpec> inputs, IReadOnlyList<NetworkOutput> outputs)
    {
        IReadOnlyList<Node> fused = BiasFusion.Apply(_builder.Nodes, outputs, _numbers, OwnCopy);
        var graph = new NetworkGraph(inputs, Needed(fused, outputs), outputs);
        graph =
            new NetworkGraph(inputs, Needed(WinnersFusion.Apply(graph, _numbers.GetValueOrDefault), outputs), outputs);
        return new NetworkBlueprint
        {
            Graph = graph, Frozen = _frozen.Where(graph.Parameters.ContainsKey).ToHashSet(StringComparer.Ordinal),
        }
            .Create(_numbers.GetValueOrDefault);
    }

    /// <summary>Returns the name of the copy of a constant that the layer with a given weight has.</summary>
    private string OwnCopy(string constant, string weight) =>
        NameOf(_owners[constant].Source, $"of weight {weight}", _numbers[constant]);

    /// <summary>Returns the nodes that the outputs need, in order.</summary>
    private static List<Node> Needed(IReadOnlyList<Node> nodes, IReadOnlyList<NetworkOutput> outputs)
    {
        var needed = new HashSet<string>(outputs.Select(output => output.Value), StringComparer.Ordinal);
        var kept = new List<Node>();
        foreach (Node node in nodes.Reverse().Where(node => needed.Contains(node.Name)))
        {
            needed.UnionWith(node.Inputs);
            kept.Add(node);
        }

        kept.Reverse();
        return kept;
    }

    internal ModelFormatException Bad(string reason) => new(File, 0, $"ONNX: {reason}");

    /// <summary>Creates the exception for a node that mixes the samples of a batch.</summary>
    /// <param name="node">Name of the node.</param>
    /// <param name="reason">The node with its operator, and what it does.</param>
    /// <param name="inner">The exception that was caught; null if none.</param>
    internal MixedBatchException Mixed(string node, string reason, Exception? inner = null) =>
        new(File, node, reason, inner);

    /// <summary>Returns an unused node name; characters that are not allowed are replaced.</summary>
    internal string FreeName(string wanted)
    {
        string clean = Clean(wanted), name = clean;
        int number = _lastNumbers.GetValueOrDefault(clean, 1);
        while (!_nodeNames.Add(name))
        {
            name = $"{clean}_{++number}";
        }

        _lastNumbers[clean] = number;
        return name;
    }

    /// <summary>Replaces characters that are not allowed in names by underscores.</summary>
    internal static string Clean(string wanted)
    {
        const int Longest = 200;
        string name = string.Concat(wanted.Take(Longest).Select(c => char.IsAsciiLetterOrDigit(c) || c is '.'
            or '_' or '-' or '/' or ':' ? c : '_')).Trim('.');
        return name.Length > 0 ? name : "value";
    }

    private void RequireNew(string name)
    {
        if (Has(name))
        {
            throw Bad($"two nodes, inputs or initializers define the same value (got '{name}' twice)");
        }
    }

    /// <summary>
    /// Returns the name of a parameter: one per initializer and form, so that nodes that share an initializer share the
    /// parameter.
    /// </summary>
    private string NameOf(Known source, string form, Tensor value)
    {
        string name = Clean(source.Name);
        for (int number = 2; !_owners.TryAdd(name, (source, form)); number++)
        {
            if (ReferenceEquals(_owners[name].Source, source)
                && string.Equals(_owners[name].Form, form, StringComparison.Ordinal))
            {
                return name;
            }

            name = $"{Clean(source.Name)}_{number}";
        }

        _numbers[name] = value;
        if (!source.IsTrainable)
        {
            _frozen.Add(name);
        }

        return name;
    }
}
