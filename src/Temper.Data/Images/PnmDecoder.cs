using Temper.Formats;

namespace Temper.Data.Images;

/// <summary>
/// Reads portable graymaps and pixmaps: P2 and P3 (text), P5 and P6 (binary), with maximum values up to 65535.
/// </summary>
internal static class PnmDecoder
{
    private const long MaxPixels = 256L * 1024 * 1024;

    /// <summary>Returns size and channels without decoding the pixels.</summary>
    internal static PictureHeader Header(byte[] file, string name)
    {
        RequireNoBits(file, name);
        int at = 2;
        return new PictureHeader(
            Number(file, ref at, name), Number(file, ref at, name), file[1] is (byte)'3' or (byte)'6' ? 3 : 1);
    }

    /// <summary>Whether the first bytes of a file contain width and height, and a byte after them.</summary>
    internal static bool HoldsSize(byte[] start)
    {
        int at = 2;
        for (int number = 0; number < 2; number++)
        {
            SkipSpace(start, ref at);
            while (at < start.Length && start[at] is >= (byte)'0' and <= (byte)'9')
            {
                at++;
            }
        }

        return at < start.Length;
    }

    internal static Picture Decode(byte[] file, string name)
    {
        char kind = (char)file[1];
        RequireNoBits(file, name);

        int channels = kind is '3' or '6' ? 3 : 1;
        int at = 2;
        (int width, int height, int max) =
            (Number(file, ref at, name), Number(file, ref at, name), Number(file, ref at, name));
        if (width == 0 || height == 0 || (long)width * height > MaxPixels || max is 0 or > 65535)
        {
            throw new ModelFormatException(
                name, 2, $"PNM: invalid size (got {width} x {height}, values up to {max}; expected at most {MaxPixels} "
                    + "pixels, values up to 65535)");
        }

        byte[] pixels = new byte[Math.Min((long)width * height * channels, file.Length)];
        if (pixels.Length < (long)width * height * channels)
        {
            throw new ModelFormatException(name, at, $"PNM: the file is truncated (got {file.Length - at} bytes for "
                + $"{width} x {height} x {channels})");
        }

        at++;                                                       // one whitespace character ends the header
        for (int i = 0; i < pixels.Length; i++)
        {
            int value = kind is '2' or '3' ? Number(file, ref at, name) : Binary(file, ref at, max, name);
            pixels[i] = value <= max ? (byte)(((value * 255) + (max / 2)) / max) : throw new ModelFormatException(
                name, at, $"PNM: a value is too large (got {value}, expected at most {max})");
        }

        return new Picture(width, height, channels, pixels);
    }

    private static void RequireNoBits(byte[] file, string name)
    {
        if (file[1] == (byte)'4')
        {
            throw new ModelFormatException(name, "PNM: bitmaps (P4) are not supported (expected P2, P3, P5 or P6)");
        }
    }

    private static int Binary(byte[] file, ref int at, int max, string name)
    {
        int size = max > 255 ? 2 : 1;
        if (at + size > file.Length)
        {
            throw new ModelFormatException(name, at, "PNM: the file is truncated");
        }

        int value = size == 1 ? file[at] : (file[at] << 8) | file[at + 1];
        at += size;
        return value;
    }

    /// <summary>Skips white space and comments.</summary>
    private static void SkipSpace(byte[] file, ref int at)
    {
        while (at < file.Length && (char.IsWhiteSpace((char)file[at]) || file[at] == '#'))
        {
            if (file[at] == '#')
            {
                while (at < file.Length && file[at] != '\n')
                {
                    at++;
                }
            }
            else
            {
                at++;
            }
        }
    }

    private static int Number(byte[] file, ref int at, string name)
    {
        SkipSpace(file, ref at);
        int start = at;
        int value = 0;
        while (at < file.Length && file[at] is >= (byte)'0' and <= (byte)'9' && at - start < 9)
        {
            value = (value * 10) + file[at++] - '0';
        }

        bool isWhole = at > start && (at == file.Length || file[at] is < (byte)'0' or > (byte)'9');
        return isWhole ? value : throw new ModelFormatException(
            name, at, "PNM: a number is missing or too long; the file is truncated or damaged");
    }
}
