using System.Text.Json;

namespace Temper.Serving.Protocol;

/// <summary>Description of a tensor in a request.</summary>
internal sealed record TensorHeader
{
    internal string Name { get; set; } = "";

    internal string DataType { get; set; } = "";

    internal List<int> Shape { get; } = [];

    /// <summary>
    /// Error in a length or in binary_data_size; null: no error. Reported when the name of the tensor is known.
    /// </summary>
    internal string? Problem { get; set; }

    /// <summary>Number of bytes of binary data; null if the data is in the JSON.</summary>
    internal int? BinarySize { get; set; }

    /// <summary>For an output: whether it is requested as binary data; null if not specified.</summary>
    internal bool? IsBinary { get; set; }

    /// <summary>Offset of the data in the JSON; -1 if there is none.</summary>
    internal int DataStart { get; set; } = -1;
}

/// <summary>
/// A request without its tensor data, which is skipped here and read after the shapes are checked.
/// </summary>
internal sealed record InferHeader
{
    /// <summary>Maximum number of lengths of a shape; more than any input of a network has.</summary>
    private const int MaxRank = 64;

    internal string? Id { get; private set; }

    internal bool WantsBinary { get; private set; }

    internal List<TensorHeader> Inputs { get; } = [];

    internal List<TensorHeader> Outputs { get; } = [];

    /// <summary>Reads a request; tensors beyond those of the network are not stored.</summary>
    /// <param name="json">The JSON.</param>
    /// <param name="maxInputs">Number of inputs of the network.</param>
    /// <param name="maxOutputs">Number of outputs of the network.</param>
    /// <exception cref="JsonException">The text is not valid JSON.</exception>
    /// <exception cref="RequestException">
    /// There are too many tensors, or a length of a shape is not an integer or too large.
    /// </exception>
    /// <exception cref="InvalidOperationException">A field has the wrong type.</exception>
    internal static InferHeader Read(Utf8JsonReader json, int maxInputs, int maxOutputs)
    {
        var header = new InferHeader();
        json.Read();
        Expect(json, JsonTokenType.StartObject);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            string field = json.GetString()!;
            switch (field)
            {
                case "id":
                    json.Read();
                    header.Id = json.GetString();
                    break;
                case "inputs": Tensors(ref json, field, header.Inputs, maxInputs); break;
                case "outputs": Tensors(ref json, field, header.Outputs, maxOutputs); break;
                case "parameters": header.WantsBinary = Parameters(ref json, new TensorHeader()).Output ?? false; break;
                default: json.Skip(); break;
            }
        }

        // Read to the end, so that anything after the object is an error.
        json.Read();
        return header;
    }

    private static void Tensors(ref Utf8JsonReader json, string field, List<TensorHeader> list, int max)
    {
        json.Read();
        Expect(json, JsonTokenType.StartArray);
        while (json.Read() && json.TokenType == JsonTokenType.StartObject)
        {
            if (list.Count == max)
            {
                throw new RequestException(400, $"{field}: wrong number (got more than {max}, expected at most {max})");
            }

            var tensor = new TensorHeader();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                Field(ref json, tensor);
            }

            if (tensor.Problem is { } problem)
            {
                throw new RequestException(400, $"'{tensor.Name}': {problem}");
            }

            list.Add(tensor);
        }

        Expect(json, JsonTokenType.EndArray);
    }

    private static void Field(ref Utf8JsonReader json, TensorHeader tensor)
    {
        string field = json.GetString()!;
        switch (field)
        {
            case "data":
                tensor.DataStart = (int)json.BytesConsumed;
                json.Skip();

                // Before the skip the reader is after the colon; the value starts there, possibly after whitespace.
                break;
            case "parameters":
                (tensor.IsBinary, tensor.BinarySize, _) = Parameters(ref json, tensor);
                break;
            case "shape":
                json.Read();
                Expect(json, JsonTokenType.StartArray);
                while (json.Read() && json.TokenType != JsonTokenType.EndArray)
                {
                    AddLength(json, tensor);
                }

                break;
            case "name":
                json.Read();
                tensor.Name = json.GetString() ?? "";
                break;
            case "datatype":
                json.Read();
                tensor.DataType = json.GetString() ?? "";
                break;
            default: json.Skip(); break;
        }
    }

    /// <summary>
    /// Stores a length of the shape; no more than a tensor can have, since a request may list millions.
    /// </summary>
    private static void AddLength(in Utf8JsonReader json, TensorHeader tensor)
    {
        int length = Whole(json, "shape: a length", tensor);
        if (tensor.Shape.Count < MaxRank)
        {
            tensor.Shape.Add(length);
        }
        else
        {
            tensor.Problem ??= $"shape: too many lengths (got more than {MaxRank}, expected at most {MaxRank})";
        }
    }

    private static (bool? Binary, int? Size, bool? Output) Parameters(ref Utf8JsonReader json, TensorHeader tensor)
    {
        (bool? binary, int? size, bool? output) = (null, null, null);
        json.Read();
        Expect(json, JsonTokenType.StartObject);
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            string name = json.GetString()!;
            json.Read();
            switch (name)
            {
                case "binary_data": binary = json.GetBoolean(); break;
                case "binary_data_output": output = json.GetBoolean(); break;
                case "binary_data_size":
                    size = Whole(json, "binary_data_size", tensor) is >= 0 and var bytes
                        ? bytes : throw new FormatException("binary_data_size is negative");
                    break;
                default: json.Skip(); break;
            }
        }

        return (binary, size, output);
    }

    /// <summary>Reads an integer. Errors are stored with the tensor, because its name may follow later.</summary>
    private static int Whole(in Utf8JsonReader json, string what, TensorHeader tensor)
    {
        if (json.TokenType == JsonTokenType.Number && json.TryGetInt32(out int value))
        {
            return value;
        }

        string found = json.TokenType == JsonTokenType.Number
            ? System.Text.Encoding.UTF8.GetString(json.ValueSpan[..Math.Min(json.ValueSpan.Length, 40)])
            : $"{json.TokenType}";
        tensor.Problem ??= $"{what} cannot be used (got {found}, expected an integer up to {int.MaxValue})";
        return 0;
    }

    private static void Expect(in Utf8JsonReader json, JsonTokenType type)
    {
        if (json.TokenType != type)
        {
            throw new FormatException($"{json.TokenType} at byte {json.TokenStartIndex}, expected {type}");
        }
    }
}
