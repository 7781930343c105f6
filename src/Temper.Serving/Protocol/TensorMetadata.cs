using System.Text.Json;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Serving.Protocol;

/// <summary>Writes the protocol's metadata of tensors and models.</summary>
internal static class TensorMetadata
{
    /// <summary>Starts an object with name, datatype and shape; the caller ends it.</summary>
    internal static void Write(Utf8JsonWriter json, string name, DType type, IReadOnlyList<int> shape)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("datatype", DataTypes.NameOf(type));
        json.WriteStartArray("shape");
        foreach (int length in shape)
        {
            json.WriteNumberValue(length);
        }

        json.WriteEndArray();
    }

    /// <summary>Writes the model metadata: name, inputs and outputs, with -1 for the batch axis.</summary>
    internal static void WriteModel(Utf8JsonWriter json, ServerOptions options, Network network)
    {
        json.WriteStartObject();
        json.WriteString("name", options.ModelName);
        json.WriteStartArray("versions");
        json.WriteStringValue(options.ModelVersion);
        json.WriteEndArray();
        json.WriteString("platform", "temper");
        json.WriteStartArray("inputs");
        foreach (InputSpec input in network.Inputs)
        {
            Write(json, input.Name, input.DType, [.. input.IsBatched ? new[] { -1 } : [], .. input.SampleShape]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("outputs");
        foreach (NetworkOutput output in network.Outputs)
        {
            ValueInfo value = network.Graph.InfoOf(output.Value);
            Write(json, output.Name, value.DType,
                [.. value.IsBatched ? new[] { -1 } : [], .. value.Shape.Skip(value.IsBatched ? 1 : 0)]);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
