using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>One node during import: its inputs, attributes, and the nodes it is translated to.</summary>
/// <param name="graph">The network under construction.</param>
/// <param name="node">The node as stored in the file.</param>
/// <param name="read">Reads a tensor of the file.</param>
/// <param name="constants">Limits the constants of all nodes together.</param>
internal sealed class NodeImport(
    GraphImport graph, OnnxNode node, Func<OnnxTensor, Tensor> read, ConstantBudget constants)
{
    /// <summary>The input whose batch is on another axis, if the node can process it; else null.</summary>
    private readonly MovedBatch? _moved =
        node.Inputs.Select(graph.FindMoved).FirstOrDefault(moved => moved is not null) is { } found
        && found.Passes(node, node.Inputs.Count > 1
            && graph.FindKnown(node.Inputs[1], binds: false) is { IsFixed: true, First.Rank: 2 })
        ? found
        : null;

    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    /// <summary>Name of the node in errors and in the network.</summary>
    internal string Name { get; } = NameOf(node);

    internal string Kind => node.OperatorType;

    internal long Opset => graph.Opset;

    internal (int First, int Second) Batches => graph.Batches;

    /// <summary>A value with the free batch, for nodes that need only its size.</summary>
    internal Value Batch => graph.Batch ?? throw Bad("depends on the batch, but the model has no batch");

    /// <summary>
    /// Whether a length is the batch: it is <paramref name="first"/> for the first batch size and
    /// <paramref name="second"/> for the second.
    /// </summary>
    internal bool IsBatch(int first, int second) =>
        first == graph.Batches.First && (second == graph.Batches.Second || (graph.DeclaresBatch && second == first));

    /// <summary>Whether a length is the batch that the file declares.</summary>
    internal bool IsDeclared(int length) => graph.DeclaresBatch && length == graph.Batches.First;

    internal int InputCount => node.Inputs.Count;

    internal int OutputCount => node.Outputs.Count;

    /// <summary>Names of attributes that the translation did not read.</summary>
    internal IEnumerable<string> Unasked => node.Attributes.Keys.Where(name => !_asked.Contains(name));

    internal bool Has(int input) => input < node.Inputs.Count && node.Inputs[input].Length > 0;

    internal bool Wants(int output) => output < node.Outputs.Count && node.Outputs[output].Length > 0;

    internal bool IsKnown(int input) => Has(input)
        && graph.FindKnown(node.Inputs[input], binds: false) is { IsFixed: true };

    /// <summary>Returns an input as a value of the network.</summary>
    internal Value Input(int input) => Has(input)
        ? _moved is { } moved
            ? graph.Aligned(node.Inputs[input], Name, moved)
            : graph.Computed(node.Inputs[input], Name)
        : throw Bad($"input {input} is missing");

    /// <summary>
    /// Returns two neighboring inputs that are weights of a layer; see <see cref="Weight.Apart"/>.
    /// </summary>
    internal (Value Scale, Value Shift) ScaleAndShift(int input)
    {
        if (_moved is not null || !IsKnown(input) || !IsKnown(input + 1))
        {
            return (Input(input), Input(input + 1));
        }

        (Known scale, Known shift) = (Fixed(input, "the scale"), Fixed(input + 1, "the shift"));
        Weight[] own = Weight.Apart([new(scale, "", scale.First), new(shift, "", shift.First)], Name);
        return (Of(own[0], input), Of(own[1], input + 1));

        Value Of(Weight weight, int place) =>
            weight.Form.Length > 0 ? graph.Constant(weight.Source, Name, weight.Form) : Input(place);
    }

    /// <summary>Returns an input if its batch is not the first axis; else null.</summary>
    internal MovedBatch? Moved(int input) => Has(input) ? graph.FindMoved(node.Inputs[input]) : null;

    /// <summary>Returns an input that may be quantized, as integers in float32.</summary>
    internal Value QuantizedInput(int input) => _moved is not null || !Has(input)
        ? Input(input)
        : graph.Computed(node.Inputs[input], Name, takesQuantized: true);

    /// <summary>
    /// Records that an output is the first input, quantized to integers; <paramref name="by"/> quantizes and
    /// dequantizes it.
    /// </summary>
    internal void SetQuantizedBy(int output, FakeQuantize by)
    {
        if (_moved is null && Wants(output))
        {
            graph.QuantizedBy[node.Outputs[output]] = (by, Input(0));
        }
    }

    /// <summary>Returns the quantization and the source of a quantized input; null if it is not quantized.</summary>
    internal (FakeQuantize By, Value Source)? QuantizedBy(int input) =>
        _moved is null && Has(input) && graph.QuantizedBy.TryGetValue(node.Inputs[input], out var made) ? made : null;

    /// <summary>Sets an output that represents integers of a given type.</summary>
    internal void SetQuantized(int output, Value value, OnnxType type)
    {
        Set(output, value);
        if (Wants(output))
        {
            graph.Quantized[node.Outputs[output]] = type;
        }
    }

    /// <summary>Returns an input that must be known at import time: a weight, an axis, a shape.</summary>
    internal Known Known(int input, string what) => Has(input)
        ? graph.FindKnown(node.Inputs[input], binds: true)
            ?? throw Bad($"{what} must be a constant or an initializer (input '{node.Inputs[input]}' is computed, or "
                + "an input without a given value)")
        : throw Bad($"{what} is missing (input {input})");

    /// <summary>Returns a known input that must not depend on the batch.</summary>
    internal Known Fixed(int input, string what)
    {
        Known known = Known(input, what);
        return known.IsFixed ? known : throw Mixed($"needs {what}, which depends on the number of samples "
            + $"('{known.Name}')");
    }

    /// <summary>Returns the value of a fixed input that must have exactly one element.</summary>
    internal Tensor Single(int input, string what)
    {
        Tensor value = Fixed(input, what).First;
        return value.Count == 1 ? value : throw Bad($"{what} must have one element (got {value.Shape})");
    }

    /// <summary>Returns the integers of a fixed input, such as axes.</summary>
    internal int[] Integers(int input, string what) => Integers(Fixed(input, what).First, what);

    internal int[] Integers(Tensor tensor, string what) => tensor.DType switch
    {
        DType.Int64 => Array.ConvertAll(tensor.ToArray<long>(), v => (int)Math.Clamp(v, int.MinValue, int.MaxValue)),
        DType.Int32 => tensor.ToArray<int>(),
        _ => throw Bad($"{what} must be int64 or int32 (got {tensor.DType})"),
    };

    internal long Int(string name, long? absent = null) => Attribute(name) switch
    {
        long value => value,
        null when absent is { } value => value,
        var other => throw Wrong(name, other, "an integer"),
    };

    internal float Float(string name, float? absent = null) => Attribute(name) switch
    {
        float value => value,
        null when absent is { } value => value,
        var other => throw Wrong(name, other, "a number"),
    };

    internal string Text(string name, string absent) => Attribute(name) switch
    {
        string value => value,
        null => absent,
        var other => throw Wrong(name, other, "a string"),
    };

    /// <summary>Returns an attribute that is a graph, such as a branch.</summary>
    internal OnnxGraph Subgraph(string name) => Attribute(name) switch
    {
        OnnxGraph value => value,
        var other => throw Wrong(name, other, "a graph"),
    };

    internal int[]? Ints(string name) => Attribute(name) switch
    {
        IReadOnlyList<long> values => [.. values.Select(v => (int)Math.Clamp(v, int.MinValue, int.MaxValue))],
        null => null,
        var other => throw Wrong(name, other, "a list of integers"),
    };

    /// <summary>Returns an attribute (a tensor, a number or a list of numbers) as a tensor.</summary>
    internal Tensor? Tensor(string name) => Attribute(name) switch
    {
        OnnxTensor tensor => read(tensor),
        float value => Tensors.Tensor.Scalar(value),
        long value => Tensors.Tensor.Scalar(value),
        IReadOnlyList<float> values => Tensors.Tensor.From((float[])[.. values], [values.Count]),
        IReadOnlyList<long> values => Tensors.Tensor.From((long[])[.. values], [values.Count]),
        null => null,
        var other => throw Wrong(name, other, "a tensor of numbers"),
    };

    /// <summary>Adds an intermediate node; its name is derived from the name of the file's node.</summary>
    internal Value Add(Operator operation, params ReadOnlySpan<Value> inputs) =>
        graph.Add(operation, $"{Name}/{operation.Kind}", [], inputs);

    /// <summary>Adds an intermediate node with weights.</summary>
    internal Value Add(Operator operation, IReadOnlyList<Weight> weights, params ReadOnlySpan<Value> inputs) =>
        graph.Add(operation, $"{Name}/{operation.Kind}", weights, inputs);

    /// <summary>Returns a value converted to float32, if it has another dtype.</summary>
    internal Value AsFloat(Value value) => value.DType == DType.Float32 ? value : Add(new Cast(DType.Float32), value);

    /// <summary>Adds the node that computes the first output; it has the name of the node in the file.</summary>
    internal void Result(Operator operation, params ReadOnlySpan<Value> inputs) => Result(operation, [], inputs);

    internal void Result(Operator operation, IReadOnlyList<Weight> weights, params ReadOnlySpan<Value> inputs) =>
        Set(0, graph.Add(operation, Name, weights, inputs));

    /// <summary>Counts the elements of a large constant, before it is created.</summary>
    /// <exception cref="ModelFormatException">The constants of all nodes together are too large.</exception>
    internal void Charge(long elements)
    {
        if (!constants.TryTake(elements))
        {
            throw Bad($"the constants that the nodes need are too large (this one has {elements} elements, expected at "
                + $"most {constants.Max} in all nodes together)");
        }
    }

    /// <summary>Adds a constant that the translation needs.</summary>
    internal Value Constant(Tensor value, string name) => graph.Constant(Onnx.Known.Of($"{Name}/{name}", value), Name);

    internal void Set(int output, Value value)
    {
        if (Wants(output) && _moved is { } moved)
        {
            graph.SetMoved(node.Outputs[output], moved with { Inner = value });
        }
        else if (Wants(output))
        {
            graph.SetValue(node.Outputs[output], value);
        }
    }

    internal void Set(int output, MovedBatch value)
    {
        if (Wants(output) && value.IsOrdinary)
        {
            graph.SetValue(node.Outputs[output], value.Inner);
        }
        else if (Wants(output))
        {
            graph.SetMoved(node.Outputs[output], value);
        }
    }

    internal void Set(int output, Known value)
    {
        if (Wants(output))
        {
            graph.SetKnown(node.Outputs[output], value);
        }
    }

    /// <summary>Returns the name of a node, else the name of its first output, else its operator type.</summary>
    internal static string NameOf(OnnxNode node) =>
        node.Name.Length > 0 ? node.Name : node.Outputs.FirstOrDefault(output => output.Length > 0)
            ?? node.OperatorType;

    internal ModelFormatException Bad(string reason) =>
        graph.Bad($"node '{Name}' ({Kind}, opset {graph.Opset}): {reason}");

    /// <summary>Creates the exception for a node that mixes the samples of a batch.</summary>
    /// <param name="reason">What the node does; follows the name of the node in the message.</param>
    /// <param name="inner">The exception that was caught; null if none.</param>
    internal MixedBatchException Mixed(string reason, Exception? inner = null) =>
        graph.Mixed(Name, $"node '{Name}' ({Kind}, opset {graph.Opset}) {reason}", inner);

    private object? Attribute(string name)
    {
        _asked.Add(name);
        return node.Attributes.TryGetValue(name, out OnnxAttribute? attribute)
            ? attribute.Value ?? throw Bad($"attribute '{name}' has a type that is not supported (a type, or a list of "
                + "graphs or tensors)")
            : null;
    }

    private ModelFormatException Wrong(string name, object? found, string expected) =>
        Bad($"attribute '{name}' has the wrong type (got {(found is OnnxGraph ? "a graph" : found) ?? "nothing"}, "
            + $"expected {expected})");
}
