using Temper.Data.Images;
using Temper.Testing;

namespace Temper.Data.Tests.Images;

/// <summary>
/// Compares interlaced with plain PNG files of the same samples. Both are written here by the pass matrix of the
/// specification.
/// </summary>
public sealed class InterlacedPngTests
{
    public static TheoryData<int, int> Kinds => new()
    {
        { 0, 1 }, { 0, 2 }, { 0, 4 }, { 0, 8 }, { 0, 16 }, { 2, 8 }, { 2, 16 }, { 3, 1 }, { 3, 4 }, { 3, 8 }, { 4, 8 }, { 6, 8 },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Picture_has_the_pixels_of_the_plain_one(int colorType, int depth)
    {
        foreach ((int width, int height) in ((int, int)[])[(1, 1), (2, 1), (3, 2), (1, 9), (4, 4), (5, 3), (8, 8), (9, 17), (33, 7)])
        {
            long[] samples = Samples.Labels(width * height * PngFiles.SamplesOf(colorType), colorType == 3 ? 1 << Math.Min(depth, 3) : 1 << depth, seed: (ulong)(width + height));
            Picture plain = PngDecoder.Decode(PngFiles.Write(colorType, depth, (width, height), samples, isInterlaced: false), "plain");
            Picture interlaced = PngDecoder.Decode(PngFiles.Write(colorType, depth, (width, height), samples, isInterlaced: true), "interlaced");
            Assert.Equal((plain.Width, plain.Height, plain.Channels), (interlaced.Width, interlaced.Height, interlaced.Channels));
            Assert.Equal(plain.Pixels, interlaced.Pixels);
        }
    }

    [Fact]
    public void Truncated_passes_are_refused()
    {
        byte[] file = PngFiles.Write(0, 8, (9, 9), Samples.Labels(81, 256, seed: 1), isInterlaced: true);
        byte[] cut = [.. file[..^30], .. file[^12..]];
        Assert.Throws<Formats.ModelFormatException>(() => PngDecoder.Decode(cut, "cut"));
    }
}
