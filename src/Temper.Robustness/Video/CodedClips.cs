using Temper.Data.Video;
using Temper.Tensors;

namespace Temper.Robustness.Video;

/// <summary>Clips after encoding and decoding.</summary>
public static class CodedClips
{
    /// <summary>Writes a clip to a file and reads it back.</summary>
    /// <param name="clip">Square frames <c>[T, C, H, W]</c> with values in 0 to 1.</param>
    /// <param name="path">
    /// Path of the file, which is kept; its extension selects the format, see <see cref="VideoFile.Save"/>.
    /// </param>
    /// <param name="framesPerSecond">Frame rate, above zero.</param>
    /// <param name="quality">Constant rate factor of H.264; null: lossless.</param>
    /// <returns>Clip <c>[T, 3, H, W]</c> with values in 0 to 1.</returns>
    /// <exception cref="Temper.Data.DataUnavailableException">
    /// The format requires ffmpeg, which is not installed.
    /// </exception>
    public static Tensor Through(Tensor clip, string path, double framesPerSecond = 25, int? quality = null)
    {
        VideoFile.Save(path, VideoClip.FromTensor(clip, framesPerSecond), quality);
        VideoClip read = VideoFile.Load(path, new VideoReadOptions { Frames = clip.Shape[0] });
        return read.Window(0, clip.Shape[0]).Square(clip.Shape[2]).ToTensor();
    }

    /// <summary>Like <see cref="Through"/>, with a temporary file that is deleted afterwards.</summary>
    internal static Tensor ThroughTemporary(Tensor clip, string ending, int? quality)
    {
        string path = Path.Combine(Path.GetTempPath(), $"temper-{Guid.NewGuid():N}{ending}");
        try
        {
            return Through(clip, path, quality: quality);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
