using Temper.Formats;

namespace Temper.Data.Images;

/// <summary>Reads picture files: PNG, PNM, BMP and JPEG.</summary>
public static class PictureFile
{
    private const long MaxFileBytes = 256L * 1024 * 1024;

    /// <summary>File name extensions that can be read; JPEG needs an installed ffmpeg.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".png", ".pnm", ".pgm", ".ppm", ".bmp", ".jpg", ".jpeg"];

    /// <summary>Reads a picture; the format is detected from the content.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelFormatException">The file is malformed or its format is unknown.</exception>
    /// <exception cref="DataUnavailableException">The file is a JPEG and ffmpeg is not installed.</exception>
    public static Picture Load(string path)
    {
        if (new FileInfo(path).Length > MaxFileBytes)
        {
            throw new ModelFormatException(path, $"picture: the file is larger than {MaxFileBytes} bytes");
        }

        return Decode(File.ReadAllBytes(path), path);
    }

    /// <summary>Decodes the bytes of a file; only a JPEG is read again from its path.</summary>
    internal static Picture Decode(byte[] bytes, string path) => bytes switch
    {
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => PngDecoder.Decode(bytes, path),
        [(byte)'P', >= (byte)'2' and <= (byte)'6', ..] => PnmDecoder.Decode(bytes, path),
        [(byte)'B', (byte)'M', ..] => BmpDecoder.Decode(bytes, path),
        [0xFF, 0xD8, ..] => JpegThroughFfmpeg.Decode(path),
        _ => throw new ModelFormatException(path, "picture: unknown format (expected PNG, PNM, BMP or JPEG)"),
    };
}
