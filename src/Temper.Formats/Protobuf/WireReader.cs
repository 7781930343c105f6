using System.Buffers.Binary;
using System.Text;

namespace Temper.Formats.Protobuf;

/// <summary>
/// Reads the protobuf wire format from a stream that can seek, field by field and without copying what is skipped.
/// Every length is checked against the message that it stands in before anything is allocated.
/// </summary>
internal sealed class WireReader(Stream stream, string file, string format)
    : ByteReader(stream, file, format)
{
    /// <summary>The next field's number and how its value is written.</summary>
    internal (int Field, WireType Wire) Tag()
    {
        ulong tag = Varint();
        ulong field = tag >> 3;
        return field is > 0 and < 1 << 29
            ? ((int)field, (WireType)(tag & 7))
            : throw Bad($"no protobuf field (got tag {tag}); the file is damaged or of another format");
    }

    /// <summary>A number of variable length.</summary>
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

    /// <summary>Four bytes as a float.</summary>
    internal float Single()
    {
        Span<byte> bytes = stackalloc byte[4];
        Read(bytes);
        return BinaryPrimitives.ReadSingleLittleEndian(bytes);
    }

    /// <summary>Eight bytes as a double.</summary>
    internal double Double()
    {
        Span<byte> bytes = stackalloc byte[8];
        Read(bytes);
        return BinaryPrimitives.ReadDoubleLittleEndian(bytes);
    }

    /// <summary>The offset behind a length-delimited value that begins here and lies within a message.</summary>
    /// <param name="wire">How the value is written.</param>
    /// <param name="end">The offset behind the message.</param>
    internal long End(WireType wire, long end)
    {
        if (wire != WireType.Length)
        {
            throw Bad($"a field is not written as its type is (got wire type {(int)wire}, expected "
                + $"{(int)WireType.Length}); the file is damaged");
        }

        ulong length = Varint();
        return length <= (ulong)Math.Max(0, end - Position)
            ? Position + (long)length
            : throw Bad($"a value reaches beyond what it stands in (got {length} bytes, expected at most "
                + $"{end - Position}); the file is truncated or damaged");
    }

    /// <summary>A text up to an offset.</summary>
    internal string Text(long end) => Encoding.UTF8.GetString(Bytes(end - Position));

    /// <summary>Passes over a value that nobody asked for.</summary>
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

/// <summary>How a value is written.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Length = 2,
    Fixed32 = 5,
}
