using Temper.Data.Video;
using Temper.Robustness.Video;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Robustness.Tests.Video;

/// <summary>Clips written to files and read back.</summary>
public sealed class CodedClipsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("clip.npy")]
    [InlineData("clip.y4m")]
    [InlineData("clip")]
    public void Formats_of_the_library_give_frames_back(string name) =>
        Check(name, null, name.EndsWith(".y4m", StringComparison.Ordinal) ? 0.05 : 1e-7);

    [FfmpegTheory]
    [InlineData("clip.mkv", null, 1e-7)]
    [InlineData("clip.mp4", null, 1e-7)]
    [InlineData("clip.mp4", 18, 0.1)]
    public void Formats_of_ffmpeg_give_frames_back(string name, int? quality, double most) =>
        Check(name, quality, most);

    [FfmpegTheory]
    [InlineData(18, 40)]
    public void Coarser_coding_loses_more(int fine, int coarse)
    {
        Tensor clip = Clip();
        Assert.True(Loss(coarse) > 2 * Loss(fine));

        double Loss(int quality)
        {
            Tensor read = CodedClips.Through(clip, _folder[$"{quality}.mp4"], quality: quality);
            return ClipChange.Mean(read.AsSpan<float>(), clip.AsSpan<float>());
        }
    }

    private void Check(string name, int? quality, double most)
    {
        Tensor clip = Clip(), read = CodedClips.Through(clip, _folder[name], quality: quality);
        Assert.Equal(clip.Shape, read.Shape);
        float[] a = clip.ToArray<float>(), b = read.ToArray<float>();
        double mean = Enumerable.Range(0, a.Length).Average(i => Math.Abs((double)a[i] - b[i]));
        Assert.InRange(mean, 0, most);
        Assert.Equal(quality is null && most < 1e-3, a.AsSpan().SequenceEqual(b));
    }

    /// <summary>Returns five frames of moving waves, with values that are multiples of 1/255.</summary>
    private static Tensor Clip() => Tensor.From(
        [.. Enumerable.Range(0, 5 * 3 * 32 * 32).Select(i => Gray(i % 32, i / 32 % 32, i / 3072) / 255f)], [5, 3, 32, 32]);

    private static float Gray(int x, int y, int frame) =>
        MathF.Round(127.5f + (60 * MathF.Sin((x * 0.4f) + frame)) + (50 * MathF.Cos(y * 0.3f)));
}

/// <summary>A test that needs an installed ffmpeg.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FfmpegTheoryAttribute : TheoryAttribute
{
    public FfmpegTheoryAttribute() => Skip = VideoFile.CanCode ? null : "ffmpeg is not installed";
}
