using System.Text.Json;
using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>
/// JSON of the Open Inference Protocol (KServe V2): headers of requests, and answers, which are not trusted.
/// </summary>
internal static class InferenceProtocol
{
    /// <summary>The HTTP header with the length of the JSON that stands before bytes.</summary>
    internal const string HeaderLength = "Inference-Header-Content-Length";

    /// <summary>The JSON of a request whose numbers follow as bytes, as those of the answer shall.</summary>
    /// <param name="input">Name of the input.</param>
    /// <param name="output">Name of the output.</param>
    /// <param name="shape">Shape of the input, with its batch.</param>
    /// <param name="bytes">Length of the numbers.</param>
    internal static byte[] RequestHeader(string input, string output, ReadOnlySpan<int> shape, int bytes)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteStartArray("inputs");
            json.WriteStartObject();
            json.WriteString("name", input);
            json.WriteString("datatype", "FP32");
            json.WriteStartArray("shape");
            foreach (int size in shape)
            {
                json.WriteNumberValue(size);
            }

            json.WriteEndArray();
            json.WriteStartObject("parameters");
            json.WriteNumber("binary_data_size", bytes);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteStartArray("outputs");
            json.WriteStartObject();
            json.WriteString("name", output);
            json.WriteStartObject("parameters");
            json.WriteBoolean("binary_data", true);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <summary>Reads the values of a JSON response, flat or nested.</summary>
    internal static void ReadNumbers(JsonElement output, Span<float> logits)
    {
        int count = 0;
        if (output.ValueKind != JsonValueKind.Object || !output.TryGetProperty("data", out JsonElement data))
        {
            throw Broken("an output without 'data'");
        }

        Read(data, logits, ref count);
        if (count != logits.Length)
        {
            throw Broken($"{count} logits, expected {logits.Length}");
        }

        static void Read(JsonElement element, Span<float> logits, ref int count)
        {
            if (element.ValueKind != JsonValueKind.Array)
            {
                if (count >= logits.Length || element.ValueKind != JsonValueKind.Number)
                {
                    throw Broken("too many logits, or a logit that is not a number");
                }

                logits[count++] = element.GetSingle();
                return;
            }

            foreach (JsonElement item in element.EnumerateArray())
            {
                Read(item, logits, ref count);
            }
        }
    }

    internal static JsonDocument Parse(byte[] bytes)
    {
        try
        {
            return JsonDocument.Parse(bytes);
        }
        catch (JsonException error)
        {
            throw new IOException($"served model: the response is not JSON ({error.Message}); is this the URL of a "
                + "model, such as http://localhost:8080/v2/models/model?", error);
        }
    }

    /// <summary>The first entry of a list of inputs or outputs.</summary>
    internal static JsonElement First(JsonElement root, string name) =>
        root.ValueKind == JsonValueKind.Object
            && root.TryGetProperty(name, out JsonElement list)
            && list.ValueKind == JsonValueKind.Array
            && list.GetArrayLength() >= 1
            ? list.GetArrayLength() == 1 || name is "outputs"
                ? list[0].Clone()
                : throw Unfit($"it has {list.GetArrayLength()} inputs, expected one")
            : throw Broken($"no list of {name}");

    /// <summary>Name and sample shape of a tensor that a server describes.</summary>
    internal static (string Name, Shape Sample) Described(JsonElement tensor, string kind)
    {
        if (tensor.ValueKind != JsonValueKind.Object
            || Text(tensor, "name") is not { } text
            || Text(tensor, "datatype") is not { } type
            || !tensor.TryGetProperty("shape", out JsonElement shape)
            || shape.ValueKind != JsonValueKind.Array)
        {
            throw Broken($"an {kind} without name, datatype and shape");
        }

        int[] lengths = [.. shape.EnumerateArray().Select(
            one => one.ValueKind == JsonValueKind.Number && one.TryGetInt32(out int length) ? length : 0)];
        return lengths is [-1, .. var sample]
            && sample.All(length => length > 0)
            && string.Equals(type, "FP32", StringComparison.Ordinal)
            ? (text, Shape.Create(sample))
            : throw Unfit($"{kind} '{text}' is {type} {shape.GetRawText()}, expected FP32 [-1, ...]");
    }

    /// <summary>The text of that name in an object; null: there is none.</summary>
    private static string? Text(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    internal static IOException Broken(string what) =>
        new($"served model: the response does not follow the Open Inference Protocol (got {what})");

    internal static ArgumentException Unfit(string what) => new($"served model: cannot be attacked: {what}");
}
