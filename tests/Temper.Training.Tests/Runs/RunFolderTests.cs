using System.Text.Json;
using Temper.Training.Runs;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests.Runs;

public sealed class RunFolderTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Fact]
    public void Create_makes_a_folder_named_by_command_data_seed_and_time()
    {
        RunFolder folder = Create("train", "synth:shapes?classes=10", Now);
        Assert.Equal("train-synth-shapes-classes-10-7-20260102T030405Z", Path.GetFileName(folder.FullPath));
        Assert.Equal(["environment.json"], Directory.GetFileSystemEntries(folder.FullPath).Select(f => Path.GetFileName(f)));
    }

    [Fact]
    public void Create_never_takes_a_folder_that_is_there()
    {
        string[] paths = [.. Enumerable.Range(0, 3).Select(_ => Create("train", "a", Now).FullPath)];
        Assert.Equal(3, paths.Distinct(StringComparer.Ordinal).Count());
    }

    /// <summary>Runs of a sweep may start at the same second.</summary>
    [Fact]
    public void Runs_that_start_at_the_same_time_get_folders_of_their_own()
    {
        for (int i = 0; i < 20; i++)
        {
            DateTimeOffset time = Now.AddHours(i);
            string[] paths = [.. Enumerable.Range(0, 8).AsParallel().WithDegreeOfParallelism(8).Select(_ => Create("train", "a", time).FullPath)];
            Assert.Equal(8, paths.Distinct(StringComparer.Ordinal).Count());
        }
    }

    [Fact]
    public void A_folder_is_reserved_for_one_run_at_a_time()
    {
        RunFolder folder = Create("train", "a", Now);
        using (folder.Reserve())
        {
            var error = Assert.Throws<IOException>(() => RunFolder.Open(folder.FullPath).Reserve());
            Assert.Contains("another process", error.Message, StringComparison.Ordinal);
            folder.Log("goes on");
        }

        Assert.False(File.Exists(folder.PathOf("lock")));

        // A killed process leaves the file behind.
        File.WriteAllText(folder.PathOf("lock"), "");
        folder.Reserve().Dispose();
    }

    [Theory]
    [InlineData("../../etc")]
    [InlineData("/")]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a\0b\nc")]
    public void A_name_from_outside_stays_inside_the_root(string dataset)
    {
        RunFolder folder = Create("train", dataset, Now);
        Assert.Equal(Path.GetFullPath(_root.Path), Path.GetDirectoryName(folder.FullPath));
    }

    [Fact]
    public void The_environment_says_machine_and_versions()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Create("train", "a", Now).EnvironmentPath));
        Assert.Equal(Environment.ProcessorCount, json.RootElement.GetProperty("processors").GetInt32());
        Assert.Contains(json.RootElement.GetProperty("vectorBits").GetInt32(), (int[])[0, 128, 256, 512]);
        Assert.All(
            (string[])["version", "runtime", "system", "architecture"],
            name => Assert.NotEqual("", json.RootElement.GetProperty(name).GetString()));
    }

    [Fact]
    public void Latest_is_the_latest_run_of_the_command()
    {
        Assert.Null(RunFolder.Latest(_root["nothing"]));
        Assert.Null(RunFolder.Latest(_root.Path));
        RunFolder train = Create("train", "zzz", Now);
        RunFolder prune = Create("prune", "aaa", Now.AddHours(1));
        RunFolder second = Create("prune", "aaa", Now.AddHours(1));
        Directory.CreateDirectory(_root["train-not-a-run-99991231T000000Z"]);
        Assert.Equal(second.FullPath, RunFolder.Latest(_root.Path)!.FullPath);
        Assert.Equal(train.FullPath, RunFolder.Latest(_root.Path, "train")!.FullPath);
        Assert.NotEqual(prune.FullPath, second.FullPath);
    }

    [Fact]
    public void Open_takes_a_folder_that_is_there_and_no_other()
    {
        RunFolder folder = Create("train", "a", Now);
        Assert.Equal(folder.FullPath, RunFolder.Open(folder.FullPath).FullPath);
        Assert.Throws<DirectoryNotFoundException>(() => RunFolder.Open(_root["nothing"]));
    }

    [Fact]
    public void Log_appends_lines()
    {
        RunFolder folder = Create("train", "a", Now);
        folder.Log("one");
        folder.Log("two");
        Assert.Equal("one\ntwo\n", File.ReadAllText(folder.LogPath));
    }

    private RunFolder Create(string command, string dataset, DateTimeOffset time) =>
        RunFolder.Create(_root.Path, new RunName(command, dataset, 7), new StoppedClock(time));
}
