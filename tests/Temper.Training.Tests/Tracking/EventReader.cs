using System.Buffers.Binary;
using System.Text;

namespace Temper.Training.Tests.Tracking;

/// <summary>
/// Reads event files and the fields of their messages, and verifies checksums that are computed bit by bit.
/// </summary>
internal static class EventReader
{
    internal static List<byte[]> Records(ReadOnlySpan<byte> file)
    {
        List<byte[]> records = [];
        while (!file.IsEmpty)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
            Assert.Equal(Masked(file[..8]), BinaryPrimitives.ReadUInt32LittleEndian(file[8..]));
            ReadOnlySpan<byte> payload = file.Slice(12, length);
            Assert.Equal(Masked(payload), BinaryPrimitives.ReadUInt32LittleEndian(file[(12 + length)..]));
            records.Add(payload.ToArray());
            file = file[(16 + length)..];
        }

        return records;
    }

    /// <summary>
    /// Fields of a message by number: varints and fixed-width numbers as their bits, all others as bytes.
    /// </summary>
    internal static ILookup<int, (ulong Bits, byte[] Bytes)> Fields(byte[] message)
    {
        List<(int Field, (ulong, byte[]) Value)> fields = [];
        int position = 0;
        while (position < message.Length)
        {
            ulong tag = Varint();
            (ulong, byte[]) value = (tag & 7) switch
            {
                0 => (Varint(), []),
                1 => (BinaryPrimitives.ReadUInt64LittleEndian(Take(8)), []),
                5 => (BinaryPrimitives.ReadUInt32LittleEndian(Take(4)), []),
                2 => (0, Take((int)Varint()).ToArray()),
                _ => throw new InvalidDataException($"wire type {tag & 7}"),
            };
            fields.Add(((int)(tag >> 3), value));
        }

        return fields.ToLookup(f => f.Field, f => f.Value);

        ReadOnlySpan<byte> Take(int count)
        {
            position += count;
            return message.AsSpan(position - count, count);
        }

        ulong Varint()
        {
            ulong value = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte b = message[position++];
                value |= (ulong)(b & 0x7F) << shift;
                if (b < 0x80)
                {
                    return value;
                }
            }
        }
    }

    internal static string Text(this ILookup<int, (ulong Bits, byte[] Bytes)> fields, int field) => Encoding.UTF8.GetString(fields[field].Single().Bytes);

    internal static double Double(this ILookup<int, (ulong Bits, byte[] Bytes)> fields, int field) => BitConverter.UInt64BitsToDouble(fields[field].Single().Bits);

    private static uint Masked(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
            }
        }

        crc = ~crc;
        return ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
    }
}
