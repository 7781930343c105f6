using Temper.Data.Video;
using Temper.Tensors;

namespace Temper.Robustness.Video;

/// <summary>Clips as a file gives them back.</summary>
public static class CodedClips
{
    /// <summary>Writes a clip and reads the file again.</summary>
    /// <param name="clip">Square frames <c>[T, C, H, W]</c>, 0 to 1.</param>
    /// <param name="path">The file, which stays; its ending says the format, see <see cref="VideoFile.Save"/>.</param>
    /// <param name="framesPerSecond">Above zero.</param>
    /// <param name="quality">H.264's constant rate factor; null: without loss.</param>
    /// <returns><c>[T, 3, H, W]</c>, 0 to 1.</returns>
    /// <exception cref="Temper.Data.DataUnavailableException">ffmpeg is needed and not installed.</exception>
    public static Tensor Through(Tensor clip, string path, double framesPerSecond = 25, int? quality = null)
    {
        VideoFile.Save(path, VideoClip.FromTensor(clip, framesPerSecond), quality);
        VideoClip read = VideoFile.Load(path, new VideoReadOptions { Frames = clip.Shape[0] });
        return read.Window(0, clip.Shape[0]).Square(clip.Shape[2]).ToTensor();
    }

    /// <summary>The same with a file that is deleted afterwards.</summary>
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
