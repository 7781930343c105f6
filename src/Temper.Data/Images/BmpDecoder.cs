using System.Buffers.Binary;
using Temper.Formats;

namespace Temper.Data.Images;

/// <summary>Reads Windows bitmaps: uncompressed, 24 or 32 bits per pixel, or 8 bits with a palette.</summary>
internal static class BmpDecoder
{
    private const long MaxPixels = 256L * 1024 * 1024;

    /// <summary>Channel masks of a 32-bit pixel in the default order (blue, green, red).</summary>
    private static readonly byte[] DefaultMasks = [0, 0, 0xFF, 0, 0, 0xFF, 0, 0, 0xFF, 0, 0, 0];

    internal static Picture Decode(byte[] file, string name)
    {
        if (file.Length < 54)
        {
            throw new ModelFormatException(
                name, $"BMP: the file is truncated (got {file.Length} bytes, expected a header of 54)");
        }

        long start = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(10));
        long headerSize = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(14));
        int width = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(18));
        int signedHeight = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(22));
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(28));
        int compression = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(30));
        long height = Math.Abs((long)signedHeight);
        bool hasPlainPixels = compression == 0
            || (compression == 3 && bits == 32 && file.AsSpan(54).StartsWith(DefaultMasks));
        if (width <= 0 || height == 0 || width * height > MaxPixels)
        {
            throw new ModelFormatException(
                name, 18, $"BMP: invalid size (got {width} x {signedHeight}, expected at most {MaxPixels} pixels)");
        }

        if (!hasPlainPixels || bits is not (8 or 24 or 32) || headerSize < 40)
        {
            throw new ModelFormatException(
                name, 14, $"BMP: not supported (got {width} x {signedHeight}, {bits} bits, compression {compression}; "
                    + "expected uncompressed with 8, 24 or 32 bits)");
        }

        long stride = ((((long)width * bits) + 31) / 32) * 4;
        if (start + (stride * height) > file.Length)
        {
            throw new ModelFormatException(name, start, $"BMP: the file is truncated (got {file.Length} bytes, "
                + $"expected {start + (stride * height)})");
        }

        byte[] pixels = new byte[width * height * 3];
        for (int y = 0; y < height; y++)
        {
            long row = start + (stride * (signedHeight > 0 ? height - 1 - y : y));
            for (int x = 0; x < width; x++)
            {
                long source = bits == 8
                    ? 14 + headerSize + (4L * file[row + x])
                    : row + ((long)x * bits / 8);
                if (source + 3 > file.Length)
                {
                    throw new ModelFormatException(name, row + x, "BMP: a pixel is not in the palette");
                }

                long target = ((y * (long)width) + x) * 3;
                (pixels[target], pixels[target + 1], pixels[target + 2]) =
                    (file[source + 2], file[source + 1], file[source]);
            }
        }

        return new Picture(width, (int)height, 3, pixels);
    }
}
