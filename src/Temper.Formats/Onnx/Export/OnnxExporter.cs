using Temper.Formats.Protobuf;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>Writes a network as an ONNX model. The output is deterministic.</summary>
internal static class OnnxExporter
{
    private const int IrVersion = 8;
    private const int OldestOpset = 13;
    private const int NewestOpset = 21;
    private const string BatchName = "N";

    internal static void Write(Network network, Stream stream, OnnxExportOptions options)
    {
        if (options.Opset is < OldestOpset or > NewestOpset)
        {
            throw new ArgumentException($"ONNX export: operator set not supported (got {options.Opset}, expected "
                + $"{OldestOpset} to {NewestOpset})");
        }

        network = options.FoldsNormalization ? network.FoldNormalization() : network;
        GraphExport graph = Graph(network, options);
        var head = new WireWriter().Integer(1, options.Opset >= 19 ? IrVersion + 1 : IrVersion).Text(2, "temper");
        foreach ((string key, string value) in OnnxMetadata.Of(network))
        {
            head.Message(14, new WireWriter().Text(1, key).Text(2, value));
        }

        // The operator set is required and written last, so that a truncated file is always detected.
        var tail = new WireWriter().Message(8, new WireWriter().Text(1, "").Integer(2, options.Opset));
        List<ReadOnlyMemory<byte>> body = Body(network, graph, options);
        head.Head(7, body.Sum(part => (long)part.Length));
        stream.Write(head.Written);
        body.ForEach(part => stream.Write(part.Span));
        stream.Write(tail.Written);
    }

    private static GraphExport Graph(Network network, OnnxExportOptions options)
    {
        var graph = new GraphExport(network, options);
        foreach (string name in network.Inputs.Select(input => input.Name).Concat(
            network.Outputs.Select(output => output.Name)))
        {
            graph.ReserveEnd(name);
        }

        foreach (string name in network.Parameters.Select(parameter => parameter.Name).Concat(network.Buffers.Keys))
        {
            graph.Reserve(name);
        }

        foreach (InputSpec input in network.Inputs)
        {
            graph.SetName(input.Name, input.Name);
        }

        // A node that computes an output takes the output's name; further outputs of the same value get an Identity
        // node.
        var named = network.Outputs.GroupBy(output => output.Value, StringComparer.Ordinal).Where(
            group => network.Inputs.All(input => !string.Equals(input.Name, group.Key, StringComparison.Ordinal)))
            .ToDictionary(group => group.Key, group => group.First().Name, StringComparer.Ordinal);
        foreach (Node node in network.Nodes)
        {
            if (node.Operator is ConstantValue)
            {
                graph.SetName(node.Name, graph.Weight(node.Parameters.Concat(node.Buffers).Single()));
                continue;
            }

            string output = named.TryGetValue(node.Name, out string? name) ? name : graph.Free(node.Name);
            graph.SetName(node.Name, output);
            ExportOperators.Write(new NodeExport(graph, node, [.. node.Inputs.Select(graph.NameOf)], output));
        }

        foreach (NetworkOutput output in network.Outputs.Where(
            output => !string.Equals(graph.NameOf(output.Value), output.Name, StringComparison.Ordinal)))
        {
            graph.Add("Identity", output.Name, [graph.NameOf(output.Value)], [output.Name]);
        }

        return graph;
    }

    /// <summary>Returns the graph message in parts; tensor data is not copied into one buffer.</summary>
    private static List<ReadOnlyMemory<byte>> Body(Network network, GraphExport graph, OnnxExportOptions options)
    {
        var parts = new List<ReadOnlyMemory<byte>>();
        var nodes = new WireWriter();
        graph.Nodes.ForEach(node => nodes.Message(1, node));
        nodes.Text(2, "network");
        parts.Add(nodes.Written.ToArray());
        foreach ((string name, Tensor value) in graph.Initializers)
        {
            // The standard has no sparse scalars and no sparse tensors without elements.
            if (options.SparseInitializers && value is { DType: DType.Float32, Rank: > 0, Count: > 0 }
                && value.AsSpan<float>().Count(0f) * 2L >= value.Count)
            {
                parts.Add(new WireWriter().Message(15, Sparse(name, value)).Written.ToArray());
            }
            else
            {
                AddTensor(parts, name, value, graph.Types.GetValueOrDefault(name));
            }
        }

        var ends = new WireWriter();
        foreach (InputSpec input in network.Inputs)
        {
            ends.Message(11, ValueInfo(input.Name, input.Info));
        }

        foreach (NetworkOutput output in network.Outputs)
        {
            ends.Message(12, ValueInfo(output.Name, network.Graph.InfoOf(output.Value)));
        }

        parts.Add(ends.Written.ToArray());
        return parts;
    }

    private static void AddTensor(List<ReadOnlyMemory<byte>> parts, string name, Tensor value, OnnxType type)
    {
        // 8-bit integers are the low bytes of the int32 values, signed or not.
        byte[] numbers = Elements.Write(type == OnnxType.Undefined ? value : value.To(DType.UInt8)).ToArray();
        WireWriter tensor =
            TensorHead(name, value.Shape, type == OnnxType.Undefined ? ExportOperators.TypeOf(value.DType) : type)
                .Head(9, numbers.Length);
        parts.Add(new WireWriter().Head(5, tensor.Written.Length + (long)numbers.Length).Written.ToArray());
        parts.Add(tensor.Written.ToArray());
        parts.Add(numbers);
    }

    private static WireWriter Sparse(string name, Tensor value)
    {
        ReadOnlySpan<float> all = value.AsSpan<float>();
        var values = new List<float>();
        var indices = new List<long>();
        for (int i = 0; i < all.Length; i++)
        {
            if (all[i] != 0)
            {
                values.Add(all[i]);
                indices.Add(i);
            }
        }

        Shape count = [values.Count];
        return new WireWriter()
            .Message(1, TensorHead(name, count, OnnxType.Float).Bytes(
                9, Elements.Write(Tensor.From((float[])[.. values], count))))
            .Message(2, TensorHead($"{name}_places", count, OnnxType.Int64).Bytes(
                9, Elements.Write(Tensor.From((long[])[.. indices], count))))
            .Integers(3, value.Shape.Select(length => (long)length));
    }

    private static WireWriter TensorHead(string name, Shape shape, OnnxType type) =>
        new WireWriter().Integers(1, shape.Select(length => (long)length)).Integer(2, (int)type).Text(8, name);

    private static WireWriter ValueInfo(string name, ValueInfo value)
    {
        var shape = new WireWriter();
        for (int axis = 0; axis < value.Shape.Rank; axis++)
        {
            var length = new WireWriter();
            shape.Message(
                1, axis == 0 && value.IsBatched ? length.Text(2, BatchName) : length.Integer(1, value.Shape[axis]));
        }

        WireWriter tensor = new WireWriter().Integer(1, (int)ExportOperators.TypeOf(value.DType)).Message(2, shape);
        return new WireWriter().Text(1, name).Message(2, new WireWriter().Message(1, tensor));
    }
}
