using Temper.Cli.Commands;
using Temper.Cli.Tests.Support;
using Temper.Data;
using Temper.Testing;

namespace Temper.Cli.Tests.Runs;

/// <summary>
/// A resume accepts settings that do not change the result. The runs have data that does not exist: a resume that is
/// accepted fails there, before it trains.
/// </summary>
public sealed class ResumedSettingsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("gradient-format", "bfloat16", "gradient-format (got 'bfloat16', the run has 'float32')")]
    [InlineData("batch-statistics", "local", "batch-statistics (got 'local', the run has 'all')")]
    [InlineData("schedule", "constant", "schedule (got 'constant', the run has 'cosine')")]
    public void Setting_that_changes_the_result_is_refused(string name, string value, string message) =>
        Assert.Contains(message, Refusal("cosine", name, value), StringComparison.Ordinal);

    [Theory]
    [InlineData("rank-timeout", "30s")]
    [InlineData("timeline", "trace.json")]
    [InlineData("shard-optimizer", "true")]
    [InlineData("plan", "data")]
    [InlineData("threads", "1")]
    public void Setting_of_the_machine_may_change(string name, string value) =>
        Assert.Throws<DataUnavailableException>(() => Resume("cosine", name, value));

    [Theory]
    [InlineData("cosine")]
    [InlineData("step")]
    [InlineData("one-cycle")]
    public void Epochs_may_not_change_if_the_schedule_depends_on_them(string schedule) => Assert.Equal(
        $"train: --epochs cannot change on a resume with --schedule {schedule}, which is stretched over the number of "
        + "epochs (got 20, the run has 10); leave it out, or start a new run", Refusal(schedule, "epochs", "20"));

    [Fact]
    public void Epochs_may_change_with_a_constant_learning_rate() =>
        Assert.Throws<DataUnavailableException>(() => Resume("constant", "epochs", "20"));

    private string Refusal(string schedule, string name, string value) => Settings.Refusal(() => Resume(schedule, name, value));

    private void Resume(string schedule, string name, string value)
    {
        var command = new TrainCommand();
        var own = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["model"] = "lenet-300-100", ["data"] = _folder["none"], ["schedule"] = schedule,
        };
        string config = _folder.Write("config.yaml", Settings.Resolve(command, own).ToYaml());
        var flags = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["resume"] = _folder.Path, ["quiet"] = "true", [name] = value,
        };
        command.Run(Settings.Context(command, flags, TimeProvider.System, config));
    }
}
