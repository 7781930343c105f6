using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Converts an ONNX model to a network, node by node.</summary>
/// <remarks>
/// A node whose inputs are all known is evaluated at import time: it is translated alone and run, so constant folding
/// needs no separate code. Anything that is not supported is rejected.
/// </remarks>
internal sealed partial class OnnxImporter(OnnxModel model, Stream stream, string file, OnnxImportOptions options)
{
    private const long OldestIr = 3;
    private const long OldestOpset = 7;
    private const long MaxComputed = 1 << 20;

    private readonly OnnxTensorReader _tensors = new(stream, file);
    private ConstantBudget _constants = new();

    internal OnnxImport Import()
    {
        CheckVersions();
        _tensors.CheckSize(model.Graph.SparseInitializers);
        if (options.Values.Count > 0 || !options.FreesBatch || OnnxMetadata.IsFixed(model))
        {
            return Import(free: false);
        }

        try
        {
            return Import(free: true);
        }
        catch (ModelFormatException error) when (error is not MixedBatchException || !IsOpen)
        {
            // A fixed batch that the file declares is used as it is, also if axis 0 is not a batch. Other errors are
            // thrown again by
            // the second import.
            OnnxImport fixedBatch = Import(free: false);
            return IsOpen ? throw new MixedBatchException(file, "", error.Reason, error) : fixedBatch;
        }
    }

    /// <summary>Whether the number of samples is dynamic for an input.</summary>
    private bool IsOpen => new InputShapes(file, options, model.Graph.InputsWithoutInitializer(), free: true).IsOpen;

    private OnnxImport Import(bool free)
    {
        _constants = new ConstantBudget();
        _branches = 0;
        var known = new Dictionary<string, Known>(StringComparer.Ordinal);
        foreach (OnnxTensor initializer in model.Graph.Initializers)
        {
            AddInitializer(known, initializer.Name, initializer.Type, _tensors.Read(initializer));
        }

        foreach (OnnxSparseTensor sparse in model.Graph.SparseInitializers)
        {
            AddInitializer(known, sparse.Values.Name, sparse.Values.Type, _tensors.Read(sparse));
        }

        OnnxValueInfo[] given = model.Graph.InputsWithoutInitializer();
        var inputs = new InputShapes(file, options, given, free);
        var graph = new GraphImport
        {
            File = file,
            Opset = model.Opsets.GetValueOrDefault("", 1),
            Batches = inputs.Batches(),
            DeclaresBatch = !inputs.IsOpen,
            Given = options.Values,
        };
        foreach ((string name, Known value) in known)
        {
            graph.SetKnown(name, value);
        }

        var specs = new Dictionary<string, InputSpec>(StringComparer.Ordinal);
        foreach (OnnxValueInfo input in given)
        {
            specs[input.Name] = OnnxMetadata.WithBounds(inputs.Spec(input, graph.FreeName(input.Name)), model.Metadata);
            graph.AddInput(input.Name, specs[input.Name]);
        }

        foreach (OnnxNode node in model.Graph.Nodes)
        {
            Translate(graph, node);
        }

        return Finish(graph, specs);
    }

    private void AddInitializer(Dictionary<string, Known> known, string name, OnnxType type, Tensor value)
    {
        if (!known.TryAdd(name, Known.Of(name, value, value.DType == DType.Float32) with { Type = type }))
        {
            throw new ModelFormatException(file, $"ONNX: two initializers have the same name (got '{name}' twice)");
        }
    }

    private OnnxImport Finish(GraphImport graph, Dictionary<string, InputSpec> specs)
    {
        var outputs = new List<NetworkOutput>();
        foreach (OnnxValueInfo output in model.Graph.Outputs)
        {
            if (graph.FindMoved(output.Name) is { } moved)
            {
                throw graph.Mixed(moved.By, $"{moved.Story} of output '{output.Name}'");
            }

            outputs.Add(
                new NetworkOutput(GraphImport.Clean(output.Name), graph.Computed(output.Name, output.Name).Name));
        }

        try
        {
            // Remove inputs whose value became a constant and that no node uses.
            var used = graph.Nodes.SelectMany(node => node.Inputs)
                .Concat(outputs.Select(output => output.Value)).ToHashSet(StringComparer.Ordinal);
            KeyValuePair<string, InputSpec>[] kept = [.. specs.Where(spec => !graph.Bound.Contains(spec.Key)
                || used.Contains(spec.Value.Name))];
            Network network = OnnxMetadata.In(graph.Finish([.. kept.Select(spec => spec.Value)], outputs), model);
            return new OnnxImport(
                network, [.. kept.Select(spec => spec.Key)], [.. model.Graph.Outputs.Select(output => output.Name)]);
        }
        catch (Exception error) when (error is ArgumentException or FormatException and not ModelFormatException)
        {
            throw new ModelFormatException(file, $"ONNX: the graph is inconsistent: {error.Message}", error);
        }
    }

    private void Translate(GraphImport graph, OnnxNode node)
    {
        if (IsStandard(node) && node.OperatorType is "If")
        {
            Inline(graph, node);
            return;
        }

        if (!IsStandard(node) || !OnnxOperators.TryFind(node.OperatorType, out OnnxOperator? translate))
        {
            throw Unknown(graph, node);
        }

        string[] inputs = [.. node.Inputs.Where(input => input.Length > 0)];
        Known?[] known = [.. inputs.Select(input => graph.FindKnown(input, binds: false))];
        if (Array.TrueForAll(known, value => value is not null) && !RepeatsForBatch(node, known!))
        {
            Fold(graph, node, translate, known!);
            return;
        }

        var import = new NodeImport(graph, node, _tensors.Read, _constants);
        Run(import, MovedBatchOperators.Find(import) ?? translate);
    }

    private static void Run(NodeImport node, OnnxOperator translate)
    {
        try
        {
            translate(node);
        }
        catch (ShapeMismatchException error) when (error.MixesSamples)
        {
            throw node.Mixed("depends on other samples of the batch", error);
        }
        catch (Exception error) when (error is ArgumentException or OverflowException or InvalidOperationException
            || (error is FormatException && error is not ModelFormatException))
        {
            throw node.Bad(error.Message);
        }

        if (node.Unasked.FirstOrDefault() is { } attribute)
        {
            throw node.Bad($"attribute '{attribute}' is not supported for this operator");
        }
    }

    /// <summary>
    /// Whether a node repeats a value for each sample. The network does this with a node of its own, so that the value
    /// stays a parameter and trainable.
    /// </summary>
    private static bool RepeatsForBatch(OnnxNode node, Known[] known) =>
        node.OperatorType is "Expand" && known is [{ IsFixed: true, First.DType: DType.Float32 }, { IsFixed: false }];

    /// <summary>
    /// Evaluates a node whose inputs are known, for both batch sizes if an input depends on the batch.
    /// </summary>
    private void Fold(GraphImport graph, OnnxNode node, OnnxOperator translate, Known[] known)
    {
        var first = Evaluate(graph, node, translate, known, value => value.First);
        var second = Array.TrueForAll(known, value => value.IsFixed)
            ? first
            : Evaluate(graph, node, translate, known, value => value.Second);
        Known[] stored = [.. known.Where(value => value.IsFromInitializer)];
        for (int i = 0; i < first.Length; i++)
        {
            if (first[i] is var (value, type))
            {
                string name =
                    stored.Length == 1 && stored[0].First.Count == value.Count ? stored[0].Name : node.Outputs[i];
                bool isFromInitializer = IsFromInitializer(node, value, stored);
                graph.SetKnown(node.Outputs[i], Known.Of(name, value, second[i]!.Value.Value, isFromInitializer) with
                {
                    Type = type, Int8 = QuantizationOperators.Int8Of(node, known),
                });
            }
        }
    }

    /// <summary>
    /// Whether a computed value counts as a float initializer, as a quantized one does until it is dequantized. A
    /// scalar does not make a value with axes trainable, except as the scale of a stored weight.
    /// </summary>
    private static bool IsFromInitializer(OnnxNode node, Tensor value, Known[] stored) =>
        (value.DType == DType.Float32 || node.OperatorType is "QuantizeLinear")
        && Array.Exists(stored, one => one.IsTrainable || value.Rank == 0 || node.OperatorType is "DequantizeLinear");

    /// <summary>Returns the element type of a constant in the file.</summary>
    private static OnnxType TypeOf(OnnxNode node) =>
        node.Attributes.TryGetValue("value", out OnnxAttribute? value) && value.Value is OnnxTensor tensor
            ? tensor.Type
            : OnnxType.Undefined;

    /// <summary>
    /// Evaluates the node in a network of its own and returns its outputs with their types in the file, which can be
    /// undefined; null for outputs that are not used.
    /// </summary>
    private (Tensor Value, OnnxType Type)?[] Evaluate(
        GraphImport graph, OnnxNode node, OnnxOperator translate, Known[] known, Func<Known, Tensor> choose)
    {
        var alone = new GraphImport { File = file, Opset = graph.Opset };
        long max = MaxComputed;
        string[] inputs = [.. node.Inputs.Where(input => input.Length > 0)];
        for (int i = 0; i < inputs.Length; i++)
        {
            if (alone.Has(inputs[i]))
            {
                continue;
            }

            alone.SetKnown(inputs[i], Known.Of(inputs[i], choose(known[i])) with { Type = known[i].Type });
            max += 4L * choose(known[i]).Count;
        }

        Run(new NodeImport(alone, node, _tensors.Read, _constants), translate);
        string[] wanted = [.. node.Outputs.Where(output => output.Length > 0 && alone.Has(output))];
        Value[] values = [.. wanted.Select(output => alone.Computed(output, output, takesQuantized: true))];
        try
        {
            Network network =
                alone.Finish([], [.. wanted.Select((output, i) => new NetworkOutput($"output{i}", values[i].Name))]);
            Shape? huge = network.Nodes.Select(made => network.Graph.ShapeOf(made.Name))
                .FirstOrDefault(shape => shape.Count > max);
            if (huge is not null)
            {
                throw graph.Bad($"node '{NodeImport.NameOf(node)}' ({node.OperatorType}): computes a constant of "
                    + $"{huge.Count} elements from much smaller inputs (expected at most {max})");
            }

            IReadOnlyList<Tensor> results = network.Forward([], Pass.Evaluation);
            return [.. node.Outputs.Select(output => Array.IndexOf(wanted, output) is var index and >= 0
                ? Typed(alone, node, output, results[index])
                : ((Tensor Value, OnnxType Type)?)null)];
        }
        catch (Exception error) when (error is ArgumentException or OverflowException or InvalidOperationException)
        {
            throw graph.Bad($"node '{NodeImport.NameOf(node)}' ({node.OperatorType}): {error.Message}");
        }
    }

    /// <summary>
    /// Returns an evaluated output with its type; a quantized one becomes like an initializer of its type.
    /// </summary>
    private static (Tensor Value, OnnxType Type) Typed(GraphImport alone, OnnxNode node, string output, Tensor value) =>
        alone.Quantized.TryGetValue(output, out OnnxType type)
            ? (QuantizationOperators.Whole(value, type), type)
            : (value, TypeOf(node));

    private void CheckVersions()
    {
        long opset = model.Opsets.GetValueOrDefault("", 1);
        if (model.IrVersion < OldestIr || opset < OldestOpset)
        {
            throw new ModelFormatException(
                file, $"ONNX: too old (got format {model.IrVersion}, opset {opset}, expected {OldestIr} and "
                    + $"{OldestOpset} or more); convert it to a newer opset");
        }
    }

    private static bool IsStandard(OnnxNode node) => node.Domain is "" or "ai.onnx";

    private static bool IsSupported(OnnxNode node) => IsStandard(node) && OnnxOperators.IsSupported(node.OperatorType);

    private ModelFormatException Unknown(GraphImport graph, OnnxNode node)
    {
        string domain = node.Domain.Length > 0 ? $"{node.Domain}." : "";
        string reason = model.Functions.Contains(node.OperatorType, StringComparer.Ordinal)
            ? "is a function of the model, which is not supported"
            : "is not supported";
        string[] others =
        [
            .. model.Graph.Nodes.Where(other => !IsSupported(other)).Select(other => other.OperatorType)
                .Where(kind => !string.Equals(kind, node.OperatorType, StringComparison.Ordinal))
                .Distinct(StringComparer.Ordinal),
        ];
        string also = others.Length > 0 ? $" (nor are other operators of this model: {string.Join(", ", others)})" : "";
        return graph.Bad(
            $"node '{NodeImport.NameOf(node)}': operator {domain}{node.OperatorType} (opset {graph.Opset}) "
            + $"{reason}{also}; export the model with other operators (docs/formats.md lists those supported)");
    }
}
