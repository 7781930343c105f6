using System.Text.Json;
using Temper.Data.Video;
using Temper.Formats.Models;
using Temper.Formats.Npz;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.EndToEnd.Tests;

/// <summary><c>temper flow</c> and <c>temper attack --video</c> as processes.</summary>
public sealed class VideoTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tvl1")]
    [InlineData("farneback")]
    [InlineData("dis")]
    public void Flow_of_an_array_of_frames_is_written(string method)
    {
        VideoFile.Save(_folder["frames.npy"], Moving(4, 40));
        ToolResult result = Tool.Run("flow", _folder["frames.npy"], "--method", method, "--output", _folder["flow.npz"], "--pictures", _folder["colors"], "--flo", _folder["flo"], "--json");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal("flow", JsonDocument.Parse(result.Output).RootElement.GetProperty("command").GetString());
        Tensor flow = NpzFile.Load(_folder["flow.npz"])["flow"];
        Assert.Equal([3, 40, 40, 2], flow.Shape);
        Assert.Equal(DType.Float32, flow.DType);
        float[] middle = flow.Slice(1, 12, 28).Slice(2, 12, 28).ToArray<float>();
        Assert.InRange(middle.Where((_, i) => i % 2 == 0).Average(), 0.9, 1.1);           // one pixel to the right
        Assert.InRange(middle.Where((_, i) => i % 2 == 1).Average(), -0.1, 0.1);
        Assert.Equal(3, Directory.GetFiles(_folder["colors"]).Length);
        Assert.Equal(3, Directory.GetFiles(_folder["flo"]).Length);
    }

    [Fact]
    public void What_is_no_video_is_refused()
    {
        File.WriteAllText(_folder["empty.mp4"], "");
        VideoFile.Save(_folder["one.npy"], Moving(1, 16));
        Assert.Equal(3, Tool.RunProcess("flow", _folder["empty.mp4"]).ExitCode);
        ToolResult single = Tool.Run("flow", _folder["one.npy"]);
        Assert.Equal(3, single.ExitCode);
        Assert.Contains("two frames", single.Error);
        Assert.Equal(6, Tool.Run("flow", _folder["missing.avi"]).ExitCode);
        Assert.Equal(2, Tool.Run("flow").ExitCode);
    }

    [Fact]
    public void Format_that_cannot_be_written_is_refused_before_the_clip_is_read()
    {
        ToolResult result = Tool.Run("flow", _folder["missing.avi"], "--video", _folder["out.gif"]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("--video: cannot be used", result.Error);
        Assert.All(VideoFile.WrittenEndings, ending => Assert.Equal(6, Tool.Run("flow", _folder["missing.avi"], "--video", _folder["out" + ending]).ExitCode));
    }

    /// <summary>
    /// If ffmpeg is killed in the middle of a video, the tool reports an error and leaves neither a partial result nor
    /// a temporary file.
    /// </summary>
    [FfmpegTheory]
    [InlineData("reading", 3)]
    [InlineData("writing", 6)]
    public void Ffmpeg_killed_midway_is_an_error(string what, int exitCode)
    {
        if (OperatingSystem.IsWindows())
        {
            return;                                          // the stub is a shell script
        }

        bool isReading = string.Equals(what, "reading", StringComparison.Ordinal);
        VideoFile.Save(_folder["clip.mkv"], Moving(6, 40));
        VideoFile.Save(_folder["clip.npy"], Moving(6, 40));
        Directory.CreateDirectory(_folder["killed"]);
        string stub = Path.Combine(_folder["killed"], "ffmpeg"), path = Environment.GetEnvironmentVariable("PATH")!;

        // Passes two of six frames of 40x40, then kills itself.
        string work = isReading ? $"PATH='{path}' ffmpeg \"$@\" | head -c 10000" : "head -c 10000 > /dev/null";
        File.WriteAllText(stub, $"#!/bin/sh\n{work}\nkill -9 $$\n");
        File.SetUnixFileMode(stub, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);

        Directory.CreateDirectory(_folder["out"]);
        string[] arguments = isReading
            ? ["flow", _folder["clip.mkv"], "--output", Path.Combine(_folder["out"], "flow.npz")]
            : ["flow", _folder["clip.npy"], "--output", _folder["flow.npz"], "--video", Path.Combine(_folder["out"], "flow.mkv")];
        ToolResult result = Tool.RunWith(new() { ["PATH"] = $"{_folder["killed"]}:{path}" }, arguments);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains("ffmpeg", result.Error);
        Assert.Empty(Directory.GetFileSystemEntries(_folder["out"]));
    }

    [Fact]
    public void A_network_of_clips_is_trained_and_attacked()
    {
        const string Data = "synth:actions?count=24&classes=3&frames=4&size=16";
        Assert.Equal(0, Tool.Run("train", "two-stream", "--data", Data, "--epochs", "1", "--batch", "8", "--runs", _folder["runs"], "--quiet").ExitCode);
        string model = Path.Combine(Directory.GetDirectories(_folder["runs"]).Single(), "model.safetensors");
        ToolResult result = Tool.Run("attack", model, "--video", "--data", Data, "--levels", "8", "--rules", "noise,l21,square,sparse", "--steps", "3", "--queries", "10", "--gradients", "logits", "--limit", "4", "--output", _folder["out"], "--json");
        Assert.Equal(0, result.ExitCode);
        JsonElement json = JsonDocument.Parse(result.Output).RootElement;
        Assert.Equal(["clean", "noise", "l21", "square", "sparse"], json.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("attack").GetString()));
        Assert.True(File.Exists(Path.Combine(_folder["out"], "report.html")));
        Assert.Equal([4, 4, 3, 16, 16], NpzFile.Load(Path.Combine(_folder["out"], "adversarial.npz"))["x_adv"].Shape);
        Assert.Equal(3, Tool.Run("attack", model, "--video", "--data", "synth:actions?count=24&classes=3&frames=5&size=16").ExitCode);
    }

    /// <summary>The label of the third clip is no class of the network.</summary>
    [Fact]
    public void Labels_of_clips_that_are_not_attacked_are_not_checked()
    {
        string[] attack = ["attack", .. SavedClips(), "--rules", "noise"];
        ToolResult result = Tool.Run([.. attack, "--limit", "2"]), all = Tool.Run(attack);
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal(3, all.ExitCode);
        Assert.Contains("a test label is not a class of the network (got 2 at sample 2", all.Error, StringComparison.Ordinal);
    }

    /// <summary>A level was 1/255 of the units of the inputs, so that odd levels of inputs from -1 to 1 were rounded down.</summary>
    [Fact]
    public void A_level_is_a_part_of_the_range_of_the_inputs()
    {
        ToolResult result = Tool.Run(["attack", .. SavedClips(), "--rules", "noise", "--levels", "1,2.5", "--limit", "2", "--json"]);
        Assert.True(result.ExitCode == 0, result.Error);
        JsonElement rows = JsonDocument.Parse(result.Output).RootElement.GetProperty("rows");
        Assert.Equal([0, 2 / 255.0, 4 / 255.0], rows.EnumerateArray().Select(row => row.GetProperty("epsilon").GetDouble()));
        Assert.Contains("noise 1/255:", result.Error, StringComparison.Ordinal);
        Assert.Contains("noise 2/255:", result.Error, StringComparison.Ordinal);
    }

    /// <summary>Saves a network with inputs from -1 to 1 and three clips; returns the arguments that attack them.</summary>
    private string[] SavedClips()
    {
        var input = new InputSpec { SampleShape = [2, 1, 2, 2], Minimum = -1, Maximum = 1 };
        ModelFile.Save(Network.Build(input, x => x.Flatten().Linear(2)).Initialize(RandomStream.FromSeed(1)), _folder["clips.safetensors"]);
        NpzFile.Save(_folder["clips.npz"], [
            KeyValuePair.Create("x_test", Tensor.Zeros([3, 2, 1, 2, 2])), KeyValuePair.Create("y_test", Tensor.From(new long[] { 0, 1, 2 }, [3])),
        ]);
        return [_folder["clips.safetensors"], "--video", "--data", _folder["clips.npz"]];
    }

    private static VideoClip Moving(int frames, int size)
    {
        byte[] pixels = new byte[frames * size * size * 3];
        for (int i = 0; i < pixels.Length; i++)
        {
            int t = i / (size * size * 3), x = (i / 3 % size) - t, y = i / (3 * size) % size;
            pixels[i] = (byte)(128 + (50 * Math.Sin(0.35 * x) * Math.Cos(0.3 * y)) + (40 * Math.Sin((0.22 * x) + (0.27 * y))));
        }

        return new VideoClip(frames, size, size, pixels);
    }
}

/// <summary>A test that needs an installed ffmpeg, and a POSIX shell for a stub that fails.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FfmpegTheoryAttribute : TheoryAttribute
{
    public FfmpegTheoryAttribute() => Skip = !VideoFile.CanCode ? "ffmpeg is not installed" : OperatingSystem.IsWindows() ? "there is no POSIX shell" : null;
}
