using Temper.Cli.Commands;
using Temper.Cli.Runs;
using Temper.Cli.Tests.Support;
using Temper.Reporting.Runs;
using Temper.Testing;
using Temper.Training.Runs;

namespace Temper.Cli.Tests.Commands;

/// <summary>What <c>temper eval</c> does not measure.</summary>
public sealed class EvalCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0.1, 10, true)]
    [InlineData(0.0056, 10, true)]
    [InlineData(0.11, 10, false)]
    [InlineData(0.4, 2, true)]
    [InlineData(1, 1, false)]
    public void An_accuracy_that_guessing_reaches_is_at_chance(double accuracy, int classes, bool expected) =>
        Assert.Equal(expected, EvalCommand.IsAtChance(accuracy, classes));

    /// <summary>The environment of the run is no data set.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("agent.safetensors")]
    public void An_agent_is_to_be_played_with(string file)
    {
        RunFolder run = RunFolder.Create(_folder.Path, new RunName("rl train", "cartpole", 1), TimeProvider.System);
        File.WriteAllText(run.ConfigPath, "rl-train:\n  env: cartpole\n");
        File.WriteAllText(run.PathOf("agent.safetensors"), "");
        RunRecords.Save(run, new RunRecord
        {
            Title = "ppo in cartpole", Command = "rl train", Network = "ppo", Data = "cartpole", Seed = 1, Validation = 0, Seconds = 1, Phases = [],
            Networks = [], Sections = [], Reproduce = [],
        });
        string model = Path.Join(run.FullPath, file);
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = model, ["quiet"] = "true" };
        Assert.Equal(
            $"eval: {model} is an agent, which has no accuracy (got an agent trained in cartpole, expected a classifier); play with it: "
            + $"temper rl play --env cartpole --agent {run.PathOf("agent.safetensors")}",
            Settings.Refusal(() => new EvalCommand().Run(Settings.Context(new EvalCommand(), flags, TimeProvider.System))));
    }
}
