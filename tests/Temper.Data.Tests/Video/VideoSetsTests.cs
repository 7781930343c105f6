using Temper.Data.Video;
using Temper.Randomness;
using Temper.Testing;

namespace Temper.Data.Tests.Video;

public sealed class VideoSetsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Synthetic_actions_are_the_same_for_a_seed_and_differ_in_motion_only()
    {
        var set = new SyntheticActions(20, 10, 5, 16, RandomStream.FromSeed(3));
        Assert.Equal([5, 3, 16, 16], set.SampleShape);
        float[] one = Sample(set, 9), again = Sample(new SyntheticActions(20, 10, 5, 16, RandomStream.FromSeed(3)), 9), moving = Sample(set, 0);
        Assert.Equal(one, again);
        Assert.Equal("still", set.ClassNames[(int)set.Label(9)]);
        Assert.True(Change(one) < 0.02);                           // noise only
        Assert.True(Change(moving) > 2 * Change(one));
    }

    [Fact]
    public void A_video_of_a_class_that_is_too_short_is_reported()
    {
        Directory.CreateDirectory(_folder["train/run"]);
        VideoFile.Save(_folder["train/run/long.npy"], new VideoClip(4, 8, 8, new byte[4 * 8 * 8 * 3]));
        VideoFile.Save(_folder["train/run/short.npy"], new VideoClip(3, 8, 8, new byte[3 * 8 * 8 * 3]));
        DataSets sets = VideoSets.Read(_folder.Path, new VideoSetOptions { Frames = 4, Size = 8 });
        Assert.Equal(1, sets.Train.Count);
        UnusedSamples unused = Assert.Single(sets.Unused);
        Assert.EndsWith("short.npy", unused.Name, StringComparison.Ordinal);
        Assert.Contains("got 3 frames, expected 4", unused.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("synth:actions?count=12&frames=4&size=16&classes=3", 12, 10)]
    [InlineData("synth:actions?frames=1", 0, 0)]
    [InlineData("videos:/nowhere", 0, 0)]
    public void Sets_are_opened_by_a_text(string text, int train, int least)
    {
        if (train == 0)
        {
            Assert.ThrowsAny<Exception>(() => DataSource.Open(text));
            return;
        }

        DataSets sets = DataSource.Open(text);
        Assert.Equal(train, sets.Train.Count);
        Assert.InRange(sets.Test.Count, 1, least);
        Assert.Equal([4, 3, 16, 16], sets.Train.SampleShape);
    }

    [Fact]
    public void Videos_without_classes_are_split_by_time_with_a_gap()
    {
        SaveNumbered("a", "b");
        DataSets sets = DataSource.Open($"videos:{_folder.Path}?frames=4&size=8&stride=2");
        Assert.Equal(["a", "b"], sets.Train.ClassNames);
        float last = Enumerable.Range(0, sets.Train.Count).Max(i => Sample(sets.Train, i).Max()), first = Enumerable.Range(0, sets.Test.Count).Min(i => Sample(sets.Test, i).Min());
        Assert.True((first * 255) - (last * 255) > 3);
        Assert.Equal([0, 1], Enumerable.Range(0, sets.Test.Count).Select(sets.Test.Label).Distinct());
    }

    /// <summary>40 frames: 20 for training, a gap of 12, and 8 for testing.</summary>
    [Fact]
    public void Parts_and_gap_are_asked_for_and_names_are_left_out()
    {
        SaveNumbered("a", "b", "b_flow");
        DataSets sets = DataSource.Open($"videos:{_folder.Path}?frames=4&size=8&stride=1&train=50&gap=30&skip=_flow");
        Assert.Equal(["a", "b"], sets.Train.ClassNames);
        Assert.Equal((34, 10), (sets.Train.Count, sets.Test.Count));
        Assert.Equal([16, 17, 18, 19], Numbers(sets.Train, 16));
        Assert.Equal([32, 33, 34, 35], Numbers(sets.Test, 0));
        Assert.Equal([36, 37, 38, 39], Numbers(sets.Test, 4));
        Assert.Equal(0, DataSource.Open($"videos:{_folder.Path}?frames=4&size=8&train=100&gap=0").Test.Count);
        string message = Assert.ThrowsAny<FormatException>(() => DataSource.Open($"videos:{_folder.Path}?frames=9&size=8&train=50&gap=30")).Message;
        Assert.Contains("of which 8 are for testing, expected 9", message);
        Assert.ThrowsAny<ArgumentException>(() => DataSource.Open($"videos:{_folder.Path}?train=80&gap=30"));
    }

    [Fact]
    public void Split_files_name_the_clips_and_may_not_leave_the_folder()
    {
        Directory.CreateDirectory(_folder["Jump"]);
        Directory.CreateDirectory(_folder["Run"]);
        foreach (string name in new[] { "Jump/1.npy", "Run/2.npy", "Run/3.npy" })
        {
            VideoFile.Save(_folder[name], new VideoClip(4, 8, 8, new byte[4 * 8 * 8 * 3]));
        }

        File.WriteAllText(_folder["trainlist01.txt"], "Jump/1.npy 1\nRun/2.npy 2\n");
        File.WriteAllText(_folder["testlist01.txt"], "Run/3.npy\n");
        DataSets sets = VideoSets.Read(_folder.Path, new VideoSetOptions { Frames = 4, Size = 8 });
        Assert.Equal((2, 1), (sets.Train.Count, sets.Test.Count));
        Assert.Equal(["Jump", "Run"], sets.Train.ClassNames);
        Assert.Equal(1, sets.Test.Label(0));
        File.WriteAllText(_folder["testlist01.txt"], "../x.npy\n");
        Assert.ThrowsAny<FormatException>(() => VideoSets.Read(_folder.Path));
    }

    /// <summary>Saves videos of 40 frames whose pixel values are the frame number.</summary>
    private void SaveNumbered(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            byte[] pixels = new byte[40 * 8 * 8 * 3];
            for (int i = 0; i < pixels.Length; i++)
            {
                pixels[i] = (byte)(i / (8 * 8 * 3));
            }

            VideoFile.Save(_folder[$"{name}.npy"], new VideoClip(40, 8, 8, pixels));
        }
    }

    /// <summary>Returns the frame numbers of a clip.</summary>
    private static int[] Numbers(Dataset set, int index) => [.. Sample(set, index).Where((_, i) => i % (3 * 8 * 8) == 0).Select(value => (int)MathF.Round(value * 255))];

    private static float[] Sample(Dataset set, int index)
    {
        float[] sample = new float[set.SampleShape.Count];
        set.CopySample(index, sample);
        return sample;
    }

    /// <summary>Mean absolute difference between consecutive frames.</summary>
    private static double Change(float[] clip)
    {
        int size = clip.Length / 5;
        return Enumerable.Range(0, clip.Length - size).Average(i => Math.Abs(clip[i + size] - clip[i]));
    }
}
