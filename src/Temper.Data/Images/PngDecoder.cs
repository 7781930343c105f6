using System.Buffers.Binary;
using System.IO.Compression;
using Temper.Formats;

namespace Temper.Data.Images;

/// <summary>
/// Reads PNG files: all color types and bit depths, interlaced or not. 16-bit samples are reduced to their high byte.
/// </summary>
internal static class PngDecoder
{
    private const int MaxPixels = 64 * 1024 * 1024;

    internal static Picture Decode(byte[] file, string name)
    {
        if (!file.AsSpan().StartsWith(PngEncoder.Signature))
        {
            throw new ModelFormatException(name, 0, "PNG: wrong signature");
        }

        Header? header = null;
        byte[] palette = [];
        byte[] opacity = [];
        using var compressed = new MemoryStream();
        for (int at = 8; ;)
        {
            (ReadOnlyMemory<byte> type, ReadOnlyMemory<byte> data) = Chunk(file, ref at, name);
            if (type.Span.SequenceEqual("IHDR"u8))
            {
                header = Header.Parse(data.Span, name);
            }
            else if (type.Span.SequenceEqual("PLTE"u8))
            {
                palette = data.ToArray();
            }
            else if (type.Span.SequenceEqual("tRNS"u8))
            {
                opacity = data.ToArray();
            }
            else if (type.Span.SequenceEqual("IDAT"u8))
            {
                compressed.Write(data.Span);
            }
            else if (type.Span.SequenceEqual("IEND"u8))
            {
                break;
            }
            else if ((type.Span[0] & 0x20) == 0)
            {
                throw new ModelFormatException(
                    name, at, $"PNG: unknown critical chunk '{System.Text.Encoding.Latin1.GetString(type.Span)}'");
            }
        }

        Header h = header ?? throw new ModelFormatException(name, 8, "PNG: no IHDR chunk");
        if ((long)h.Stride * h.Height / DamagedData.MaxGrowth > compressed.Length)
        {
            throw new ModelFormatException(name, 8, $"PNG: {compressed.Length} packed bytes cannot hold {h.Width} x "
                + $"{h.Height} pixels; the file is truncated or malicious");
        }

        compressed.Position = 0;
        using var zlib = new ZLibStream(compressed, CompressionMode.Decompress);
        return h.IsInterlaced
            ? PngInterlace.Join(h.Width, h.Height, (width, height) => Read(h with { Width = width, Height = height }))
            : Read(h);

        Picture Read(Header part)
        {
            byte[] samples = Unfilter(zlib, part, name);
            return part.ColorType == 3 ? Colored(part, samples, palette, opacity, name) : Plain(part, samples);
        }
    }

    private static (ReadOnlyMemory<byte> Type, ReadOnlyMemory<byte> Data) Chunk(byte[] file, ref int at, string name)
    {
        if (file.Length - at < 12)
        {
            throw new ModelFormatException(name, at, "PNG: the file is truncated");
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at));
        if (length > file.Length - at - 12)
        {
            throw new ModelFormatException(name, at, $"PNG: a chunk is longer than the file (got {length} bytes)");
        }

        var type = new ReadOnlyMemory<byte>(file, at + 4, 4);
        var data = new ReadOnlyMemory<byte>(file, at + 8, (int)length);
        if (BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at + 8 + (int)length)) != Crc32.Of(type.Span, data.Span))
        {
            throw new ModelFormatException(name, at, "PNG: the checksum of a chunk is wrong");
        }

        at += 12 + (int)length;
        return (type, data);
    }

    /// <summary>Decompresses the rows and reverses their filters (section 9 of the specification).</summary>
    private static byte[] Unfilter(ZLibStream zlib, Header h, string name)
    {
        byte[] rows = new byte[h.Stride * h.Height];
        Span<byte> filter = stackalloc byte[1];
        try
        {
            for (int row = 0; row < h.Height; row++)
            {
                Span<byte> line = rows.AsSpan(row * h.Stride, h.Stride);
                if (zlib.ReadAtLeast(filter, 1, false) < 1 || zlib.ReadAtLeast(line, line.Length, false) < line.Length)
                {
                    throw new ModelFormatException(name, $"PNG: the pixels end in row {row} of {h.Height}");
                }

                ReadOnlySpan<byte> above = row == 0 ? new byte[h.Stride] : rows.AsSpan((row - 1) * h.Stride, h.Stride);
                Undo(filter[0], line, above, h.FilterDistance, name);
            }
        }
        catch (Exception e) when (DamagedData.IsCauseOf(e))
        {
            throw new ModelFormatException(name, "PNG: the compressed pixels are damaged", e);
        }

        return rows;
    }

    private static void Undo(byte filter, Span<byte> line, ReadOnlySpan<byte> above, int distance, string name)
    {
        if (filter > 4)
        {
            throw new ModelFormatException(name, $"PNG: unknown filter (got {filter}, expected 0 to 4)");
        }

        for (int i = 0; i < line.Length && filter != 0; i++)
        {
            int left = i >= distance ? line[i - distance] : 0;
            int corner = i >= distance ? above[i - distance] : 0;
            line[i] += (byte)(filter switch
            {
                1 => left,
                2 => above[i],
                3 => (left + above[i]) / 2,
                _ => Paeth(left, above[i], corner),
            });
        }
    }

    private static int Paeth(int left, int above, int corner)
    {
        int estimate = left + above - corner;
        (int a, int b, int c) = (Math.Abs(estimate - left), Math.Abs(estimate - above), Math.Abs(estimate - corner));
        return a <= b && a <= c ? left : b <= c ? above : corner;
    }

    private static Picture Plain(Header h, byte[] rows)
    {
        // Gray with alpha becomes RGB with alpha, because pictures have 1, 3 or 4 channels.
        int channels = h.ColorType switch { 0 => 1, 2 => 3, _ => 4 };
        byte[] pixels = new byte[h.Width * h.Height * channels];
        for (int y = 0; y < h.Height; y++)
        {
            for (int x = 0; x < h.Width; x++)
            {
                for (int c = 0; c < channels; c++)
                {
                    int source = h.ColorType == 4 ? (c < 3 ? 0 : 1) : c;
                    int sample = h.Sample(rows, y, (x * h.Samples) + source);
                    pixels[(((y * h.Width) + x) * channels) + c] =
                        (byte)(h.Depth == 16 ? sample >> 8 : sample * 255 / ((1 << h.Depth) - 1));
                }
            }
        }

        return new Picture(h.Width, h.Height, channels, pixels);
    }

    private static Picture Colored(Header h, byte[] rows, byte[] palette, byte[] opacity, string name)
    {
        int channels = opacity.Length > 0 ? 4 : 3;
        byte[] pixels = new byte[h.Width * h.Height * channels];
        for (int y = 0; y < h.Height; y++)
        {
            for (int x = 0; x < h.Width; x++)
            {
                int index = h.Sample(rows, y, x);
                if ((3 * index) + 2 >= palette.Length)
                {
                    throw new ModelFormatException(name, $"PNG: a pixel is not in the palette (got {index}, "
                        + $"expected less than {palette.Length / 3})");
                }

                int at = ((y * h.Width) + x) * channels;
                palette.AsSpan(3 * index, 3).CopyTo(pixels.AsSpan(at));
                if (channels == 4)
                {
                    pixels[at + 3] = index < opacity.Length ? opacity[index] : (byte)255;
                }
            }
        }

        return new Picture(h.Width, h.Height, channels, pixels);
    }

    private sealed record Header(int Width, int Height, int Depth, int ColorType)
    {
        internal bool IsInterlaced { get; private init; }

        /// <summary>Stored samples per pixel.</summary>
        internal int Samples => ColorType switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };

        internal int Stride => (int)((((long)Width * Samples * Depth) + 7) / 8);

        internal int FilterDistance => Math.Max(Samples * Depth / 8, 1);

        internal static Header Parse(ReadOnlySpan<byte> data, string name)
        {
            if (data.Length != 13)
            {
                throw new ModelFormatException(name, 8, $"PNG: IHDR has {data.Length} bytes (expected 13)");
            }

            (int width, int height) =
                (BinaryPrimitives.ReadInt32BigEndian(data), BinaryPrimitives.ReadInt32BigEndian(data[4..]));
            if (width <= 0 || height <= 0 || (long)width * height > MaxPixels)
            {
                throw new ModelFormatException(
                    name, 16, $"PNG: invalid size (got {width} x {height}, expected at most {MaxPixels} pixels)");
            }

            var header = new Header(width, height, data[8], data[9]);
            bool fits = header.ColorType switch
            {
                0 => header.Depth is 1 or 2 or 4 or 8 or 16,
                3 => header.Depth is 1 or 2 or 4 or 8,
                2 or 4 or 6 => header.Depth is 8 or 16,
                _ => false,
            };
            if (!fits || data[10] != 0 || data[11] != 0)
            {
                throw new ModelFormatException(
                    name, 24, $"PNG: color type {data[9]} with {data[8]} bits is not allowed");
            }

            return data[12] <= 1
                ? header with { IsInterlaced = data[12] == 1 }
                : throw new ModelFormatException(
                    name, 28, $"PNG: unknown interlace method (got {data[12]}, expected 0 or 1)");
        }

        /// <summary>Returns a stored sample at its full bit depth.</summary>
        internal int Sample(byte[] rows, int row, int index)
        {
            int start = row * Stride;
            switch (Depth)
            {
                case 16:
                    return BinaryPrimitives.ReadUInt16BigEndian(rows.AsSpan(start + (2 * index)));
                case 8:
                    return rows[start + index];
                default:
                    int bit = index * Depth;
                    return (rows[start + (bit / 8)] >> (8 - Depth - (bit % 8))) & ((1 << Depth) - 1);
            }
        }
    }
}
