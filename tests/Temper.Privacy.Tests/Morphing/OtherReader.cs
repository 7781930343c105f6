using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Temper.Data;
using Temper.Formats.Npz;
using Temper.Formats.Safetensors;
using Temper.Kernels;
using Temper.Privacy.Morphing;

namespace Temper.Privacy.Tests.Morphing;

/// <summary>Readers of bundle files that are independent of the writers.</summary>
internal static class OtherReader
{
    internal static void Check(string path, string format, float[] rows)
    {
        switch (format)
        {
            case "npy":
                Assert.Equal(rows, NpyFile.Load(path).ToArray<float>());
                break;
            case "npz":
                Assert.Equal(rows, NpzFile.Load(path)["rows"].ToArray<float>());
                Assert.Equal(0xCBF43926, new NpzRows().Sum(0, "123456789"u8));
                break;
            case "safetensors":
                Assert.Equal(rows, SafetensorsFile.Load(path)["rows"].ToArray<float>());
                break;
            default:
                Assert.Equal(rows, ReadRecords(File.ReadAllBytes(path)));
                break;
        }
    }

    /// <summary>
    /// Independent reader: record framing, checksums computed bit by bit, and protobuf fields by their tags.
    /// </summary>
    private static float[] ReadRecords(byte[] file)
    {
        Assert.Equal(0xE3069283, Crc("123456789"u8));
        var rows = new List<float>();
        for (int place = 0; place < file.Length;)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(place));
            Assert.Equal(Masked(file.AsSpan(place, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(place + 8)));
            ReadOnlySpan<byte> payload = file.AsSpan(place + 12, length);
            Assert.Equal(Masked(payload), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(place + 12 + length)));
            ReadOnlySpan<byte> entry = Field(Field(payload, 1, out _), 1, out _);
            Assert.Equal("row"u8.ToArray(), Field(entry, 1, out ReadOnlySpan<byte> rest).ToArray());
            ReadOnlySpan<byte> value = Field(Field(Field(rest, 2, out _), 1, out _), 1, out ReadOnlySpan<byte> behind);
            Assert.Equal(0, behind.Length);
            rows.AddRange(MemoryMarshal.Cast<byte, float>(value).ToArray());
            place += 16 + length;
        }

        return [.. rows];

        static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> message, int number, out ReadOnlySpan<byte> rest)
        {
            Assert.Equal((number << 3) | 2, message[0]);
            int length = 0, place = 1;
            for (int shift = 0; ; shift += 7)
            {
                byte part = message[place++];
                length |= (part & 0x7F) << shift;
                if (part < 0x80)
                {
                    break;
                }
            }

            rest = message[(place + length)..];
            return message.Slice(place, length);
        }

        static uint Masked(ReadOnlySpan<byte> bytes) => BitOperations.RotateRight(Crc(bytes), 15) + 0xA282EAD8;

        static uint Crc(ReadOnlySpan<byte> bytes)
        {
            uint crc = 0xFFFFFFFF;
            foreach (byte value in bytes)
            {
                crc ^= value;
                for (int bit = 0; bit < 8; bit++)
                {
                    crc = (crc >> 1) ^ (0x82F63B78 & (0 - (crc & 1)));
                }
            }

            return ~crc;
        }
    }
}
