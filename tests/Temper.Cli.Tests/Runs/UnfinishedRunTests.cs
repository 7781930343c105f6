using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Tests.Support;
using Temper.Testing;

namespace Temper.Cli.Tests.Runs;

/// <summary><c>temper report</c> of a folder without a result.</summary>
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

    private string Refusal()
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["run"] = _folder.Path };
        var error = Assert.Throws<ToolException>(() => new ReportCommand().Run(Settings.Context(new ReportCommand(), flags, TimeProvider.System)));
        Assert.Equal(ExitCode.InputOutput, error.ExitCode);
        return error.Message;
    }
}
