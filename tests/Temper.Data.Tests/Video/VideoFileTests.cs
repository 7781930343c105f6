using System.Text;
using Temper.Data.Images;
using Temper.Data.Video;
using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Data.Tests.Video;

/// <summary>Reading and writing videos: natively, and through ffmpeg where it is installed.</summary>
public sealed class VideoFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("clip.npy", 0)]
    [InlineData("frames", 0)]
    [InlineData("clip.y4m", 3)]
    public void Written_clip_comes_back(string name, int tolerance)
    {
        VideoClip clip = Clip(5, 12, 17);
        VideoFile.Save(_folder[name], clip);
        RequireEqual(clip, VideoFile.Load(_folder[name]), tolerance);
    }

    [FfmpegTheory]
    [InlineData("clip.mkv")]
    [InlineData("clip.mp4")]
    public void Written_clip_comes_back_through_ffmpeg_without_loss(string name)
    {
        VideoClip clip = Clip(6, 24, 32);
        VideoFile.Save(_folder[name], clip);
        VideoClip again = VideoFile.Load(_folder[name]);
        RequireEqual(clip, again, tolerance: 0);
        Assert.Equal(10, again.FramesPerSecond, 0.01);
    }

    /// <summary>The number of the ended process is higher than that of any process.</summary>
    [FfmpegTheory]
    [InlineData("clip.MKV")]
    [InlineData("clip.avi")]
    [InlineData("clip.mp4")]
    public void Writing_again_removes_what_a_killed_process_left(string name)
    {
        File.WriteAllText(_folder[$".{name}.{int.MaxValue}.tmp"], "half");
        VideoFile.Save(_folder[name], Clip(2, 16, 16));
        Assert.Equal([_folder[name]], Directory.GetFileSystemEntries(_folder.Path));
    }

    [FfmpegFact]
    public void Lossy_video_of_odd_sides_is_near()
    {
        VideoFile.Save(_folder["clip.mp4"], Clip(4, 25, 33), quality: 10);
        VideoClip again = VideoFile.Load(_folder["clip.mp4"]);
        Assert.Equal((4, 26, 34), (again.Frames, again.Height, again.Width));
    }

    [FfmpegFact]
    public void Only_the_frames_asked_for_are_read()
    {
        VideoClip clip = Clip(9, 16, 16);
        VideoFile.Save(_folder["clip.mkv"], clip);
        VideoClip part = VideoFile.Load(_folder["clip.mkv"], new VideoReadOptions { Start = 2, Step = 3, Frames = 2 });
        Assert.Equal(2, part.Frames);
        Assert.Equal(clip.Frame(2).ToArray(), part.Frame(0).ToArray());
        Assert.Equal(clip.Frame(5).ToArray(), part.Frame(1).ToArray());
    }

    [FfmpegFact]
    public void Damaged_videos_are_refused_with_their_name()
    {
        VideoFile.Save(_folder["whole.avi"], Clip(20, 40, 40));
        byte[] bytes = File.ReadAllBytes(_folder["whole.avi"]);
        foreach (int kept in new[] { 1, bytes.Length / 2 })
        {
            File.WriteAllBytes(_folder["cut.avi"], bytes[..kept]);
            Assert.Contains("cut.avi", Assert.Throws<ModelFormatException>(() => VideoFile.Load(_folder["cut.avi"])).Message);
        }
    }

    [Fact]
    public void Frames_of_several_sizes_are_refused()
    {
        foreach ((string name, int side) in new[] { ("1.png", 8), ("2.png", 9) })
        {
            Directory.CreateDirectory(_folder["mixed"]);
            File.WriteAllBytes(Path.Combine(_folder["mixed"], name), PngEncoder.Encode(new Picture(side, 8, 1, new byte[side * 8])));
        }

        Assert.Contains("frame size changes", Assert.Throws<ModelFormatException>(() => VideoFile.Load(_folder["mixed"])).Message);
    }

    [Fact]
    public void Numbers_in_names_count_by_their_value()
    {
        Directory.CreateDirectory(_folder["numbers"]);
        foreach (int i in new[] { 10, 9, 1 })
        {
            File.WriteAllBytes(Path.Combine(_folder["numbers"], $"frame{i}.png"), PngEncoder.Encode(new Picture(2, 2, 1, [(byte)i, 0, 0, 0])));
        }

        VideoClip clip = VideoFile.Load(_folder["numbers"]);
        Assert.Equal([1, 9, 10], Enumerable.Range(0, 3).Select(i => (int)clip.Frame(i)[0]));
    }

    [Fact]
    public void Memory_is_bounded_before_frames_are_kept()
    {
        VideoFile.Save(_folder["clip.npy"], Clip(10, 20, 20));
        var error = Assert.Throws<ModelFormatException>(() => VideoFile.Load(_folder["clip.npy"], new VideoReadOptions { MaxBytes = 5000 }));
        Assert.Contains("5000 bytes", error.Message);
    }

    /// <summary>The limit is that of the squares; ten frames of 1440 bytes exceed those of sides 8 and 20.</summary>
    [Theory]
    [InlineData(8)]
    [InlineData(20)]
    [InlineData(26)]
    public void Frames_squared_as_they_arrive_are_those_squared_afterwards(int side)
    {
        VideoClip clip = Clip(10, 20, 24);
        VideoFile.Save(_folder["clip.npy"], clip);
        VideoClip square = VideoFile.Load(_folder["clip.npy"], new VideoReadOptions { MaxBytes = Math.Max(1440, 10 * 3 * side * side) }, side);
        RequireEqual(clip.Square(side), square, tolerance: 0);
        string message = Assert.Throws<ModelFormatException>(() => VideoFile.Load(_folder["clip.npy"], new VideoReadOptions { MaxBytes = 1439 }, side)).Message;
        Assert.Contains("24 x 20", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Squares_beyond_the_limit_are_refused_with_the_options_of_a_data_set()
    {
        VideoFile.Save(_folder["clip.npy"], Clip(10, 20, 24));
        var error = Assert.Throws<ModelFormatException>(() => VideoFile.Load(_folder["clip.npy"], new VideoReadOptions { MaxBytes = 1500 }, side: 8));
        Assert.Contains("8 frames of 8 x 8 take more than 1500 bytes; ask for fewer frames or smaller ones (limit, size)", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Without this, the folder would be read as the new clip and the end of the old one.</summary>
    [Fact]
    public void Shorter_clip_replaces_a_longer_one_in_its_folder()
    {
        VideoFile.Save(_folder["frames"], Clip(5, 12, 17));
        File.WriteAllText(Path.Combine(_folder["frames"], "00004.txt"), "kept");
        VideoClip shorter = Clip(3, 8, 9);
        VideoFile.Save(_folder["frames"], shorter);
        RequireEqual(shorter, VideoFile.Load(_folder["frames"]), tolerance: 0);
        Assert.Equal(["00000.png", "00001.png", "00002.png", "00004.txt"], Directory.GetFiles(_folder["frames"]).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }

    /// <summary>1 and 01 are the same number; in the order of the file system the frames would differ by machine.</summary>
    [Fact]
    public void Frames_of_one_number_are_read_in_the_order_of_their_names()
    {
        string folder = Directory.CreateDirectory(_folder["numbers"]).FullName;
        string[] names = ["001.png", "01.png", "1.png", "2.png"];
        foreach (int i in (int[])[2, 0, 3, 1])
        {
            File.WriteAllBytes(Path.Combine(folder, names[i]), PngEncoder.Encode(new Picture(1, 1, 3, [(byte)i, 0, 0])));
        }

        Assert.Equal([0, 1, 2, 3], VideoFile.Load(folder).Pixels.ToArray().Where((_, i) => i % 3 == 0).Select(red => (int)red));
    }

    [Fact]
    public void Other_arrays_are_refused()
    {
        NpyFile.Save(_folder["floats.npy"], Tensor.Zeros([2, 4, 4, 3]));
        Assert.Contains("uint8", Assert.Throws<ModelFormatException>(() => VideoFile.Load(_folder["floats.npy"])).Message);
    }

    [Theory]
    [InlineData("YUV4MPEG2 W4 H4 C420p10\n")]
    [InlineData("YUV4MPEG2 W0 H4\n")]
    [InlineData("YUV4MPEG2 W4 H4\nFRAME\nxx")]
    [InlineData("YUV4MPEG2 W99999999 H99999999\nFRAME\n")]
    [InlineData("GIF89a")]
    [InlineData("")]
    public void Malformed_files_are_refused(string text)
    {
        File.WriteAllText(_folder["bad"], text);
        Assert.Throws<ModelFormatException>(() => VideoFile.Load(_folder["bad"]));
    }

    /// <summary>A canvas of 16000 x 16000 pixels would take 768 MB, and the indices of its only image 256 MB.</summary>
    [Fact]
    public void Gif_header_that_claims_a_large_picture_takes_no_memory()
    {
        byte[] size = [0x80, 0x3E, 0x80, 0x3E];
        File.WriteAllBytes(_folder["large.gif"],
            [.. "GIF89a"u8, .. size, 0x80, 0, 0, 0, 0, 0, 255, 255, 255, 0x2C, 0, 0, 0, 0, .. size, 0, 2, 2, 0x44, 1, 0, 0x3B]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("truncated", Assert.Throws<ModelFormatException>(() => VideoFile.Load(_folder["large.gif"])).Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
    }

    /// <summary>ffmpeg writes the range of videos of phones and cameras, which is often the full one.</summary>
    [Theory]
    [InlineData("Cmono", new byte[] { 0, 128, 255 }, new byte[] { 0, 0, 0, 130, 130, 130, 255, 255, 255 })]
    [InlineData("Cmono XCOLORRANGE=LIMITED", new byte[] { 0, 128, 255 }, new byte[] { 0, 0, 0, 130, 130, 130, 255, 255, 255 })]
    [InlineData("Cmono XCOLORRANGE=FULL", new byte[] { 0, 128, 255 }, new byte[] { 0, 0, 0, 128, 128, 128, 255, 255, 255 })]
    [InlineData("C444 XYSCSS=444 XCOLORRANGE=FULL", new byte[] { 76, 0, 255, 85, 128, 128, 255, 128, 128 }, new byte[] { 254, 0, 0, 0, 0, 0, 255, 255, 255 })]
    public void Range_of_a_y4m_file_is_that_of_its_header(string color, byte[] planes, byte[] pixels)
    {
        File.WriteAllBytes(_folder["clip.y4m"], [.. Encoding.ASCII.GetBytes($"YUV4MPEG2 W3 H1 F25:1 Ip A1:1 {color}\nFRAME\n"), .. planes]);
        Assert.Equal(pixels, VideoFile.Load(_folder["clip.y4m"]).Pixels.ToArray());
    }

    /// <summary>Damaged GIF files either raise a format error or yield frames.</summary>
    [OutsideDataFact("video")]
    public void Gif_is_what_an_outside_decoder_gives_and_survives_damage()
    {
        string path = OutsideData.PathOf("video/v_CricketShot_g04_c01_flow.gif");
        VideoClip clip = VideoFile.Load(path, new VideoReadOptions { Frames = 3 });
        Assert.Equal((3, 224, 224), (clip.Frames, clip.Height, clip.Width));
        byte[] file = File.ReadAllBytes(path)[..40_000];
        for (int i = 0; i < 60; i++)
        {
            byte[] damaged = (byte[])file.Clone();
            damaged[(i * 613) % 3000] ^= (byte)(1 << (i % 8));
            File.WriteAllBytes(_folder["damaged.gif"], damaged);
            try
            {
                VideoFile.Load(_folder["damaged.gif"], new VideoReadOptions { Frames = 2 });
            }
            catch (ModelFormatException)
            {
                // The expected error.
            }
        }
    }

    /// <summary>
    /// Compares area-scaled frames of a GIF that this library decodes itself with those of OpenCV, up to one gray
    /// level.
    /// </summary>
    [OutsideDataFact("video")]
    public void Scaled_square_is_near_that_of_OpenCV()
    {
        VideoClip clip = VideoFile.Load(OutsideData.PathOf("video/v_CricketShot_g04_c01_rgb.gif"), new VideoReadOptions { Step = 2, Frames = 3 }).Square(112);
        VideoClip wanted = VideoFile.Load(OutsideData.PathOf("video/v_CricketShot_g04_c01_rgb.frames_u8.npy.gz"), new VideoReadOptions { Frames = 3 });
        RequireEqual(wanted, clip, tolerance: 1);
    }

    [Fact]
    public void Flow_files_come_back()
    {
        float[] flow = [.. Enumerable.Range(0, 2 * 3 * 4).Select(i => i * 0.25f)];
        FlowFile.Save(_folder["a.flo"], flow, 3, 4);
        Assert.Equal(flow, FlowFile.Load(_folder["a.flo"], out int height, out int width));
        Assert.Equal((3, 4), (height, width));
        File.WriteAllBytes(_folder["b.flo"], File.ReadAllBytes(_folder["a.flo"])[..20]);
        Assert.Throws<ModelFormatException>(() => FlowFile.Load(_folder["b.flo"], out _, out _));
    }

    [Fact]
    public void Flow_pictures_show_stillness_white_and_opposite_directions_in_different_colors()
    {
        Picture picture = FlowPicture.Draw([0, 0, 1, 0, -1, 0, 0, 1], 1, 4);
        Assert.Equal([255, 255, 255], picture.Pixels[..3]);
        Assert.Equal(3, Enumerable.Range(1, 3).Select(i => $"{picture.Pixels[3 * i]},{picture.Pixels[(3 * i) + 1]},{picture.Pixels[(3 * i) + 2]}").Distinct().Count());
    }

    private static void RequireEqual(VideoClip wanted, VideoClip found, int tolerance)
    {
        Assert.Equal((wanted.Frames, wanted.Height, wanted.Width), (found.Frames, found.Height, found.Width));
        for (int i = 0; i < wanted.Pixels.Length; i++)
        {
            Assert.InRange(found.Pixels[i] - wanted.Pixels[i], -tolerance, tolerance);
        }
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

/// <summary>A test that needs an installed ffmpeg.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FfmpegFactAttribute : FactAttribute
{
    public FfmpegFactAttribute() => Skip = VideoFile.CanCode ? null : "ffmpeg is not installed";
}

/// <summary>A test with data rows that needs an installed ffmpeg.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FfmpegTheoryAttribute : TheoryAttribute
{
    public FfmpegTheoryAttribute() => Skip = VideoFile.CanCode ? null : "ffmpeg is not installed";
}
