using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Temper.Formats;

namespace Temper.Data.Video;

/// <summary>
/// Decodes and encodes videos with an installed ffmpeg, run as a separate process; frames are piped one at a time.
/// </summary>
internal static class Ffmpeg
{
    /// <summary>Maximum number of characters of ffmpeg's message in an error.</summary>
    private const int LongestMessage = 300;

    /// <summary>Whether ffmpeg is installed.</summary>
    internal static bool IsInstalled => InstalledTest.Value;

    private static readonly Lazy<bool> InstalledTest = new(() =>
    {
        try
        {
            using Process process = Start("ffmpeg", ["-version"], writes: false);
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (DataUnavailableException)
        {
            return false;
        }
    });

    /// <summary>
    /// Reads frames as 8-bit RGB, rotated according to the file's metadata; returns the frame rate in frames per
    /// second.
    /// </summary>
    internal static double Read(string path, FrameCollector frames)
    {
        double rate = Rate(path);
        using Process process = Start(
            "ffmpeg",
            [
                "-v", "error", "-xerror", "-nostdin", "-i", Path.GetFullPath(path), "-map", "0:v:0", "-an", "-sn",
                "-fps_mode", "passthrough",
                "-frames:v", frames.Last.ToString(CultureInfo.InvariantCulture), "-pix_fmt", "rgb24", "-f",
                "image2pipe", "-c:v", "ppm", "-",
            ],
            writes: false);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        try
        {
            using var stream = new BufferedStream(process.StandardOutput.BaseStream, 1 << 16);
            byte[] pixels = [];
            while (!frames.IsFull && ReadHeader(stream, path) is var (width, height))
            {
                frames.RequireSize(width, height);
                Array.Resize(ref pixels, 3 * width * height);
                if (stream.ReadAtLeast(pixels, pixels.Length, throwOnEndOfStream: false) < pixels.Length)
                {
                    break;                                    // the exit code is checked below
                }

                frames.Add(width, height, pixels);
            }

            if (frames.IsFull)
            {
                return rate;
            }

            process.WaitForExit();
            return process.ExitCode == 0 ? rate : throw new ModelFormatException(
                path, $"video: ffmpeg cannot read the whole file ({Shown(errors, process)})");
        }
        finally
        {
            End(process);
        }
    }

    /// <summary>
    /// Writes the video to a temporary file in the same folder, then renames it. One that a killed process left behind
    /// is deleted.
    /// </summary>
    internal static void Write(string path, VideoClip clip, string[] codec)
    {
        string full = Path.GetFullPath(path), temporary = Leftovers.PathFor(full);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);

        // Named, because the temporary file has another extension.
        string format = Path.GetExtension(full).ToLowerInvariant() switch
        {
            ".mkv" => "matroska",
            string ending => ending[1..],
        };
        try
        {
            using (Process process = Start("ffmpeg", [
                "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", $"{clip.Width}x{clip.Height}",
                "-r", clip.FramesPerSecond.ToString("R", CultureInfo.InvariantCulture), "-i", "-", .. codec,
                "-map_metadata", "-1", "-fflags", "+bitexact",
                "-flags:v", "+bitexact", "-f", format, temporary], writes: true))
            {
                Send(process, clip, path);
            }

            File.Move(temporary, full, overwrite: true);
            Leftovers.Remove(full);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static void Send(Process process, VideoClip clip, string path)
    {
        Task<string> errors = process.StandardError.ReadToEndAsync(), output = process.StandardOutput.ReadToEndAsync();
        try
        {
            try
            {
                process.StandardInput.BaseStream.Write(clip.Pixels);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // ffmpeg exited before it read everything; its exit code and message are reported below.
            }

            process.WaitForExit();
            output.GetAwaiter().GetResult();
            if (process.ExitCode != 0)
            {
                throw new IOException($"{path}: ffmpeg cannot write the file ({Shown(errors, process)})");
            }
        }
        finally
        {
            End(process);
        }
    }

    /// <summary>Returns the frame rate in frames per second; 25 if the file does not specify it.</summary>
    private static double Rate(string path)
    {
        using Process process = Start(
            "ffprobe",
            [
                "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=avg_frame_rate", "-of", "csv=p=0",
                Path.GetFullPath(path),
            ], writes: false);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string text = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        if (process.ExitCode != 0 || text.Length == 0)
        {
            string message = process.ExitCode == 0 ? "it has no video stream" : Shown(errors, process);
            throw new ModelFormatException(path, $"video: ffmpeg cannot read the file ({message})");
        }

        string[] sides = text.Split('\n')[0].Trim().TrimEnd(',').Split('/');
        return sides.Length == 2
            && double.TryParse(sides[0], NumberStyles.None, CultureInfo.InvariantCulture, out double above)
            && double.TryParse(sides[1], NumberStyles.None, CultureInfo.InvariantCulture, out double below)
            && above > 0
            && below > 0 ? above / below : 25;
    }

    /// <summary>
    /// Reads the header of the next frame (PPM, P6, one byte per channel) and returns width and height; null at the
    /// end.
    /// </summary>
    private static (int Width, int Height)? ReadHeader(Stream stream, string path)
    {
        Span<int> numbers = stackalloc int[3];
        int first = stream.ReadByte();
        if (first < 0)
        {
            return null;
        }

        if (first != 'P' || stream.ReadByte() != '6')
        {
            throw new ModelFormatException(path, "video: ffmpeg's output is not a frame (expected a portable "
                + "pixmap)");
        }

        int at = -1;
        for (bool wasDigit = false; at < 3;)
        {
            int next = stream.ReadByte();
            if (next is >= '0' and <= '9')
            {
                at += wasDigit ? 0 : 1;
                numbers[Math.Min(at, 2)] = Math.Min((numbers[Math.Min(at, 2)] * 10) + (next - '0'), 1 << 20);
                wasDigit = true;
            }
            else if (next is ' ' or '\n')
            {
                if (wasDigit && at == 2)
                {
                    break;
                }

                wasDigit = false;
            }
            else
            {
                return next < 0
                    ? null
                    : throw new ModelFormatException(path, "video: ffmpeg's output contains a malformed frame");
            }
        }

        return (numbers[0], numbers[1]);
    }

    private static Process Start(string program, string[] arguments, bool writes)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        try
        {
            Process process = Process.Start(start) ?? throw new Win32Exception();
            if (!writes)
            {
                process.StandardInput.Close();
            }

            return process;
        }
        catch (Win32Exception e)
        {
            throw new DataUnavailableException(
                $"video: {program} is needed for this file and is not installed; install ffmpeg, or convert the video "
                + "to Y4M, GIF or a folder of pictures", e);
        }
    }

    /// <summary>Stops a process whose remaining output is not needed.</summary>
    private static void End(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
            process.WaitForExit();
        }
    }

    private static string Shown(Task<string> errors, Process process)
    {
        string text = errors.GetAwaiter().GetResult().Trim().ReplaceLineEndings("; ");
        text = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
        return text.Length == 0
            ? $"exit code {process.ExitCode}"
            : text.Length > LongestMessage
            ? text[..LongestMessage] + "..."
            : text;
    }
}
