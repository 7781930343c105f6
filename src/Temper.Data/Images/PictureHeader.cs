using System.Buffers.Binary;
using Temper.Formats;

namespace Temper.Data.Images;

/// <summary>Size and channels of a picture, read from its header without decoding the pixels.</summary>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Channels">1 for gray (with or without alpha), 3 for color.</param>
internal sealed record PictureHeader(int Width, int Height, int Channels)
{
    /// <summary>
    /// Number of bytes read first: enough for every header except JPEG and portable maps with long comments.
    /// </summary>
    private const int FirstBytes = 4096;

    /// <summary>Maximum number of pixels that any decoder accepts.</summary>
    private const long MaxPixels = 256L * 1024 * 1024;

    /// <exception cref="ModelFormatException">The format is not supported, or the file is damaged.</exception>
    internal static PictureHeader Read(string path)
    {
        PictureHeader header = Of(StartOf(path), path);
        return header is { Width: > 0, Height: > 0 } && (long)header.Width * header.Height <= MaxPixels
            ? header
            : throw new ModelFormatException(
                path, $"picture: the size is out of range (got {header.Width} x {header.Height}, expected 1 to "
                    + $"{MaxPixels} pixels)");
    }

    private static PictureHeader Of(byte[] start, string path)
    {
        return start switch
        {
            [0x89, (byte)'P', (byte)'N', (byte)'G', ..] when start.Length >= 33 => OfPng(start),
            [(byte)'P', >= (byte)'2' and <= (byte)'6', ..] => OfPnm(start, path),
            [(byte)'B', (byte)'M', ..] when start.Length >= 26 => OfBmp(start),
            [0xFF, 0xD8, ..] => JpegHeader.Read(path),
            [0x89, (byte)'P', ..] or [(byte)'B', (byte)'M', ..] =>
                throw new ModelFormatException(path, start.Length, "picture: the file is truncated"),
            _ => throw new ModelFormatException(
                path, $"picture: cannot read {Kind(start)} (expected PNG, PNM, BMP or JPEG); convert it"),
        };
    }

    /// <summary>Describes the kind of a file from its first bytes, for messages.</summary>
    internal static string KindOf(string path) => Kind(StartOf(path));

    private static string Kind(ReadOnlySpan<byte> start) => start switch
    {
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] =>
            "a WebP picture",
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => "a GIF picture",
        [(byte)'I', (byte)'I', 42, 0, ..] or [(byte)'M', (byte)'M', 0, 42, ..] => "a TIFF picture",
        [_, _, _, _, (byte)'f', (byte)'t', (byte)'y', (byte)'p', ..] => "a HEIF or AVIF picture, or a video",
        [0xFF, 0x0A, ..] or [0, 0, 0, 12, (byte)'J', (byte)'X', (byte)'L', ..] => "a JPEG XL picture",
        [0, 0, 0, 12, (byte)'j', (byte)'P', ..] => "a JPEG 2000 picture",
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => "a PNG picture with a different file extension",
        [0xFF, 0xD8, ..] => "a JPEG picture with a different file extension",
        [(byte)'B', (byte)'M', ..] => "a BMP picture with a different file extension",
        [(byte)'8', (byte)'B', (byte)'P', (byte)'S', ..] => "a Photoshop picture",
        [] => "an empty file",
        _ => "a file of an unknown kind",
    };

    private static PictureHeader OfPng(ReadOnlySpan<byte> start) =>
        new(BinaryPrimitives.ReadInt32BigEndian(start[16..]), BinaryPrimitives.ReadInt32BigEndian(
            start[20..]), start[25] is 0 or 4 ? 1 : 3);

    /// <summary>Reads more than the first bytes only as long as comments fill them.</summary>
    private static PictureHeader OfPnm(byte[] start, string path)
    {
        while (start.Length < MaxPixels && !PnmDecoder.HoldsSize(start))
        {
            byte[] more = StartOf(path, 2 * start.Length);
            if (more.Length <= start.Length)
            {
                break;
            }

            start = more;
        }

        return PnmDecoder.Header(start, path);
    }

    private static PictureHeader OfBmp(ReadOnlySpan<byte> start)
    {
        int height = BinaryPrimitives.ReadInt32LittleEndian(start[22..]);
        return new(BinaryPrimitives.ReadInt32LittleEndian(start[18..]), height < 0 ? unchecked(-height) : height, 3);
    }

    private static byte[] StartOf(string path, int length = FirstBytes)
    {
        using FileStream stream = File.OpenRead(path);
        byte[] start = new byte[length];
        return start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
    }
}

/// <summary>Finds the frame header of a JPEG file (ITU T.81, B.2.2).</summary>
internal static class JpegHeader
{
    /// <summary>
    /// Reads the size of the upright picture. The decoder rotates as EXIF data says, and always returns three channels.
    /// </summary>
    internal static PictureHeader Read(string path)
    {
        using FileStream stream = File.OpenRead(path);
        stream.Position = 2;
        Span<byte> segment = stackalloc byte[9];
        bool isTurned = false;
        while (stream.ReadAtLeast(segment[..4], 4, throwOnEndOfStream: false) == 4 && segment[0] == 0xFF)
        {
            if (segment[1] == 0xFF)
            {
                stream.Position -= 3;               // fill bytes before a marker
                continue;
            }

            // SOF0 to SOF15, except 0xC4 (Huffman tables), 0xC8 (reserved) and 0xCC (arithmetic coding conditioning).
            if (segment[1] is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
            {
                if (stream.ReadAtLeast(segment[..5], 5, throwOnEndOfStream: false) < 5)
                {
                    break;
                }

                int height = BinaryPrimitives.ReadUInt16BigEndian(segment[1..]),
                    width = BinaryPrimitives.ReadUInt16BigEndian(segment[3..]);
                return isTurned ? new PictureHeader(height, width, 3) : new PictureHeader(width, height, 3);
            }

            int length = BinaryPrimitives.ReadUInt16BigEndian(segment[2..]);
            if (length < 2 || segment[1] == 0xDA)
            {
                break;
            }

            long next = stream.Position + length - 2;
            isTurned |= segment[1] == 0xE1 && IsTurned(stream, length - 2);
            stream.Position = next;
        }

        throw Truncated(path, stream);
    }

    /// <summary>
    /// Whether an application segment is EXIF data with an orientation of 5 to 8, which exchanges width and height.
    /// </summary>
    private static bool IsTurned(FileStream stream, int length)
    {
        byte[] data = new byte[length];
        ReadOnlySpan<byte> exif = data.AsSpan(0, stream.ReadAtLeast(data, length, throwOnEndOfStream: false));
        if (exif.Length < 14 || !exif.StartsWith("Exif\0\0"u8))
        {
            return false;
        }

        // A TIFF file follows: byte order, the number 42, and the offset of the directory.
        ReadOnlySpan<byte> tiff = exif[6..];
        bool isLittle = tiff[0] == (byte)'I';
        uint start = isLittle
            ? BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..])
            : BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]);
        if (start > tiff.Length - 2)
        {
            return false;
        }

        tiff = tiff[(int)start..];
        int count = Number(tiff);
        for (int i = 0, at = 2; i < count && at + 12 <= tiff.Length; i++, at += 12)
        {
            if (Number(tiff[at..]) == 0x0112)                       // orientation, a 16-bit number
            {
                return Number(tiff[(at + 2)..]) == 3 && Number(tiff[(at + 8)..]) is >= 5 and <= 8;
            }
        }

        return false;

        int Number(ReadOnlySpan<byte> bytes) => isLittle
            ? BinaryPrimitives.ReadUInt16LittleEndian(bytes)
            : BinaryPrimitives.ReadUInt16BigEndian(bytes);
    }

    private static ModelFormatException Truncated(string path, FileStream stream) =>
        new(path, stream.Position, "JPEG: no frame header; the file is truncated or damaged");
}
