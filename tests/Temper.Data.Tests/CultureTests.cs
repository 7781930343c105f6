using Temper.Data.Video;
using Temper.Testing;

namespace Temper.Data.Tests;

/// <summary>Errors are the same in every culture.</summary>
public sealed class CultureTests
{
    [Fact]
    public void Errors_have_decimal_points()
    {
        using var commas = new CommaCulture();
        Assert.Contains(
            "at 12.5 frames per second", Assert.Throws<ArgumentException>(() => new VideoClip(1, 1, 1, new byte[2], 12.5)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "TrainPart -0.5, GapPart 0.25;",
            Assert.Throws<ArgumentException>(() => new VideoSetOptions { TrainPart = -0.5, GapPart = 0.25 }.Check()).Message, StringComparison.Ordinal);
    }
}
