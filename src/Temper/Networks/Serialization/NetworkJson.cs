using System.Globalization;
using System.Text;
using System.Text.Json;
using Temper.Tensors;

namespace Temper.Networks;

/// <summary>
/// Writes a network's graph, without tensors, as versioned JSON. The same network always gives the same text.
/// </summary>
internal static class NetworkJson
{
    internal const string Format = "temper-network";
    internal const int Version = 1;

    /// <param name="network">The network.</param>
    /// <param name="isIndented">True for readable, indented JSON; false for JSON embedded in another file.</param>
    internal static string Write(Network network, bool isIndented = true)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = isIndented, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteNumber("version", Version);
            json.WriteNumber("opset", OperatorDescription.Opset);
            WriteList(json, "inputs", network.Inputs, WriteInput);
            WriteList(json, "nodes", network.Nodes, (writer, node) => WriteNode(writer, node, network.Graph));
            WriteList(json, "outputs", network.Outputs, WriteOutput);
            WriteNames(json, "frozen", network.Parameters.Where(parameter => !parameter.IsTrainable).Select(parameter =>
                parameter.Name));
            WriteNames(json, "classes", network.ClassNames);
            json.WriteStartObject("metadata");
            foreach ((string key, string text) in network.Metadata)
            {
                json.WriteString(key, text);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length) + "\n";
    }

    private static void WriteInput(Utf8JsonWriter json, InputSpec input)
    {
        json.WriteString("name", input.Name);
        json.WriteStartArray("shape");
        foreach (int length in input.SampleShape)
        {
            json.WriteNumberValue(length);
        }

        json.WriteEndArray();
        if (!input.IsBatched)
        {
            json.WriteBoolean("batched", false);
        }

        json.WriteString("dtype", input.DType.ToString().ToLowerInvariant());
        WriteBound(json, "minimum", input.Minimum);
        WriteBound(json, "maximum", input.Maximum);
    }

    /// <summary>Writes a node. Default names of parameters and buffers are omitted.</summary>
    private static void WriteNode(Utf8JsonWriter json, Node node, NetworkGraph graph)
    {
        OperatorDescription description = node.Operator.Describe();
        json.WriteString("name", node.Name);
        json.WriteString("operator", description.Kind);
        if (description.Attributes.Values.Count > 0)
        {
            json.WriteStartObject("attributes");
            foreach ((string name, object value) in description.Attributes.Values)
            {
                json.WritePropertyName(name);
                WriteAttribute(json, value);
            }

            json.WriteEndObject();
        }

        WriteNames(json, "inputs", node.Inputs);
        Node usual = GraphCheck.Complete(node.Operator, node.Name, node.Inputs, graph.InputShapes(node), shared: null);
        if (!node.Parameters.Concat(node.Buffers).SequenceEqual(
            usual.Parameters.Concat(usual.Buffers), StringComparer.Ordinal))
        {
            WriteNames(json, "parameters", node.Parameters);
            WriteNames(json, "buffers", node.Buffers);
        }
    }

    private static void WriteOutput(Utf8JsonWriter json, NetworkOutput output)
    {
        json.WriteString("name", output.Name);
        json.WriteString("value", output.Value);
    }

    private static void WriteAttribute(Utf8JsonWriter json, object value)
    {
        switch (value)
        {
            case long number:
                json.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case double number:
                json.WriteStringValue(number.ToString(CultureInfo.InvariantCulture));       // JSON has no infinity
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case long[] numbers:
                json.WriteStartArray();
                Array.ForEach(numbers, json.WriteNumberValue);
                json.WriteEndArray();
                break;
            case double[] numbers:
                json.WriteStartArray();
                Array.ForEach(numbers, json.WriteNumberValue);
                json.WriteEndArray();
                break;
        }
    }

    private static void WriteList<T>(
        Utf8JsonWriter json, string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartArray(name);
        foreach (T item in items)
        {
            json.WriteStartObject();
            write(json, item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteNames(Utf8JsonWriter json, string name, IEnumerable<string> names)
    {
        json.WriteStartArray(name);
        foreach (string value in names)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static void WriteBound(Utf8JsonWriter json, string name, float bound)
    {
        if (float.IsFinite(bound))
        {
            json.WriteNumber(name, bound);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}

public sealed partial class Network
{
    /// <summary>
    /// Returns the graph as JSON, without tensors: inputs, nodes with the attributes of their operators, outputs,
    /// frozen parameters, class names and metadata. The same network always gives the same text.
    /// </summary>
    public string ToJson() => NetworkJson.Write(this);
}
