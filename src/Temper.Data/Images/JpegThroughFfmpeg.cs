using System.ComponentModel;
using System.Diagnostics;
using Temper.Formats;

namespace Temper.Data.Images;

/// <summary>
/// Reads JPEG files with an installed ffmpeg, which returns the picture as a portable pixmap (PPM).
/// </summary>
internal static class JpegThroughFfmpeg
{
    internal static Picture Decode(string path)
    {
        // Without "explode" the missing part of a truncated file is filled with gray. The format is named because
        // ffmpeg would guess a numbered series from a path such as "hot%20dog.jpg".
        var start = new ProcessStartInfo(
            "ffmpeg",
            [
                "-v", "error", "-err_detect", "explode", "-f", "jpeg_pipe", "-i", Path.GetFullPath(path),
                "-frames:v", "1", "-f", "image2pipe", "-c:v", "ppm", "-",
            ])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        try
        {
            using Process process = Process.Start(start) ?? throw new Win32Exception();
            process.StandardInput.Close();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            using var picture = new MemoryStream();
            process.StandardOutput.BaseStream.CopyTo(picture);
            process.WaitForExit();
            return process.ExitCode == 0 && picture.Length > 2
                ? PnmDecoder.Decode(picture.ToArray(), path)
                : throw new ModelFormatException(
                    path, $"JPEG: ffmpeg cannot read it ({errors.GetAwaiter().GetResult().Trim()})");
        }
        catch (Win32Exception e)
        {
            throw new DataUnavailableException($"{path}: reading JPEG needs ffmpeg, which is not installed; install "
                + "it, or convert the pictures to PNG", e);
        }
    }
}
