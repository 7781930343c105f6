using Temper.Formats;

namespace Temper.Data.Images;

/// <summary>Reads pictures of every format there is a codec for.</summary>
public static class PictureFile
{
    private const long MaxFileBytes = 256L * 1024 * 1024;

    /// <summary>File name endings that can be read; JPEG needs an installed ffmpeg.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".png", ".pnm", ".pgm", ".ppm", ".bmp", ".jpg", ".jpeg"];

    /// <summary>Reads a picture; the content decides the format.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelFormatException">It is malformed or of no known format.</exception>
    /// <exception cref="DataUnavailableException">It is a JPEG and ffmpeg is not installed.</exception>
    public static Picture Load(string path)
    {
        if (new FileInfo(path).Length > MaxFileBytes)
        {
            throw new ModelFormatException(path, 0, $"picture: the file is larger than {MaxFileBytes} bytes");
        }

        return Decode(File.ReadAllBytes(path), path);
    }

    /// <summary>Decodes a file's bytes; only a JPEG is read again from its path.</summary>
    internal static Picture Decode(byte[] bytes, string path) => bytes switch
    {
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => PngDecoder.Decode(bytes, path),
        [(byte)'P', >= (byte)'2' and <= (byte)'6', ..] => PnmDecoder.Decode(bytes, path),
        [(byte)'B', (byte)'M', ..] => BmpDecoder.Decode(bytes, path),
        [0xFF, 0xD8, ..] => JpegThroughFfmpeg.Decode(path),
        _ => throw new ModelFormatException(path, 0, "picture: of no known format (expected PNG, PNM, BMP or JPEG)"),
    };
}
