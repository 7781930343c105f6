using System.Diagnostics;
using Temper.Data.Images;
using Temper.Data.Tests.Video;
using Temper.Formats;
using Temper.Testing;

namespace Temper.Data.Tests.Images;

/// <summary>Tests JPEG files as found in practice: cut off, and with names and orientations of all kinds.</summary>
public sealed class JpegTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [FfmpegTheory]
    [InlineData(2)]
    [InlineData(4)]
    public void Truncated_file_is_refused_instead_of_filled_up(int part)
    {
        byte[] whole = Jpeg(64, 40);
        File.WriteAllBytes(_folder["cut.jpg"], whole[..(whole.Length - (whole.Length / part))]);
        Assert.Contains("cut.jpg", Assert.Throws<ModelFormatException>(() => PictureFile.Load(_folder["cut.jpg"])).Message);
        File.WriteAllBytes(_folder["whole.jpg"], [.. whole, 0, 0, 0]);                  // bytes after the picture do no harm
        Assert.Equal((64, 40), (PictureFile.Load(_folder["whole.jpg"]).Width, PictureFile.Load(_folder["whole.jpg"]).Height));
    }

    /// <summary>The name of one file is not the pattern of a series of files.</summary>
    [FfmpegTheory]
    [InlineData("hot%20dog.jpg")]
    [InlineData("%d.jpg")]
    public void Percent_signs_in_a_name_have_no_meaning(string name)
    {
        File.WriteAllBytes(_folder["0.jpg"], Jpeg(16, 8));
        File.WriteAllBytes(_folder[name], Jpeg(24, 16));
        Picture picture = PictureFile.Load(_folder[name]);
        Assert.Equal((24, 16), (picture.Width, picture.Height));
    }

    /// <summary>Phones store pictures in sensor orientation; the decoder returns them upright.</summary>
    [FfmpegTheory]
    [InlineData(1, true)]
    [InlineData(3, false)]
    [InlineData(6, true)]
    [InlineData(6, false)]
    [InlineData(8, true)]
    public void Size_in_the_header_is_that_of_the_upright_picture(int orientation, bool isLittle)
    {
        byte[] jpeg = Jpeg(24, 16);
        byte[] tiff = isLittle
            ? [.. "II*\0"u8, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, (byte)orientation, 0, 0, 0, 0, 0, 0, 0]
            : [.. "MM\0*"u8, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, 0, 0, 0, 0];
        foreach (string part in new[] { "train", "test" })
        {
            Directory.CreateDirectory(_folder[$"{part}/a"]);
            File.WriteAllBytes(
                _folder[$"{part}/a/photo.jpg"], [.. jpeg[..2], 0xFF, 0xE1, 0, (byte)(tiff.Length + 8), .. "Exif\0\0"u8, .. tiff, .. jpeg[2..]]);
        }

        Dataset train = DataSource.Open(_folder.Path).Train;
        int[] expected = orientation < 5 ? [3, 16, 24] : [3, 24, 16];
        Assert.Equal(expected, train.SampleShape);
        train.CopySample(0, new float[train.SampleShape.Count]);                        // refuses a picture of another size
    }

    private byte[] Jpeg(int width, int height)
    {
        byte[] pixels = [.. Samples.Labels(width * height * 3, 256, seed: 3).Select(v => (byte)v)];
        File.WriteAllBytes(_folder["source.png"], PngEncoder.Encode(new Picture(width, height, 3, pixels)));
        string path = _folder["source.jpg"];
        using Process process = Process.Start(new ProcessStartInfo(
            "ffmpeg", ["-v", "error", "-nostdin", "-y", "-i", _folder["source.png"], path]) { UseShellExecute = false })!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return File.ReadAllBytes(path);
    }
}
