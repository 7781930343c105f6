using Temper.Data.Images;
using Temper.Data.Readers;
using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Tensors;

namespace Temper.Data.Video;

/// <summary>Options that select the frames of a video to read.</summary>
public sealed record VideoReadOptions
{
    /// <summary>Index of the first frame, 0 or more. Default 0.</summary>
    public int Start { get; init; }

    /// <summary>Distance between two frames, 1 or more. Default 1.</summary>
    public int Step { get; init; } = 1;

    /// <summary>Maximum number of frames, default 256; later frames are not decoded.</summary>
    public int Frames { get; init; } = 256;

    /// <summary>Maximum size of all frames together in bytes, three per pixel. Default 1 GiB.</summary>
    public long MaxBytes { get; init; } = 1L << 30;

    internal void Check()
    {
        if (Start < 0 || Step < 1 || Frames < 1 || MaxBytes < 1)
        {
            throw new ArgumentException($"video: invalid selection of frames (got start {Start}, step {Step}, {Frames} "
                + "frames; expected start 0 or more, step and frames 1 or more)");
        }
    }
}

/// <summary>
/// Reads and writes videos. Y4M, animated GIF, folders of pictures and arrays <c>[T, H, W, 3]</c> are supported
/// natively;
/// all other formats need an installed ffmpeg.
/// </summary>
public static class VideoFile
{
    private const long MaxFileBytes = 1L << 30;

    /// <summary>Whether a file name has the extension of a video.</summary>
    internal static bool IsVideo(string path) =>
        Endings.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether ffmpeg is installed; it is needed to write .mkv, .avi and .mp4.</summary>
    public static bool CanCode => Ffmpeg.IsInstalled;

    /// <summary>File name extensions that data sets treat as videos.</summary>
    public static IReadOnlyList<string> Endings { get; } =
    [
        ".avi", ".mp4", ".mkv", ".mov", ".webm", ".m4v", ".mpg", ".y4m", ".gif", ".npy",
    ];

    /// <summary>
    /// File name extensions that <see cref="Save"/> writes, in lower case; without one it writes a folder of pictures.
    /// </summary>
    public static IReadOnlyList<string> WrittenEndings { get; } = ["", ".y4m", ".npy", ".mkv", ".avi", ".mp4"];

    /// <summary>Reads frames of a video.</summary>
    /// <param name="path">
    /// A video file, a folder of pictures (read in the order of their names), or a uint8 array <c>[T, H, W, 3]</c> as
    /// .npy or .npy.gz.
    /// </param>
    /// <param name="options">Selects the frames; null: the first 256.</param>
    /// <exception cref="ModelFormatException">
    /// The file is damaged, the requested frames do not exist, or they exceed the memory limit.
    /// </exception>
    /// <exception cref="DataUnavailableException">ffmpeg is needed but not installed.</exception>
    /// <exception cref="FileNotFoundException">The path does not exist.</exception>
    public static VideoClip Load(string path, VideoReadOptions? options = null) =>
        Load(path, options ?? new VideoReadOptions(), side: null);

    /// <summary>
    /// Reads frames of a video like <see cref="Load(string, VideoReadOptions)"/>, and crops and resizes each as it
    /// arrives, so that the memory limit applies to the small frames.
    /// </summary>
    /// <param name="path">The video.</param>
    /// <param name="options">Selects the frames.</param>
    /// <param name="side">
    /// Height and width of the frames, in pixels, see <see cref="VideoClip.Square"/>; null: they keep their size.
    /// </param>
    internal static VideoClip Load(string path, VideoReadOptions options, int? side)
    {
        options.Check();
        var frames = new FrameCollector(path, options, side);
        if (Directory.Exists(path))
        {
            FrameFolder.Read(path, frames);
            return frames.ToClip(25);
        }

        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"video: the file or folder does not exist: '{path}'");
        }

        double rate = 25;
        if (path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase)
            || path.EndsWith(".npy.gz", StringComparison.OrdinalIgnoreCase))
        {
            ReadArray(path, frames);
        }
        else
        {
            rate = Kind(path) switch
            {
                "Y4M" => Y4m.Read(path, frames),
                "GIF" => GifDecoder.Read(File.ReadAllBytes(RequireSize(path)), path, frames),
                _ => Ffmpeg.Read(path, frames),
            };
        }

        return frames.ToClip(rate);
    }

    /// <summary>Writes a clip. Files are written atomically.</summary>
    /// <param name="path">
    /// A file with extension .y4m or .npy, or a name without extension for a folder of PNG files. With ffmpeg: .mkv or
    /// .avi (lossless FFV1) or .mp4 (H.264).
    /// </param>
    /// <param name="clip">The frames.</param>
    /// <param name="quality">H.264 constant rate factor, 1 to 51, larger is coarser; null: lossless. Only for
    /// .mp4.</param>
    /// <exception cref="ArgumentException">The extension is not supported.</exception>
    /// <exception cref="DataUnavailableException">ffmpeg is needed but not installed.</exception>
    /// <exception cref="IOException">Writing failed.</exception>
    public static void Save(string path, VideoClip clip, int? quality = null)
    {
        switch (Path.GetExtension(path).ToLowerInvariant())
        {
            case ".y4m":
                AtomicFile.Write(path, stream => Y4m.Write(stream, clip));
                break;
            case ".npy":
                NpyFile.Save(path, Tensor.From(clip.Pixels, [clip.Frames, clip.Height, clip.Width, 3]));
                break;
            case "":
                FrameFolder.Write(path, clip);
                break;
            case ".mkv" or ".avi":
                Ffmpeg.Write(path, clip, ["-c:v", "ffv1", "-pix_fmt", "bgr0"]);
                break;
            case ".mp4" when quality is { } factor:
                // Chroma at half the resolution requires an even width and height.
                Ffmpeg.Write(path, clip,
                [
                    "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-c:v", "libx264", "-crf", $"{Math.Clamp(factor, 1, 51)}",
                    "-pix_fmt", "yuv420p",
                ]);
                break;
            case ".mp4":
                Ffmpeg.Write(path, clip, ["-c:v", "libx264rgb", "-qp", "0", "-pix_fmt", "rgb24"]);
                break;
            default:
                throw new ArgumentException($"video: cannot write '{path}' (expected .y4m, .npy, .mkv, .avi, .mp4 or a "
                    + "folder name without an extension)", nameof(path));
        }
    }

    private static string Kind(string path)
    {
        Span<byte> start = stackalloc byte[10];
        using FileStream file = File.OpenRead(path);
        int read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        return read == 0 ? throw new ModelFormatException(path, "video: the file is empty")
            : start[..read].StartsWith("YUV4MPEG2"u8) ? "Y4M"
            : start[..read].StartsWith("GIF8"u8) ? "GIF"
            : "";
    }

    private static string RequireSize(string path) => new FileInfo(path).Length <= MaxFileBytes
        ? path
        : throw new ModelFormatException(
            path, $"video: the file is too large (expected at most {MaxFileBytes} bytes)");

    private static void ReadArray(string path, FrameCollector frames)
    {
        byte[] file = CompressedFile.ReadAll(path, MaxFileBytes);
        using var stream = new MemoryStream(file);
        Tensor array = NpyFile.Read(stream, file.Length, path);
        if (array.DType != DType.UInt8 || array.Rank != 4 || array.Shape[3] != 3)
        {
            throw new ModelFormatException(path, "video: the array has the wrong shape or type (got "
                + $"{array.DType} {array.Shape}, expected uint8 [T, H, W, 3])");
        }

        int size = array.Shape[1] * array.Shape[2] * 3;
        for (int i = 0; i < array.Shape[0] && !frames.IsFull; i++)
        {
            frames.Add(array.Shape[2], array.Shape[1], array.AsSpan<byte>().Slice(i * size, size));
        }
    }
}
