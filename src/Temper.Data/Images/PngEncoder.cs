using System.Buffers.Binary;
using System.IO.Compression;

namespace Temper.Data.Images;

/// <summary>Writes PNG files (W3C Recommendation, 2003): 8 bits per channel, gray, RGB or RGB with alpha.</summary>
public static class PngEncoder
{
    internal static readonly byte[] Signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    /// <summary>Encodes a picture. The output is deterministic.</summary>
    /// <param name="picture">A picture with 1, 3 or 4 channels.</param>
    public static byte[] Encode(Picture picture)
    {
        using var png = new MemoryStream();
        WriteHeader(png, picture);
        WriteChunk(png, "IDAT"u8, Compress(picture));
        WriteChunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    /// <summary>Writes the signature and the header chunk.</summary>
    internal static void WriteHeader(Stream png, Picture picture)
    {
        png.Write(Signature);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, picture.Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), picture.Height);
        header[8] = 8;
        header[9] = picture.Channels switch { 1 => 0, 3 => 2, _ => 6 };
        WriteChunk(png, "IHDR"u8, header);
    }

    /// <summary>Returns the unfiltered rows as a zlib stream.</summary>
    internal static byte[] Compress(Picture picture)
    {
        using var compressed = new MemoryStream();
        using (var zlib = new ZLibStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            int stride = picture.Width * picture.Channels;
            for (int row = 0; row < picture.Height; row++)
            {
                zlib.WriteByte(0);                                // filter: none
                zlib.Write(picture.Pixels, row * stride, stride);
            }
        }

        return compressed.ToArray();
    }

    /// <summary>Writes a chunk: length, type, data and checksum.</summary>
    internal static void WriteChunk(Stream stream, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        stream.Write(number);
        stream.Write(type);
        stream.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Of(type, data));
        stream.Write(number);
    }
}
