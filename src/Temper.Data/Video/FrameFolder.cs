using System.Text.RegularExpressions;
using Temper.Data.Images;
using Temper.Formats;

namespace Temper.Data.Video;

/// <summary>Reads and writes videos as folders of pictures.</summary>
internal static partial class FrameFolder
{
    private const string Extension = ".png";

    /// <summary>
    /// Reads the pictures in natural order of their names: numbers are compared by value, and names that then are
    /// equal, such as 1.png and 01.png, as texts.
    /// </summary>
    internal static void Read(string folder, FrameCollector frames)
    {
        string[] files = [.. Directory.EnumerateFiles(folder).Where(IsPicture)
            .OrderBy(SortKey, StringComparer.Ordinal).ThenBy(path => path, StringComparer.Ordinal)];
        if (files.Length == 0)
        {
            throw new ModelFormatException(folder, "video: the folder contains no pictures (expected "
                + $"{string.Join(", ", PictureFile.Extensions)})");
        }

        foreach (string file in files)
        {
            if (frames.IsFull)
            {
                break;
            }

            Picture picture = PictureFile.Load(file);
            frames.Add(picture.Width, picture.Height, Rgb(picture));
        }
    }

    /// <summary>
    /// Writes the frames as 00000.png, 00001.png and so on, and deletes the later frames of a longer clip that was
    /// written to the folder before.
    /// </summary>
    internal static void Write(string folder, VideoClip clip)
    {
        Directory.CreateDirectory(folder);
        for (int i = 0; i < clip.Frames; i++)
        {
            byte[] png = PngEncoder.Encode(new Picture(clip.Width, clip.Height, 3, clip.Frame(i).ToArray()));
            AtomicFile.Write(NumberedFiles.PathOf(folder, i, Extension), stream => stream.Write(png));
        }

        NumberedFiles.DeleteFrom(folder, clip.Frames, Extension);
    }

    /// <summary>Returns the file name with all numbers zero-padded, so that 10 sorts after 9.</summary>
    private static string SortKey(string path) =>
        Digits().Replace(Path.GetFileName(path), match => match.Value.PadLeft(20, '0'));

    [GeneratedRegex("[0-9]+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Digits();

    private static bool IsPicture(string path) =>
        Path.GetFileName(path)[0] != '.'
            && PictureFile.Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Converts to three channels: gray is repeated, alpha is dropped.</summary>
    private static byte[] Rgb(Picture picture)
    {
        if (picture.Channels == 3)
        {
            return picture.Pixels;
        }

        byte[] pixels = new byte[picture.Width * picture.Height * 3];
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = picture.Pixels[(i / 3 * picture.Channels) + (picture.Channels < 3 ? 0 : i % 3)];
        }

        return pixels;
    }
}
