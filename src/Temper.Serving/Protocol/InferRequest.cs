using System.Text.Json;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Serving.Protocol;

/// <summary>An inference request: JSON, followed by the binary data of inputs that are not in the JSON.</summary>
/// <param name="Id">Id chosen by the client; null if there is none.</param>
/// <param name="Inputs">One tensor per input of the network, in the network's order.</param>
/// <param name="Outputs">Indices of the requested outputs, and whether each is sent as binary data.</param>
internal sealed record InferRequest(
    string? Id, IReadOnlyList<Tensor> Inputs, IReadOnlyList<(int Index, bool IsBinary)> Outputs)
{
    private const int Depth = 32;

    /// <summary>Reads a request.</summary>
    /// <param name="network">The network that the request is for.</param>
    /// <param name="json">The JSON.</param>
    /// <param name="raw">The binary data after the JSON.</param>
    /// <exception cref="RequestException">The request is malformed or does not match the network.</exception>
    internal static InferRequest Read(Network network, ReadOnlySpan<byte> json, ReadOnlySpan<byte> raw)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = Depth });
            InferHeader header = InferHeader.Read(reader, network.Inputs.Count, network.Outputs.Count);
            IReadOnlyList<(int, bool)> outputs = Wanted(network, header);
            if (header.Inputs.Count != network.Inputs.Count)
            {
                throw new RequestException(
                    400, $"inputs: wrong number (got {header.Inputs.Count}, expected {network.Inputs.Count})");
            }

            string[] names = [.. network.Inputs.Select(input => input.Name)];
            var inputs = new Tensor?[names.Length];
            var taken = new HashSet<int>();
            int used = 0;
            foreach (TensorHeader input in header.Inputs)
            {
                int index = Place("inputs", input.Name, names, taken);
                inputs[index] = Value(network.Inputs[index], input, json, raw[used..]);
                used += input.BinarySize ?? 0;
            }

            return used == raw.Length
                ? new InferRequest(header.Id, inputs!, outputs)
                : throw new RequestException(
                    400, $"binary data: more bytes than the inputs declare (got {raw.Length}, expected {used})");
        }
        catch (Exception error) when (
            error is JsonException or InvalidOperationException or FormatException or OverflowException)
        {
            throw new RequestException(400, $"malformed JSON: {error.Message}");
        }
    }

    private static Tensor Value(InputSpec spec, TensorHeader input, ReadOnlySpan<byte> json, ReadOnlySpan<byte> raw)
    {
        if (!string.Equals(input.DataType, DataTypes.NameOf(spec.DType), StringComparison.Ordinal))
        {
            throw new RequestException(
                400, $"input '{spec.Name}': wrong datatype "
                + $"(got {input.DataType}, expected {DataTypes.NameOf(spec.DType)})");
        }

        bool fits = input.Shape.Count == spec.SampleShape.Rank + (spec.IsBatched ? 1 : 0)
            && input.Shape.Skip(spec.IsBatched ? 1 : 0).SequenceEqual(spec.SampleShape)
            && (!spec.IsBatched || input.Shape[0] > 0);
        if (!fits)
        {
            string expected = string.Join(", ", spec.SampleShape);
            throw new RequestException(
                400, $"input '{spec.Name}': wrong shape (got [{string.Join(", ", input.Shape)}], "
                + $"expected [{(spec.IsBatched ? $"N, {expected}" : expected)}])");
        }

        // Check the number of elements against the data received before memory is allocated.
        long count = input.Shape.Aggregate(1L, (product, length) => checked(product * length));
        long size = checked(count * DataTypes.BytesOf(spec.DType));
        if (input.BinarySize is { } binary)
        {
            return binary == size && binary <= raw.Length
                ? TensorBytes.FromBytes(raw[..binary], spec.DType, Shape.Create([.. input.Shape]))
                : throw new RequestException(
                    400, $"input '{spec.Name}': the size of the binary data does not match the shape "
                    + $"(got {binary} of {raw.Length} bytes, expected {size})");
        }

        if (input.DataStart < 0 || count > json.Length - input.DataStart)
        {
            throw new RequestException(
                400,
                $"input '{spec.Name}': {(input.DataStart < 0 ? "no data" : $"too few values (expected {count})")}");
        }

        var reader = new Utf8JsonReader(
            json[input.DataStart..], new JsonReaderOptions { MaxDepth = Depth, AllowMultipleValues = true });
        return TensorBytes.Read(ref reader, spec.DType, Shape.Create([.. input.Shape]));
    }

    private static IReadOnlyList<(int Index, bool IsBinary)> Wanted(Network network, InferHeader header)
    {
        if (header.Outputs.Count == 0)
        {
            return [.. network.Outputs.Select((_, i) => (i, header.WantsBinary))];
        }

        string[] names = [.. network.Outputs.Select(output => output.Name)];
        var taken = new HashSet<int>();
        return
        [
            .. header.Outputs.Select(output =>
                (Place("outputs", output.Name, names, taken), output.IsBinary ?? header.WantsBinary)),
        ];
    }

    /// <summary>Returns the index of a name among those of the network; each may be given once.</summary>
    private static int Place(string field, string name, string[] names, HashSet<int> taken)
    {
        int index = Array.IndexOf(names, name);
        return index >= 0 && taken.Add(index)
            ? index
            : throw new RequestException(
                400, $"{field}: '{name}' is {(index < 0 ? "unknown" : "given twice")} "
                + $"(expected {string.Join(", ", names)})");
    }
}
