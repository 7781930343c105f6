using System.Buffers.Binary;
using System.IO.Compression;
using Temper.Data.Images;

namespace Temper.Data.Tests.Images;

/// <summary>Writes PNG files of any color type and depth, interlaced or not, by the specification.</summary>
internal static class PngFiles
{
    /// <summary>The pass of each pixel of a block of 8 x 8 (PNG specification, section 8.2).</summary>
    private static readonly string[] Passes =
        ["16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777"];

    internal static int SamplesOf(int colorType) => colorType switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };

    internal static byte[] Write(int colorType, int depth, (int Width, int Height) size, long[] samples, bool isInterlaced)
    {
        using var raw = new MemoryStream();
        int channels = SamplesOf(colorType);
        foreach (char pass in isInterlaced ? "1234567" : "*")
        {
            for (int y = 0; y < size.Height; y++)
            {
                int[] columns = [.. Enumerable.Range(0, size.Width).Where(x => !isInterlaced || Passes[y % 8][x % 8] == pass)];
                if (columns.Length > 0)
                {
                    raw.WriteByte(0);
                    raw.Write(Packed([.. columns.SelectMany(x => samples.Skip(((y * size.Width) + x) * channels).Take(channels))], depth));
                }
            }
        }

        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, size.Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), size.Height);
        (header[8], header[9], header[12]) = ((byte)depth, (byte)colorType, (byte)(isInterlaced ? 1 : 0));
        byte[] palette = [.. Enumerable.Range(0, 24).Select(i => (byte)(i * 9))];
        return [.. PngEncoder.Signature, .. Chunk("IHDR", header), .. colorType == 3 ? Chunk("PLTE", palette) : [], .. Chunk("IDAT", Compressed(raw.ToArray())), .. Chunk("IEND", [])];
    }

    private static byte[] Packed(long[] samples, int depth)
    {
        byte[] line = new byte[((samples.Length * depth) + 7) / 8];
        for (int i = 0; i < samples.Length; i++)
        {
            for (int bit = 0; bit < depth; bit++)
            {
                int at = (i * depth) + bit;
                line[at / 8] |= (byte)(((samples[i] >> (depth - 1 - bit)) & 1) << (7 - (at % 8)));
            }
        }

        return line;
    }

    private static byte[] Compressed(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            zlib.Write(bytes);
        }

        return packed.ToArray();
    }

    private static byte[] Chunk(string type, byte[] data)
    {
        byte[] name = System.Text.Encoding.ASCII.GetBytes(type), length = new byte[4], sum = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, data.Length);
        BinaryPrimitives.WriteUInt32BigEndian(sum, Crc32.Of(name, data));
        return [.. length, .. name, .. data, .. sum];
    }
}
