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
