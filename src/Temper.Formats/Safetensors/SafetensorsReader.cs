using System.Buffers.Binary;
using System.Text.Json;
using Temper.Tensors;

namespace Temper.Formats.Safetensors;

/// <summary>Reads safetensors files; the header is parsed and checked before any tensor data is read.</summary>
internal static class SafetensorsReader
{
    private const long MaxHeaderBytes = 100 * 1024 * 1024;

    internal static SafetensorsFile Read(Stream stream, string name)
    {
        (List<Entry> entries, Dictionary<string, string> metadata, long start) = ReadHeader(stream, name);
        var tensors = new List<KeyValuePair<string, Tensor>>(entries.Count);
        foreach (Entry entry in entries.OrderBy(e => e.Begin).ThenBy(e => e.End))
        {
            try
            {
                tensors.Add(
                    new(entry.Name, Elements.Read(stream, entry.Type, entry.Shape) ?? throw new ModelFormatException(
                    name, start + entry.Begin, $"safetensors: the file ends within tensor '{entry.Name}' (expected "
                        + $"{entry.End - entry.Begin} bytes)")));
            }
            catch (OverflowException e)
            {
                throw new ModelFormatException(
                    name, start + entry.Begin, $"safetensors: tensor '{entry.Name}' has a value above 2^63", e);
            }
        }

        return new SafetensorsFile(tensors, metadata);
    }

    /// <summary>Reads only the metadata; no tensor data is read.</summary>
    internal static IReadOnlyDictionary<string, string> ReadMetadata(Stream stream, string name) =>
        ReadHeader(stream, name).Metadata;

    private static (List<Entry> Entries, Dictionary<string, string> Metadata, long Start) ReadHeader(
        Stream stream, string name)
    {
        ForeignFile.Check(stream, name);
        Span<byte> lengthBytes = stackalloc byte[8];
        ReadExactly(stream, lengthBytes, name, 0, "the header's length");
        ulong declared = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
        long remaining = stream.Length - 8;
        if (declared > (ulong)Math.Min(remaining, MaxHeaderBytes))
        {
            // An ONNX file begins with the version of its format: the tag 8 and a small number.
            if ((declared & 0xFF) == 8 && ((declared >> 8) & 0xFF) is > 0 and < 32 && declared > long.MaxValue >> 16)
            {
                throw new ModelFormatException(
                    name, "not a safetensors file; if it is an ONNX model, give it a name that ends in .onnx");
            }

            throw new ModelFormatException(
                name, 0, $"safetensors: header too long (got {declared} bytes, expected at most "
                    + $"{Math.Min(remaining, MaxHeaderBytes)}); the file is truncated or of another format");
        }

        byte[] header = new byte[(int)declared];
        ReadExactly(stream, header, name, 8, "the header");
        (List<Entry> entries, Dictionary<string, string> metadata) = ParseHeader(header, name);
        CheckOffsets(entries, remaining - header.Length, name);
        return (entries, metadata, 8 + header.Length);
    }

    private static (List<Entry> Entries, Dictionary<string, string> Metadata) ParseHeader(byte[] header, string file)
    {
        List<Entry> entries = [];
        Dictionary<string, string> metadata = new(StringComparer.Ordinal);
        HashSet<string> names = new(StringComparer.Ordinal);
        try
        {
            using JsonDocument json = JsonDocument.Parse(header, new JsonDocumentOptions { MaxDepth = 8 });
            foreach (JsonProperty property in json.RootElement.EnumerateObject())
            {
                if (!names.Add(property.Name))
                {
                    throw new ModelFormatException(
                        file, 8, $"safetensors: the name '{property.Name}' occurs twice in the header");
                }

                if (property.NameEquals("__metadata__"))
                {
                    foreach (JsonProperty entry in property.Value.EnumerateObject())
                    {
                        metadata[entry.Name] = entry.Value.GetString() ?? "";
                    }
                }
                else
                {
                    entries.Add(ParseEntry(property, file));
                }
            }
        }
        catch (Exception e)
            when (e is JsonException or InvalidOperationException or FormatException and not ModelFormatException)
        {
            throw new ModelFormatException(file, 8, $"safetensors: the header is invalid ({e.Message})", e);
        }

        return (entries, metadata);
    }

    private static Entry ParseEntry(JsonProperty property, string file)
    {
        JsonElement value = property.Value;
        if (!value.TryGetProperty("dtype", out JsonElement dtype)
            || !value.TryGetProperty("shape", out JsonElement lengths)
            || !value.TryGetProperty("data_offsets", out JsonElement offsets) || offsets.GetArrayLength() != 2)
        {
            throw new ModelFormatException(
                file, 8, $"safetensors: tensor '{property.Name}' has no dtype, shape or data_offsets");
        }

        ElementType type = Type(dtype.GetString(), property.Name, file);
        Shape shape;
        try
        {
            shape = Shape.Create([.. lengths.EnumerateArray().Select(l => l.GetInt32())]);
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or OverflowException)
        {
            throw new ModelFormatException(
                file, 8, $"safetensors: tensor '{property.Name}' has an invalid shape ({e.Message})", e);
        }

        (long begin, long end) = (offsets[0].GetInt64(), offsets[1].GetInt64());
        long expected = (long)shape.Count * Elements.Size(type);
        if (expected > Array.MaxLength)
        {
            throw new ModelFormatException(
                file, 8, $"safetensors: tensor '{property.Name}' is too large (got {shape.Count} elements of {type}, "
                    + $"expected at most {Array.MaxLength / Elements.Size(type)}); divide it into several tensors");
        }

        return begin >= 0 && end >= begin && end - begin == expected
            ? new Entry(property.Name, type, shape, begin, end)
            : throw new ModelFormatException(
                file, 8, $"safetensors: tensor '{property.Name}' has the wrong length (got bytes {begin} to {end}, "
                    + $"expected {expected} bytes for {type} {shape})");
    }

    private static void CheckOffsets(List<Entry> entries, long remaining, string file)
    {
        long next = 0;
        foreach (Entry entry in entries.OrderBy(e => e.Begin).ThenBy(e => e.End))
        {
            if (entry.Begin != next)
            {
                throw new ModelFormatException(
                    file, 8, $"safetensors: tensor '{entry.Name}' leaves a gap or overlaps (begins at {entry.Begin}, "
                        + $"expected {next})");
            }

            next = entry.End;
        }

        if (next != remaining)
        {
            throw new ModelFormatException(
                file, 8, $"safetensors: the tensors do not fill the file (got {remaining} bytes, expected {next}); the "
                    + "file is truncated or has extra data at the end");
        }
    }

    private static ElementType Type(string? dtype, string tensor, string file) => dtype switch
    {
        "F16" => ElementType.Float16,
        "BF16" => ElementType.BFloat16,
        "F32" => ElementType.Float32,
        "F64" => ElementType.Float64,
        "I8" => ElementType.Int8,
        "I16" => ElementType.Int16,
        "I32" => ElementType.Int32,
        "I64" => ElementType.Int64,
        "U8" => ElementType.UInt8,
        "U16" => ElementType.UInt16,
        "U32" => ElementType.UInt32,
        "U64" => ElementType.UInt64,
        "BOOL" => ElementType.Bool,
        _ => throw new ModelFormatException(
            file, 8, $"safetensors: tensor '{tensor}' has dtype {dtype}, which is not supported (expected F16, BF16, "
                + "F32, F64, I8 to I64, U8 to U64 or BOOL)"),
    };

    private static void ReadExactly(Stream stream, Span<byte> buffer, string file, long offset, string what)
    {
        int read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        if (read < buffer.Length)
        {
            throw new ModelFormatException(
                file, offset, $"safetensors: the file ends within {what} (got {read} bytes, expected {buffer.Length})");
        }
    }

    private sealed record Entry(string Name, ElementType Type, Shape Shape, long Begin, long End);
}
