using System.Text.Json;
using Temper.Data.Images;
using Temper.Formats;
using Temper.Testing;

namespace Temper.Data.Tests.Images;

public sealed class PictureTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-pictures-").FullName;

    public static TheoryData<string> Names
    {
        get
        {
            using JsonDocument golden = GoldenPictures.Open();
            return [.. golden.RootElement.EnumerateObject().Select(c => c.Name)];
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Names))]
    public void Picture_of_another_program_has_its_pixels(string name)
    {
        using JsonDocument golden = GoldenPictures.Open();
        JsonElement recorded = golden.RootElement.GetProperty(name);
        string path = Path.Combine(_folder, "picture");
        File.WriteAllBytes(path, recorded.GetProperty("file").GetBytesFromBase64());
        Picture picture = PictureFile.Load(path);
        int Number(string property) => recorded.GetProperty(property).GetInt32();
        Assert.Equal((Number("height"), Number("width"), Number("channels")), (picture.Height, picture.Width, picture.Channels));
        Assert.Equal(recorded.GetProperty("pixels").GetBytesFromBase64(), picture.Pixels);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    public void Picture_encoded_then_read_is_the_same(int channels)
    {
        byte[] pixels = [.. Samples.Labels(7 * 5 * channels, 256, seed: 1).Select(v => (byte)v)];
        string path = Path.Combine(_folder, "picture.png");
        File.WriteAllBytes(path, PngEncoder.Encode(new Picture(7, 5, channels, pixels)));
        Picture read = PictureFile.Load(path);
        Assert.Equal((7, 5, channels), (read.Width, read.Height, read.Channels));
        Assert.Equal(pixels, read.Pixels);
    }

    [Fact]
    public void Picture_that_is_too_large_is_refused_with_the_limit()
    {
        byte[] bitmap = [.. "BM"u8, .. new byte[52]];
        bitmap[20] = bitmap[24] = 1;                                                    // 65536 x 65536 pixels
        foreach (byte[] file in (byte[][])[bitmap, [.. "P6 65536 65536 255\n0"u8]])
        {
            Assert.Contains("65536 x 65536", Refusal(file), StringComparison.Ordinal);
            Assert.Contains("expected at most 268435456 pixels", Refusal(file), StringComparison.Ordinal);
        }

        static string Refusal(byte[] file) => Assert.Throws<ModelFormatException>(() => PictureFile.Decode(file, "picture")).Message;
    }

    /// <summary>A folder of large pictures is listed by their headers; only a long comment needs more of the file.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(4086)]
    [InlineData(4087)]
    [InlineData(4088)]
    [InlineData(4089)]
    [InlineData(4090)]
    [InlineData(9000)]
    public void Size_of_a_portable_map_is_read_without_its_pixels(int comment)
    {
        string path = Path.Combine(_folder, "large.pgm");
        File.WriteAllBytes(path, [.. "P5\n#"u8, .. Enumerable.Repeat((byte)'x', comment), .. "\n2000 1000 255\n"u8, .. new byte[2_000_000]]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(new PictureHeader(2000, 1000, 1), PictureHeader.Read(path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
    }

    [Fact]
    public void Planes_repeat_gray_drop_opacity_and_take_the_luma()
    {
        Assert.Equal([9, 9, 9], new Picture(1, 1, 1, [9]).ToPlanes(3));
        Assert.Equal([1, 5, 2, 6, 3, 7], new Picture(2, 1, 4, [1, 2, 3, 255, 5, 6, 7, 0]).ToPlanes(3));
        Assert.Equal([150], new Picture(1, 1, 3, [0, 255, 0]).ToPlanes(1));
    }
}
