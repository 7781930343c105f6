using System.Buffers.Binary;
using System.Numerics;

namespace Temper.Training.Tracking;

/// <summary>Record format of TensorBoard event files: payloads with their lengths and checksums.</summary>
internal static class EventFile
{
    /// <summary>
    /// Appends a record: <c>u64 length, u32 masked CRC-32C of the length, payload, u32 masked CRC-32C of the
    /// payload</c>, all little-endian.
    /// </summary>
    internal static void WriteRecord(Stream stream, ReadOnlySpan<byte> payload)
    {
        Span<byte> header = stackalloc byte[sizeof(ulong) + sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[sizeof(ulong)..], Mask(Crc32C(header[..sizeof(ulong)])));
        Span<byte> footer = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(footer, Mask(Crc32C(payload)));
        stream.Write(header);
        stream.Write(payload);
        stream.Write(footer);
    }

    /// <summary>Computes CRC-32C: CRC-32 with the Castagnoli polynomial, as in iSCSI (RFC 3720).</summary>
    internal static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (byte b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }

    /// <summary>
    /// Masks a checksum by rotating it and adding a constant, as the format requires: a CRC of data that contains CRCs
    /// would be weak.
    /// </summary>
    internal static uint Mask(uint crc) => BitOperations.RotateRight(crc, 15) + 0xA282_EAD8;
}
