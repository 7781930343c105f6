using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Runs;
using Temper.Cli.Tests.Support;
using Temper.Testing;
using Temper.Training.Runs;

namespace Temper.Cli.Tests.Runs;

/// <summary>Runs that end without a result, and their folders.</summary>
public sealed class UnfinishedRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_without_a_result_is_not_a_run_or_an_unfinished_one()
    {
        Assert.Equal($"run: {_folder.Path} is not a run folder (it has no result.json); give the folder of a run", Refusal());
        _folder.Write("config.yaml", "train:\n");
        Assert.Equal($"run: the run in {_folder.Path} has not finished; resume it with --resume {_folder.Path}", Refusal());
    }

    [Fact]
    public void A_path_with_a_space_is_in_quotes()
    {
        string folder = Directory.CreateDirectory(_folder["my runs"]).FullName;
        File.WriteAllText(Path.Combine(folder, "config.yaml"), "train:\n");
        Assert.EndsWith($"resume it with --resume \"{folder}\"", Assert.Throws<ToolException>(() => RunRecords.Read(RunFolder.Open(folder))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public void A_run_that_is_interrupted_outside_of_a_training_says_how_to_resume(bool isInterrupted, int expected)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["runs"] = _folder.Path, ["quiet"] = "true" };
        CommandContext context = Settings.Context(new GrowCommand(), flags, TimeProvider.System) with { Cancel = new CancellationToken(isInterrupted) };
        RunFolder folder;
        using (var run = new RunSession(context, new RunDescription("grow", "net", "-") { PlansTime = true }, data: null))
        {
            folder = run.Folder;
        }

        string[] lines = File.Exists(folder.LogPath) ? File.ReadAllLines(folder.LogPath) : [];
        Assert.Equal(expected, lines.Count(line => line.EndsWith($"interrupted; resume with: temper grow --resume {folder.FullPath}", StringComparison.Ordinal)));
    }

    private string Refusal()
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["run"] = _folder.Path };
        var error = Assert.Throws<ToolException>(() => new ReportCommand().Run(Settings.Context(new ReportCommand(), flags, TimeProvider.System)));
        Assert.Equal(ExitCode.InputOutput, error.ExitCode);
        return error.Message;
    }
}
