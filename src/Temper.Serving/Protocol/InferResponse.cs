using System.Buffers;
using System.Text.Json;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Serving.Protocol;

/// <summary>A response: JSON, followed by the binary data of outputs that were requested as binary.</summary>
/// <param name="Json">The JSON, as bytes.</param>
/// <param name="Raw">The outputs whose bytes follow the JSON.</param>
internal sealed record InferResponse(ReadOnlyMemory<byte> Json, IReadOnlyList<Tensor> Raw)
{
    internal long Length => Json.Length + Raw.Sum(tensor => (long)TensorBytes.Of(tensor).Length);

    internal static InferResponse Of(
        ServerOptions options, Network network, InferRequest request, IReadOnlyList<Tensor> results)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var raw = new List<Tensor>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("model_name", options.ModelName);
            json.WriteString("model_version", options.ModelVersion);
            if (request.Id is { } id)
            {
                json.WriteString("id", id);
            }

            json.WriteStartArray("outputs");
            foreach ((int index, bool isBinary) in request.Outputs)
            {
                Tensor result = results[index].ToRowMajor();
                TensorMetadata.Write(json, network.Outputs[index].Name, result.DType, [.. result.Shape]);
                if (isBinary)
                {
                    json.WriteStartObject("parameters");
                    json.WriteNumber("binary_data_size", TensorBytes.Of(result).Length);
                    json.WriteEndObject();
                    raw.Add(result);
                }
                else
                {
                    json.WritePropertyName("data");
                    TensorBytes.Write(json, result);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return new InferResponse(buffer.WrittenMemory, raw);
    }
}
