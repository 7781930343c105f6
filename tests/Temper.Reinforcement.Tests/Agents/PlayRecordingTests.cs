using System.Buffers.Binary;
using Temper.Data.Images;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Reporting.Documents;

namespace Temper.Reinforcement.Tests.Agents;

/// <summary>Recordings of play as pictures.</summary>
public sealed class PlayRecordingTests
{
    [Theory]
    [InlineData("brick-break")]
    [InlineData("pixel-pong")]
    [InlineData("cartpole")]
    public void Every_kind_of_observation_is_shown(string name)
    {
        Func<IEnvironment> create = () => EnvironmentCatalog.Create(name, new EnvironmentOptions { StepLimit = 20 });
        var recording = new PlayRecording();
        EpisodePlayer.Play(RandomPolicy.For(create()), create, new PlayOptions { Episodes = 2, IsSampled = true, Watch = recording.Record });
        string html = new Report { Title = "play", Sections = [recording.ToSection("play", "an episode")] }.ToHtml();
        Assert.Contains(name is "cartpole" ? "<svg" : "data:image/png", html, StringComparison.Ordinal);
    }

    /// <summary>
    /// Checks the chunks of an animation against the PNG Specification, third edition: order, sequence numbers and
    /// counts. The first picture is a regular PNG image.
    /// </summary>
    [Fact]
    public void An_animation_is_a_png_with_all_its_frames()
    {
        Data.Images.Picture[] frames = [.. Enumerable.Range(0, 3).Select(i => new Data.Images.Picture(2, 2, 1, [(byte)i, 1, 2, 3]))];
        byte[] png = PngAnimation.Encode(frames, 40);
        var names = new List<string>();
        var numbers = new List<int>();
        for (int at = 8; at < png.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at));
            string name = System.Text.Encoding.ASCII.GetString(png, at + 4, 4);
            names.Add(name);
            if (name is "fcTL" or "fdAT")
            {
                numbers.Add(BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at + 8)));
            }

            at += 12 + length;
        }

        Assert.Equal(["IHDR", "acTL", "fcTL", "IDAT", "fcTL", "fdAT", "fcTL", "fdAT", "IEND"], names);
        Assert.Equal([0, 1, 2, 3, 4], numbers);
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["animation.png"], png);
        Assert.Equal(frames[0].Pixels, PictureFile.Load(folder["animation.png"]).Pixels);
        Assert.Throws<ArgumentException>(() => PngAnimation.Encode([frames[0], new Data.Images.Picture(1, 1, 1, [0])], 40));
    }
}
