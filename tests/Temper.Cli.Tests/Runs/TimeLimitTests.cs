using Temper.Cli.CommandLine;
using Temper.Cli.Commands;
using Temper.Cli.Runs;
using Temper.Cli.Tests.Support;
using Temper.Reporting.Documents;
using Temper.Testing;
using Temper.Training.Runs;

namespace Temper.Cli.Tests.Runs;

/// <summary>
/// <c>--max-time</c> stops after a step and reports it; a resumed run ends with the same bytes as a run without a
/// limit.
/// </summary>
public sealed class TimeLimitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Run_that_stops_again_and_again_ends_with_the_same_bytes()
    {
        RunFolder whole = Train("whole", new SteppedTime(TimeSpan.FromMinutes(1)));
        Assert.Empty(whole.ReadDecisions());

        // Each read of the clock advances it by a minute, so that the limit is reached in the middle of the run.
        var time = new SteppedTime(TimeSpan.FromMinutes(1));
        var stop = Assert.Throws<ToolException>(() => Train("stopped", time, maxTime: "18m"));
        Assert.Equal(ExitCode.Interrupted, stop.ExitCode);
        RunFolder stopped = RunFolder.Latest(_folder["stopped"])!;
        RunDecision decision = Assert.Single(stopped.ReadDecisions());
        Assert.Equal((RunDecision.TimeLimit, "train"), (decision.Kind, decision.Phase));
        Assert.InRange(decision.Step, 1, 19);
        Assert.Equal($"--max-time 18m was reached after step {decision.Step} of training 'train', epoch {1 + (decision.Step / 5)}", decision.Text);
        Assert.Contains(decision.Text, stop.Message, StringComparison.Ordinal);
        Assert.Contains($"temper train --resume {stopped.FullPath}", stop.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(stopped.ResultPath));

        // A resumed run uses its own settings, including the limit, unless they are overridden.
        Train("stopped", new SteppedTime(TimeSpan.FromMinutes(1)), resume: stopped, maxTime: "none");
        Assert.Equal([Resumed(decision)], Resumptions(stopped));
        Assert.Equal(File.ReadAllBytes(whole.PathOf("model.safetensors")), File.ReadAllBytes(stopped.PathOf("model.safetensors")));
        Section stops = RunRecords.Read(stopped).Sections.Single(section => section.Title is "Stops");
        Assert.Equal(decision.Text, stops.Blocks.OfType<DataTable>().Single().Rows.Single()[1]);
        Assert.Contains("same number of ranks with the same plan", stops.Blocks.OfType<Paragraph>().Single().Text, StringComparison.Ordinal);
        Assert.DoesNotContain(RunRecords.Read(whole).Sections, section => section.Title is "Stops");
    }

    /// <summary>Each process names the checkpoint that it loads, not where earlier ones were stopped.</summary>
    [Fact]
    public void A_resumed_run_tells_where_it_continues_once()
    {
        Assert.Throws<ToolException>(() => Train("twice", new SteppedTime(TimeSpan.FromMinutes(1)), maxTime: "18m"));
        RunFolder run = RunFolder.Latest(_folder["twice"])!;
        Assert.Throws<ToolException>(() => Train("twice", new SteppedTime(TimeSpan.FromMinutes(1)), resume: run, maxTime: "16m"));
        Train("twice", new SteppedTime(TimeSpan.FromMinutes(1)), resume: run, maxTime: "none");
        Train("twice", new SteppedTime(TimeSpan.FromMinutes(1)), resume: run, maxTime: "none");       // nothing is left to train
        IReadOnlyList<RunDecision> stops = run.ReadDecisions();
        Assert.True(stops.Count == 2 && stops[0].Step < stops[1].Step, string.Join(", ", stops));
        Assert.Equal(stops.Select(Resumed), Resumptions(run));
    }

    /// <summary>
    /// The first resume adds epochs and is stopped before its first step. The next one, with the command that the first
    /// one named, trains them.
    /// </summary>
    [Fact]
    public void Settings_of_a_resume_that_is_stopped_are_those_of_the_next_one()
    {
        RunFolder whole = Train("six", new SteppedTime(TimeSpan.Zero), epochs: "6");
        RunFolder run = Train("four", new SteppedTime(TimeSpan.Zero));
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["resume"] = run.FullPath, ["quiet"] = "true", ["epochs"] = "6" };
        var command = new TrainCommand();
        CommandContext context = Settings.Context(command, flags, new SteppedTime(TimeSpan.Zero), run.ConfigPath);
        var stop = Assert.Throws<ToolException>(() => command.Run(context with { Cancel = new CancellationToken(canceled: true) }));
        Assert.Equal(ExitCode.Interrupted, stop.ExitCode);
        Train("four", new SteppedTime(TimeSpan.Zero), resume: run);
        Assert.Equal(6, RunRecords.Read(run).Phases.Single().Epochs.Count);
        Assert.Equal(File.ReadAllBytes(whole.PathOf("model.safetensors")), File.ReadAllBytes(run.PathOf("model.safetensors")));
    }

    /// <summary>The training of an agent has steps of its own; the first resume names a file for the agent and is stopped, too.</summary>
    [Fact]
    public void The_output_of_a_resume_that_is_stopped_is_that_of_the_next_one()
    {
        string agent = _folder["agent.safetensors"];
        Assert.Equal(ExitCode.Interrupted, Assert.Throws<ToolException>(() => TrainAgent(isStopped: true)).ExitCode);
        RunFolder run = RunFolder.Latest(_folder["agents"])!;
        Assert.Equal(ExitCode.Interrupted, Assert.Throws<ToolException>(() => TrainAgent(isStopped: true, run, agent)).ExitCode);
        Assert.Equal(ExitCode.Success, TrainAgent(isStopped: false, run));
        Assert.True(File.Exists(agent));
    }

    private int TrainAgent(bool isStopped, RunFolder? resume = null, string? output = null)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["quiet"] = "true" };
        if (resume is not null)
        {
            flags["resume"] = resume.FullPath;
        }
        else
        {
            flags["env"] = "cartpole";
            flags["runs"] = _folder["agents"];
            flags["steps"] = "64";
            flags["environments"] = "2";
            flags["horizon"] = "32";
            flags["evaluation-episodes"] = "1";
            flags["episodes"] = "2";
        }

        if (output is not null)
        {
            flags["output"] = output;
        }

        var command = new RlTrainCommand();
        CommandContext context = Settings.Context(command, flags, TimeProvider.System, resume?.ConfigPath);
        return command.Run(isStopped ? context with { Cancel = new CancellationToken(canceled: true) } : context);
    }

    private static string Resumed(RunDecision stop) => $"resuming after step {stop.Step} of training 'train', epoch {1 + (stop.Step / 5)}";

    private static IEnumerable<string> Resumptions(RunFolder run) =>
        File.ReadLines(run.LogPath).Where(line => line.StartsWith("resuming", StringComparison.Ordinal));

    [Fact]
    public void Limit_is_over_when_the_clock_says_so_and_an_interrupt_is_told_apart()
    {
        var time = new SteppedTime(TimeSpan.FromSeconds(1));
        using var interrupt = new CancellationTokenSource();
        using var limit = new TimeLimit(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(2), time, interrupt.Token);
        using var none = new TimeLimit(null, TimeSpan.FromSeconds(2), time, interrupt.Token);
        for (int second = 1; second <= 3; second++)
        {
            Assert.False(limit.Token.IsCancellationRequested);
            time.GetTimestamp();
        }

        Assert.True(limit is { IsOver: true, Token.IsCancellationRequested: true });
        Assert.False(none.Token.IsCancellationRequested);
        using var late = new TimeLimit(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), time, CancellationToken.None);
        Assert.True(late.IsOver);
        interrupt.Cancel();
        Assert.True(none is { IsOver: false, Token.IsCancellationRequested: true });
        Assert.Equal(ExitCode.Usage, Assert.Throws<ToolException>(() => new TimeLimit(TimeSpan.FromDays(41), TimeSpan.Zero, time, interrupt.Token)).ExitCode);
    }

    /// <summary>A timer that never fires, as on a busy machine, does not keep a training from stopping.</summary>
    [Fact]
    public void Trainings_compare_the_clock_with_the_limit()
    {
        using var limit = new TimeLimit(
            TimeSpan.FromSeconds(2), TimeSpan.Zero, new SteppedTime(TimeSpan.FromSeconds(1)) { RunsTimers = false },
            CancellationToken.None);
        limit.OnStep(default);
        Assert.False(limit.Token.IsCancellationRequested);
        limit.OnStep(default);
        Assert.True(limit is { IsOver: true, Token.IsCancellationRequested: true });
    }

    /// <summary>Agents compare the clock with the limit after each evaluation.</summary>
    [Fact]
    public void Training_of_an_agent_stops_without_a_timer()
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["env"] = "cartpole", ["steps"] = "2048", ["evaluate-every"] = "512", ["evaluation-episodes"] = "1", ["max-time"] = "1s",
            ["runs"] = _folder.Path, ["quiet"] = "true",
        };
        var time = new SteppedTime(TimeSpan.FromMinutes(1)) { RunsTimers = false };
        var command = new RlTrainCommand();
        var stop = Assert.Throws<ToolException>(() => command.Run(Settings.Context(command, flags, time)));
        Assert.Equal(ExitCode.Interrupted, stop.ExitCode);
        Assert.Contains("--max-time 1s was reached after step", stop.Message, StringComparison.Ordinal);
    }

    /// <summary>Trains four epochs of five steps, or another number of epochs, at a constant learning rate.</summary>
    private RunFolder Train(
        string name, TimeProvider time, string? maxTime = null, RunFolder? resume = null, string epochs = "4")
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal) { ["runs"] = _folder[name], ["quiet"] = "true" };
        if (resume is null)
        {
            flags["model"] = "lenet-300-100";
            flags["data"] = "synth:shapes?count=200&classes=3&size=28";
            flags["epochs"] = epochs;
            flags["schedule"] = "constant";
            flags["batch"] = "32";
        }
        else
        {
            flags["resume"] = resume.FullPath;
        }

        if (maxTime is not null)
        {
            flags["max-time"] = maxTime;
        }

        var command = new TrainCommand();
        Assert.Equal(ExitCode.Success, command.Run(Settings.Context(command, flags, time, resume?.ConfigPath)));
        return RunFolder.Latest(_folder[name])!;
    }
}
