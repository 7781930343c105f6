using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Turns an ONNX model into a network, node by node.</summary>
/// <remarks>
/// A node whose inputs are all known is computed at once, by translating it alone and running what comes out, so
/// folding needs no code of its own. What is not understood is refused; nothing is guessed.
/// </remarks>
internal sealed class OnnxImporter(OnnxModel model, Stream stream, string file, OnnxImportOptions options)
{
    private const long OldestIr = 3;
    private const long OldestOpset = 7;
    private const long MaxComputed = 1 << 20;

    private readonly OnnxTensorReader _tensors = new(stream, file);

    internal OnnxImport Import()
    {
        CheckVersions();
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
            // A batch that the file declares is taken as it stands; so is one that is no batch. Any other fault shows
            // again.
            OnnxImport fixedBatch = Import(free: false);
            return IsOpen ? throw new MixedBatchException(file, "", error.Reason, error) : fixedBatch;
        }
    }

    /// <summary>Whether an input leaves the number of samples open.</summary>
    private bool IsOpen => new InputShapes(file, options, Given(), free: true).IsOpen;

    /// <summary>The inputs that the file has no value for.</summary>
    private OnnxValueInfo[] Given()
    {
        var held = model.Graph.Initializers.Select(initializer => initializer.Name)
            .Concat(model.Graph.SparseInitializers.Select(initializer => initializer.Values.Name))
            .ToHashSet(StringComparer.Ordinal);
        return [.. model.Graph.Inputs.Where(input => !held.Contains(input.Name))];
    }

    private OnnxImport Import(bool free)
    {
        var known = new Dictionary<string, Known>(StringComparer.Ordinal);
        foreach (OnnxTensor initializer in model.Graph.Initializers)
        {
            AddInitializer(known, initializer.Name, initializer.Type, _tensors.Read(initializer));
        }

        foreach (OnnxSparseTensor sparse in model.Graph.SparseInitializers)
        {
            AddInitializer(known, sparse.Values.Name, sparse.Values.Type, _tensors.Read(sparse));
        }

        OnnxValueInfo[] given = Given();
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
            throw new ModelFormatException(file, 0, $"ONNX: two initializers have one name (got '{name}' twice)");
        }
    }

    private OnnxImport Finish(GraphImport graph, Dictionary<string, InputSpec> specs)
    {
        var outputs = new List<NetworkOutput>();
        foreach (OnnxValueInfo output in model.Graph.Outputs)
        {
            if (graph.FindMoved(output.Name) is { } moved)
            {
                throw graph.Mixed(moved.By, $"node '{moved.By}' (Transpose) moves the batch to axis {moved.Axis} of "
                    + $"output '{output.Name}'");
            }

            outputs.Add(
                new NetworkOutput(GraphImport.Clean(output.Name), graph.Computed(output.Name, output.Name).Name));
        }

        try
        {
            // An input whose value is part of the network now, and that no node computes with, is an input no more.
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
            throw new ModelFormatException(file, 0, $"ONNX: the graph is inconsistent: {error.Message}", error);
        }
    }

    private void Translate(GraphImport graph, OnnxNode node)
    {
        if (node.Domain is not ("" or "ai.onnx")
            || !OnnxOperators.TryFind(node.OperatorType, out OnnxOperator? translate))
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

        Run(new NodeImport(graph, node, _tensors.Read), translate);
    }

    private static void Run(NodeImport node, OnnxOperator translate)
    {
        try
        {
            translate(node);
        }
        catch (ShapeMismatchException error) when (error.MixesSamples)
        {
            throw node.Mixed("needs the other samples of the batch", error);
        }
        catch (Exception error) when (error is ArgumentException or OverflowException or InvalidOperationException
            || (error is FormatException && error is not ModelFormatException))
        {
            throw node.Bad(error.Message);
        }

        if (node.Unasked.FirstOrDefault() is { } attribute)
        {
            throw node.Bad($"attribute '{attribute}' is not supported here");
        }
    }

    /// <summary>
    /// Whether a node repeats numbers for each sample: the network does that itself, so that the numbers stay what they
    /// are, trainable ones among them.
    /// </summary>
    private static bool RepeatsForBatch(OnnxNode node, Known[] known) =>
        node.OperatorType is "Expand" && known is [{ IsFixed: true, First.DType: DType.Float32 }, { IsFixed: false }];

    /// <summary>
    /// Computes a node of known inputs, for both lengths of the batch where one of them depends on it.
    /// </summary>
    private void Fold(GraphImport graph, OnnxNode node, OnnxOperator translate, Known[] known)
    {
        IReadOnlyList<Tensor?> first = Evaluate(graph, node, translate, known, value => value.First);
        IReadOnlyList<Tensor?> second = Array.TrueForAll(known, value => value.IsFixed)
            ? first
            : Evaluate(graph, node, translate, known, value => value.Second);
        Known[] trained = [.. known.Where(value => value.IsTrainable)];
        for (int i = 0; i < first.Count; i++)
        {
            if (first[i] is { } value)
            {
                string name =
                    trained.Length == 1 && trained[0].First.Count == value.Count ? trained[0].Name : node.Outputs[i];
                graph.SetKnown(node.Outputs[i], Known.Of(name, value, second[i]!, trained.Length > 0
                    && value.DType == DType.Float32) with
                {
                    Type = TypeOf(node), Int8 = QuantizationOperators.Int8Of(node, known),
                });
            }
        }
    }

    /// <summary>A constant keeps the element type that it has in the file.</summary>
    private static OnnxType TypeOf(OnnxNode node) =>
        node.Attributes.TryGetValue("value", out OnnxAttribute? value) && value.Value is OnnxTensor tensor
            ? tensor.Type
            : OnnxType.Undefined;

    /// <summary>The node's outputs, from a network of it alone; null where an output is not wanted.</summary>
    private Tensor?[] Evaluate(
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

        Run(new NodeImport(alone, node, _tensors.Read), translate);
        string[] wanted = [.. node.Outputs.Where(output => output.Length > 0 && alone.Has(output))];
        Value[] values = [.. wanted.Select(output => alone.Computed(output, output))];
        if (values.FirstOrDefault(value => value.Shape.Count > max) is { } huge)
        {
            throw graph.Bad($"node '{NodeImport.NameOf(node)}' ({node.OperatorType}): makes a constant of "
                + $"{huge.Shape.Count} elements out of next to nothing (expected at most {max})");
        }

        try
        {
            Network network =
                alone.Finish([], [.. wanted.Select((output, i) => new NetworkOutput($"output{i}", values[i].Name))]);
            IReadOnlyList<Tensor> results = network.Forward([], Pass.Evaluation);
            return [.. node.Outputs.Select(
                output => Array.IndexOf(wanted, output) is var index and >= 0 ? results[index] : null)];
        }
        catch (Exception error) when (error is ArgumentException or OverflowException or InvalidOperationException)
        {
            throw graph.Bad($"node '{NodeImport.NameOf(node)}' ({node.OperatorType}): {error.Message}");
        }
    }

    private void CheckVersions()
    {
        long opset = model.Opsets.GetValueOrDefault("", 1);
        if (model.IrVersion < OldestIr || opset < OldestOpset)
        {
            throw new ModelFormatException(
                file, 0, $"ONNX: too old (got format {model.IrVersion}, opset {opset}, expected {OldestIr} and "
                    + $"{OldestOpset} or more); convert it to a newer opset");
        }
    }

    private ModelFormatException Unknown(GraphImport graph, OnnxNode node)
    {
        string domain = node.Domain.Length > 0 ? $"{node.Domain}." : "";
        string reason = model.Functions.Contains(node.OperatorType, StringComparer.Ordinal)
            ? "is a function of the model, which is not supported"
            : "is not supported";
        return graph.Bad(
            $"node '{NodeImport.NameOf(node)}': operator {domain}{node.OperatorType} (opset {graph.Opset}) {reason}; "
            + $"supported are {string.Join(", ", OnnxOperators.Names)}");
    }
}
