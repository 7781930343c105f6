using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Temper.Formats.Protobuf;

/// <summary>Writes the fields of a protocol buffers message (proto3 wire format) to a growable buffer.</summary>
/// <remarks>
/// Used instead of generated code because event files and ONNX need only a few dozen messages, and large data must not
/// be copied.
/// </remarks>
internal sealed class WireWriter
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int LengthDelimited = 2;
    private const int Fixed32 = 5;

    private readonly ArrayBufferWriter<byte> _buffer = new();

    internal ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    internal void Clear() => _buffer.ResetWrittenCount();

    internal WireWriter Integer(int field, long value)
    {
        Tag(field, Varint);
        WriteVarint((ulong)value);
        return this;
    }

    internal WireWriter Double(int field, double value)
    {
        Tag(field, Fixed64);
        BinaryPrimitives.WriteDoubleLittleEndian(Advance(sizeof(double)), value);
        return this;
    }

    internal WireWriter Float(int field, float value)
    {
        Tag(field, Fixed32);
        BinaryPrimitives.WriteSingleLittleEndian(Advance(sizeof(float)), value);
        return this;
    }

    internal WireWriter Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    internal WireWriter Message(int field, WireWriter message) => Bytes(field, message.Written);

    internal WireWriter Bytes(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, LengthDelimited);
        WriteVarint((ulong)value.Length);
        value.CopyTo(Advance(value.Length));
        return this;
    }

    /// <summary>Appends fields that were serialized elsewhere.</summary>
    internal WireWriter Raw(ReadOnlySpan<byte> fields)
    {
        fields.CopyTo(Advance(fields.Length));
        return this;
    }

    /// <summary>Writes a packed repeated field of integers.</summary>
    internal WireWriter Integers(int field, IEnumerable<long> values)
    {
        var packed = new WireWriter();
        foreach (long value in values)
        {
            packed.WriteVarint((ulong)value);
        }

        return Bytes(field, packed.Written);
    }

    /// <summary>Writes a packed repeated field of floats.</summary>
    internal WireWriter Floats(int field, IReadOnlyCollection<float> values)
    {
        Tag(field, LengthDelimited);
        WriteVarint((ulong)values.Count * sizeof(float));
        foreach (float value in values)
        {
            BinaryPrimitives.WriteSingleLittleEndian(Advance(sizeof(float)), value);
        }

        return this;
    }

    /// <summary>
    /// Writes only the tag and the length of a bytes field; the caller appends the bytes.
    /// </summary>
    internal WireWriter Head(int field, long length)
    {
        Tag(field, LengthDelimited);
        WriteVarint((ulong)length);
        return this;
    }

    /// <summary>Writes a packed repeated field of doubles.</summary>
    internal WireWriter Doubles(int field, ReadOnlySpan<double> values)
    {
        Tag(field, LengthDelimited);
        WriteVarint((ulong)values.Length * sizeof(double));
        foreach (double value in values)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(Advance(sizeof(double)), value);
        }

        return this;
    }

    private void Tag(int field, int type) => WriteVarint((ulong)((field << 3) | type));

    private void WriteVarint(ulong value)
    {
        while (value >= 0x80)
        {
            Advance(1)[0] = (byte)(value | 0x80);
            value >>= 7;
        }

        Advance(1)[0] = (byte)value;
    }

    private Span<byte> Advance(int count)
    {
        Span<byte> span = _buffer.GetSpan(count)[..count];
        _buffer.Advance(count);
        return span;
    }
}
