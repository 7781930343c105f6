using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Temper.Formats.Protobuf;

/// <summary>Writes fields of a protocol buffers message (proto3 wire format) into growing memory.</summary>
/// <remarks>
/// Event files and ONNX need a few dozen messages, written and read without copies of what is large, which generated
/// code would make.
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

    /// <summary>Fields that were written elsewhere.</summary>
    internal WireWriter Raw(ReadOnlySpan<byte> fields)
    {
        fields.CopyTo(Advance(fields.Length));
        return this;
    }

    /// <summary>A repeated field of whole numbers, packed.</summary>
    internal WireWriter Integers(int field, IEnumerable<long> values)
    {
        var packed = new WireWriter();
        foreach (long value in values)
        {
            packed.WriteVarint((ulong)value);
        }

        return Bytes(field, packed.Written);
    }

    /// <summary>A repeated field of floats, packed.</summary>
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
    /// Only the beginning of a field of bytes: its tag and how many bytes the caller will put behind.
    /// </summary>
    internal WireWriter Head(int field, long length)
    {
        Tag(field, LengthDelimited);
        WriteVarint((ulong)length);
        return this;
    }

    /// <summary>A repeated field of doubles, packed.</summary>
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
