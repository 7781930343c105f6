using System.Runtime.InteropServices;
using System.Text.Json;
using Temper.Tensors;

namespace Temper.Serving.Protocol;

/// <summary>
/// Converts tensors to and from the protocol's representations: little-endian bytes, and flat or nested JSON arrays.
/// </summary>
internal static class TensorBytes
{
    /// <summary>Creates a tensor from little-endian bytes.</summary>
    internal static Tensor FromBytes(ReadOnlySpan<byte> bytes, DType type, Shape shape) => type switch
    {
        DType.Float32 => Tensor.From(MemoryMarshal.Cast<byte, float>(bytes), shape),
        DType.Int64 => Tensor.From(MemoryMarshal.Cast<byte, long>(bytes), shape),
        DType.Int32 => Tensor.From(MemoryMarshal.Cast<byte, int>(bytes), shape),
        DType.UInt8 => Tensor.From(bytes, shape),
        _ => Tensor.From(bytes.ContainsAnyExcept((byte)0, (byte)1)
            ? throw new RequestException(400, "a BOOL value is neither 0 nor 1")
            : MemoryMarshal.Cast<byte, bool>(bytes), shape),
    };

    /// <summary>Returns the little-endian bytes of a tensor.</summary>
    internal static ReadOnlySpan<byte> Of(Tensor tensor) => tensor.DType switch
    {
        DType.Float32 => MemoryMarshal.AsBytes(tensor.AsSpan<float>()),
        DType.Int64 => MemoryMarshal.AsBytes(tensor.AsSpan<long>()),
        DType.Int32 => MemoryMarshal.AsBytes(tensor.AsSpan<int>()),
        DType.UInt8 => tensor.AsSpan<byte>(),
        _ => MemoryMarshal.AsBytes(tensor.AsSpan<bool>()),
    };

    /// <summary>Reads a tensor from the JSON array that follows.</summary>
    internal static Tensor Read(ref Utf8JsonReader json, DType type, Shape shape) => type switch
    {
        DType.Float32 => Tensor.From(Numbers(ref json, shape, static (ref Utf8JsonReader r) => r.GetSingle()), shape),
        DType.Int64 => Tensor.From(Numbers(ref json, shape, static (ref Utf8JsonReader r) => r.GetInt64()), shape),
        DType.Int32 => Tensor.From(Numbers(ref json, shape, static (ref Utf8JsonReader r) => r.GetInt32()), shape),
        DType.UInt8 => Tensor.From(Numbers(ref json, shape, static (ref Utf8JsonReader r) => r.GetByte()), shape),
        _ => Tensor.From(Numbers(ref json, shape, static (ref Utf8JsonReader r) => r.GetBoolean()), shape),
    };

    /// <summary>Writes a tensor as a flat JSON array.</summary>
    internal static void Write(Utf8JsonWriter json, Tensor tensor)
    {
        json.WriteStartArray();
        switch (tensor.DType)
        {
            case DType.Float32:
                Each(json, tensor.AsSpan<float>(), static (writer, value) => writer.WriteNumberValue(Finite(value)));
                break;
            case DType.Int64:
                Each(json, tensor.AsSpan<long>(), static (writer, value) => writer.WriteNumberValue(value));
                break;
            case DType.Int32:
                Each(json, tensor.AsSpan<int>(), static (writer, value) => writer.WriteNumberValue(value));
                break;
            case DType.UInt8:
                Each(json, tensor.AsSpan<byte>(), static (writer, value) => writer.WriteNumberValue(value));
                break;
            default:
                Each(json, tensor.AsSpan<bool>(), static (writer, value) => writer.WriteBooleanValue(value));
                break;
        }

        json.WriteEndArray();
    }

    private delegate T ReadOne<T>(ref Utf8JsonReader json);

    private static T[] Numbers<T>(ref Utf8JsonReader json, Shape shape, ReadOne<T> read)
        where T : unmanaged
    {
        var values = new T[shape.Count];
        int count = 0, depth = 0;
        do
        {
            json.Read();
            switch (json.TokenType)
            {
                case JsonTokenType.StartArray: depth++; break;
                case JsonTokenType.EndArray: depth--; break;
                case JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False
                    when depth > 0 && count < values.Length:
                    values[count++] = read(ref json);
                    break;
                default: throw new RequestException(
                    400, $"data: not an array of {values.Length} values "
                        + $"(got {(count == values.Length ? "more" : json.TokenType.ToString())})");
            }
        }
        while (depth > 0);
        return count == values.Length ? values
            : throw new RequestException(400, $"data: too few values (got {count}, expected {values.Length})");
    }

    private static void Each<T>(Utf8JsonWriter json, ReadOnlySpan<T> values, Action<Utf8JsonWriter, T> write)
    {
        foreach (T value in values)
        {
            write(json, value);
        }
    }

    private static float Finite(float value) => float.IsFinite(value)
        ? value
        : throw new RequestException(
            500, "the result contains values that are not finite, which JSON cannot represent; request binary data");
}
