using System.Buffers.Binary;
using System.Text;

namespace Temper.Formats.Protobuf;

/// <summary>
/// Reads the protobuf wire format from a seekable stream, field by field; skipped data is not copied. Every length is
/// checked against the enclosing message before memory is allocated.
/// </summary>
internal sealed class WireReader(Stream stream, string file, string format)
    : ByteReader(stream, file, format)
{
    /// <summary>Reads the number and the wire type of the next field.</summary>
    internal (int Field, WireType Wire) Tag()
    {
        ulong tag = Varint();
        ulong field = tag >> 3;
        return field is > 0 and < 1 << 29
            ? ((int)field, (WireType)(tag & 7))
            : throw Bad($"not a protobuf field (got tag {tag}); the file is damaged or of another format");
    }

    /// <summary>Reads a varint.</summary>
    internal ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = Byte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw Bad("a number is longer than 10 bytes; the file is damaged or of another format");
    }

    /// <summary>Reads four bytes as a float.</summary>
    internal float Single()
    {
        Span<byte> bytes = stackalloc byte[4];
        Read(bytes);
        return BinaryPrimitives.ReadSingleLittleEndian(bytes);
    }

    /// <summary>Reads eight bytes as a double.</summary>
    internal double Double()
    {
        Span<byte> bytes = stackalloc byte[8];
        Read(bytes);
        return BinaryPrimitives.ReadDoubleLittleEndian(bytes);
    }

    /// <summary>
    /// Returns the end offset of a length-delimited value that starts here; throws if it exceeds the message.
    /// </summary>
    /// <param name="wire">Wire type of the field.</param>
    /// <param name="end">End offset of the message.</param>
    internal long End(WireType wire, long end)
    {
        if (wire != WireType.Length)
        {
            throw Bad($"a field has the wrong wire type (got {(int)wire}, expected "
                + $"{(int)WireType.Length}); the file is damaged");
        }

        ulong length = Varint();
        return length <= (ulong)Math.Max(0, end - Position)
            ? Position + (long)length
            : throw Bad($"a value is longer than the message that contains it (got {length} bytes, expected at most "
                + $"{end - Position}); the file is truncated or damaged");
    }

    /// <summary>Reads text up to an end offset.</summary>
    internal string Text(long end) => Encoding.UTF8.GetString(Bytes(end - Position));

    /// <summary>Skips a value.</summary>
    internal void Skip(WireType wire, long end)
    {
        switch (wire)
        {
            case WireType.Varint:
                Varint();
                break;
            case WireType.Fixed64:
                Double();
                break;
            case WireType.Length:
                Seek(End(wire, end));
                break;
            case WireType.Fixed32:
                Single();
                break;
            default:
                throw Bad($"unknown wire type (got {(int)wire}); the file is damaged or of another format");
        }
    }
}

/// <summary>Protobuf wire types.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Length = 2,
    Fixed32 = 5,
}
