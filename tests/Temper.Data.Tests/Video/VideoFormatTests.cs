using System.Buffers.Binary;
using System.Diagnostics;
using Temper.Data.Video;
using Temper.Formats;
using Temper.Testing;

namespace Temper.Data.Tests.Video;

/// <summary>Tests files whose stored frames are not upright 8-bit color frames of one size.</summary>
public sealed class VideoFormatTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>
    /// Ten bits per channel become eight: the decoded frames equal the encoded ones up to rounding and the conversion
    /// from YUV.
    /// </summary>
    [FfmpegTheory]
    [InlineData("gbrp10le", 1)]
    [InlineData("yuv444p10le", 3)]
    public void Ten_bits_become_eight(string format, int tolerance)
    {
        VideoClip clip = Clip(3, 16, 24);
        VideoFile.Save(_folder["eight.mkv"], clip);
        Encode("-i", _folder["eight.mkv"], "-c:v", "ffv1", "-pix_fmt", format, _folder["ten.mkv"]);
        VideoClip again = VideoFile.Load(_folder["ten.mkv"]);
        Assert.Equal((3, 16, 24), (again.Frames, again.Height, again.Width));
        for (int i = 0; i < clip.Pixels.Length; i++)
        {
            Assert.InRange(again.Pixels[i] - clip.Pixels[i], -tolerance, tolerance);
        }
    }

    /// <summary>The native reader rejects ten-bit Y4M with an error that names the file.</summary>
    [FfmpegFact]
    public void Ten_bit_y4m_is_refused_by_name()
    {
        VideoFile.Save(_folder["eight.mkv"], Clip(2, 16, 16));
        Encode("-i", _folder["eight.mkv"], "-pix_fmt", "yuv420p10le", "-strict", "-1", _folder["ten.y4m"]);
        Assert.Contains("ten.y4m", Assert.Throws<ModelFormatException>(() => VideoFile.Load(_folder["ten.y4m"])).Message);
    }

    /// <summary>
    /// Phones store frames in sensor orientation, with a rotation matrix. Frames are returned upright.
    /// </summary>
    [FfmpegTheory]
    [InlineData(90)]
    [InlineData(180)]
    [InlineData(270)]
    public void Rotated_video_comes_upright(int degrees)
    {
        VideoClip stored = Clip(3, 16, 24);
        VideoFile.Save(_folder["turned.mp4"], stored);
        byte[] file = File.ReadAllBytes(_folder["turned.mp4"]);
        SetRotation(file, degrees);
        File.WriteAllBytes(_folder["turned.mp4"], file);

        VideoClip upright = VideoFile.Load(_folder["turned.mp4"]);
        Assert.Equal(degrees == 180 ? (16, 24) : (24, 16), (upright.Height, upright.Width));
        Assert.Equal(10, upright.FramesPerSecond, 0.01);
        for (int y = 0; y < stored.Height; y++)
        {
            for (int x = 0; x < stored.Width; x++)
            {
                (int row, int column) = degrees switch
                {
                    90 => (x, stored.Height - 1 - y),
                    180 => (stored.Height - 1 - y, stored.Width - 1 - x),
                    _ => (stored.Width - 1 - x, y),
                };
                Assert.Equal(
                    stored.Frame(1).Slice(((y * stored.Width) + x) * 3, 3).ToArray(),
                    upright.Frame(1).Slice(((row * upright.Width) + column) * 3, 3).ToArray());
            }
        }
    }

    /// <summary>ffmpeg scales later frames to the size of the first, so a clip has frames of one size.</summary>
    [FfmpegFact]
    public void Frames_that_change_their_size_come_in_that_of_the_first()
    {
        foreach (int side in new[] { 16, 32 })
        {
            VideoFile.Save(_folder[$"{side}.mkv"], Clip(3, side, side));
            Encode("-i", _folder[$"{side}.mkv"], "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-f", "mjpeg", _folder[$"{side}.mjpeg"]);
        }

        File.WriteAllBytes(_folder["both.mjpeg"], [.. File.ReadAllBytes(_folder["16.mjpeg"]), .. File.ReadAllBytes(_folder["32.mjpeg"])]);
        VideoClip clip = VideoFile.Load(_folder["both.mjpeg"]);
        Assert.Equal((6, 16, 16), (clip.Frames, clip.Height, clip.Width));
    }

    /// <summary>
    /// Writes the rotation into the track header (ISO/IEC 14496-12, 8.3.2, version 0): a matrix of 36 bytes, 44 bytes
    /// after the start of the box's name.
    /// </summary>
    private static void SetRotation(byte[] file, int degrees)
    {
        int at = file.AsSpan().IndexOf("tkhd"u8);
        Assert.True(at > 0 && file[at + 4] == 0);
        (int cos, int sin) = degrees switch { 90 => (0, 1), 180 => (-1, 0), _ => (0, -1) };
        int[] matrix = [cos << 16, sin << 16, 0, -sin << 16, cos << 16, 0, 0, 0, 1 << 30];
        for (int i = 0; i < matrix.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(at + 44 + (4 * i)), matrix[i]);
        }
    }

    private static void Encode(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("ffmpeg", ["-v", "error", "-nostdin", "-y", .. arguments]) { UseShellExecute = false })!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    private static VideoClip Clip(int frames, int height, int width)
    {
        byte[] pixels = new byte[frames * height * width * 3];
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (byte)(128 + (100 * Math.Sin(i * 0.013)));
        }

        return new VideoClip(frames, height, width, pixels, 10);
    }
}
