using Temper.Cli.Attacks;
using Temper.Robustness.Video;

namespace Temper.Cli.Tests.Attacks;

/// <summary>Attacks on clips as text, with and without a fooled clip.</summary>
public sealed class VideoAttackTextTests
{
    private static readonly VideoRow Row = new("sparse", 4 / 255.0, 0.5, 1, 0.5, 1, 3, 0.01, 40, 0.99, 10, 20, 1.5);

    [Theory]
    [InlineData(double.NaN, "sparse 4/255: 50.0 % still classified correctly, 1.5 s")]
    [InlineData(1, "sparse 4/255: 50.0 % still classified correctly, 1 frame, 1.5 s")]
    [InlineData(1.5, "sparse 4/255: 50.0 % still classified correctly, 1.5 frames, 1.5 s")]
    [InlineData(3, "sparse 4/255: 50.0 % still classified correctly, 3 frames, 1.5 s")]
    public void A_line_tells_the_frames_of_fooled_clips(double frames, string line) =>
        Assert.Equal(line, VideoAttackText.Line(Row with { MedianFrames = frames }));

    /// <summary>Levels are rounded down, those below 1 to no change at all, which says nothing about the network.</summary>
    [Theory]
    [InlineData(0, "sparse 0/255: ")]
    [InlineData(7, "sparse 7/255: ")]
    public void A_line_tells_the_radius_that_was_used(int levels, string start) =>
        Assert.StartsWith(start, VideoAttackText.Line(Row with { Epsilon = levels / 255.0 }), StringComparison.Ordinal);

    [Fact]
    public void A_row_without_a_fooled_clip_has_dashes()
    {
        VideoRow none = Row with { Fooled = 0, MedianFrames = double.NaN, LateFrames = double.NaN, Ssim = double.NaN };
        Assert.Equal(["sparse", "4", "50.0 %", "100.0 %", "-", "-", "-", "20", "1.5"], VideoAttackText.Cells(none));
        Assert.Equal(["sparse", "4", "50.0 %", "100.0 %", "1", "3", "0.9900", "20", "1.5"], VideoAttackText.Cells(Row));
    }
}
