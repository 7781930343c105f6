using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using Temper.Tensors;

namespace Temper.Formats.Safetensors;

internal static class SafetensorsWriter
{
    internal static void Write(SafetensorsFile file, Stream stream)
    {
        byte[] header = Header(file);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach ((string name, Tensor tensor) in file.Tensors)
        {
            // The low byte of an int32 from -128 to 127 is the int8 value.
            stream.Write(Elements.Write(file.Int8Names.Contains(name) ? tensor.To(DType.UInt8) : tensor));
        }
    }

    private static byte[] Header(SafetensorsFile file)
    {
        using var buffer = new MemoryStream();
        // With this encoder a quote inside a text takes two bytes instead of six.
        using (var json = new Utf8JsonWriter(
            buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (file.Metadata.Count > 0)
            {
                json.WriteStartObject("__metadata__");
                foreach ((string key, string value) in file.Metadata.OrderBy(m => m.Key, StringComparer.Ordinal))
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            long offset = 0;
            foreach ((string name, Tensor tensor) in file.Tensors)
            {
                json.WriteStartObject(name);
                bool isInt8 = file.Int8Names.Contains(name);
                json.WriteString("dtype", isInt8 ? "I8" : Name(tensor.DType));
                json.WriteStartArray("shape");
                foreach (int axis in tensor.Shape)
                {
                    json.WriteNumberValue(axis);
                }

                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                offset += (long)tensor.Count * (isInt8 ? sizeof(sbyte) : tensor.DType.SizeInBytes());
                json.WriteNumberValue(offset);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        // Pad with spaces to a multiple of eight, so that the data is aligned.
        buffer.Write(new byte[(8 - (buffer.Length % 8)) % 8].Select(_ => (byte)' ').ToArray());
        return buffer.ToArray();
    }

    private static string Name(DType dtype) => dtype switch
    {
        DType.Float32 => "F32",
        DType.Int64 => "I64",
        DType.Int32 => "I32",
        DType.UInt8 => "U8",
        _ => "BOOL",
    };
}
