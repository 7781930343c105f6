using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Cli.Reinforcement;
using Temper.Cli.Runs;
using Temper.Formats.Models;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Wording;

namespace Temper.Cli.Commands;

/// <summary><c>temper rl train</c>: trains an agent in an environment.</summary>
internal sealed class RlTrainCommand() : RunCommand(
    "rl train", "Train an agent (ppo, a2c or dqn) in an environment; writes the agent, its learning curve and a "
        + "report to a run folder")
{
    internal const string AgentName = "agent.safetensors";

    internal override IReadOnlyList<Setting> Settings => field ??=
    [
        RlSettings.Environment, .. RlTrainSettings.All, RlSettings.Sticky, RlSettings.StepLimit, RlSettings.FrameSkip,
        RlSettings.AllActions,
        RunSettings.Seed, RunSettings.Runs, RunSettings.Resume, RunSettings.MaxTime,
    ];

    private protected override int Execute(CommandContext context)
    {
        string name = context.Require(RlSettings.Environment);
        ModelTarget.RequireFile(Name, context.Get(RlTrainSettings.Output));
        EnvironmentOptions settings = RlSettings.Options(context);
        RequireLimit(settings);
        settings = settings with { FrameSkip = settings.FrameSkip ?? AgentPresets.FrameSkipFor(name) };
        IEnvironment Create() => EnvironmentCatalog.Create(name, settings);
        AgentTrainingOptions options = RlTrainSettings.Options(context, Create().Spec);
        using AgentTrainer trainer = AgentPresets.Trainer(Create, options);
        using var run = new RunSession(
            context,
            new RunDescription(Name, trainer.Name, name) { Title = $"{trainer.Name} in {name}", HasAccuracy = false },
            data: null);
        run.Note($"{trainer.Name} in {name}: {Plural.Of(options.Steps, "step")}, "
            + $"{Plural.Of(options.Environments, "environment")}, seed {run.Seed}");
        AgentRunResult result = Train(context, run, trainer, Create, options.Steps);
        Policy policy = result.Best;
        Measurement measured = run.Measure("agent", PolicyFile.WithMetadata(policy), AgentName);
        var play = new PlayOptions
        {
            Episodes = context.Get(RlTrainSettings.FinalEpisodes), Seed = run.Seed + 1_000_003, Cancel = run.Cancel,
        };
        var recording = new PlayRecording();
        ReturnStatistics final = Score(policy, Create, play with { Watch = recording.Record }),
            random = Score(RandomPolicy.For(Create()), Create, play with { IsSampled = true });
        run.Add(AgentSection.Of(name, result, final, random));
        run.Add(recording.ToSection("The agent at play", $"the first of {play.Episodes} new episodes, most likely "
            + "actions"));
        string interval = double.IsNaN(final.Low) ? "no interval" : $"{final.Low:F2} to {final.High:F2}";
        string summary = $"mean return {final.Mean:F2} ({interval}) in {Plural.Of(play.Episodes, "new episode")}; "
            + $"random play {random.Mean:F2}";
        run.Folder.Log(summary);
        if (context.Get(RlTrainSettings.Output) is { } output)
        {
            ModelFile.Save(PolicyFile.WithMetadata(policy), output);
        }

        JsonObject fields = Fields(result, final, random);
        fields["env"] = name;
        fields["agent"] = run.Folder.PathOf(AgentName);
        return run.Finish(measured, fields, summary);
    }

    private static void RequireLimit(EnvironmentOptions settings)
    {
        if (settings.StepLimit is 0)
        {
            throw ToolException.Usage(
                $"rl train: {RlSettings.StepLimit.Flag} 0 cannot be used, because evaluating a policy that never ends "
                + "its episode would not end (got 0, expected 1 or more); leave it out, or give a limit");
        }
    }

    private static JsonObject Fields(AgentRunResult result, ReturnStatistics final, ReturnStatistics random) => new()
    {
        ["steps"] = result.Steps,
        ["mean_return"] = final.Mean,
        ["interval"] = new JsonArray(JsonResult.Number(final.Low), JsonResult.Number(final.High)),
        ["random_return"] = random.Mean,
        ["best_evaluation"] = JsonResult.Number(result.BestReturn),
        ["curve"] = new JsonArray([.. result.Curve.Select(point => (JsonNode)new JsonObject
        {
            ["steps"] = point.Steps, ["episodes"] = point.Episodes, ["trained"] = JsonResult.Number(point.Trained),
            ["evaluated"] = point.Evaluated,
        })]),
    };

    private static AgentRunResult Train(
        CommandContext context, RunSession run, AgentTrainer trainer, Func<IEnvironment> create, long steps)
    {
        AgentRunResult? result = null;
        ProgressDisplay.Run(
            context.Terminal, "train", display => result = AgentRun.Run(trainer, create, new AgentRunOptions
        {
            EvaluateEvery = context.Get(RlTrainSettings.EvaluateEvery),
            EvaluationEpisodes = context.Get(RlTrainSettings.EvaluationEpisodes),
            EvaluationSeed = run.Seed + 1, StopAt = context.Get(RlTrainSettings.Until),
            Checkpoints = run.Folder.CheckpointsPath, Cancel = run.Cancel,
            Resumed = done => run.Begin($"step {done:N0} of {steps:N0}"),
            Progress = (point, told) =>
            {
                run.Log(
                    point.Steps,
                    [new("return/trained", point.Trained), new("return/evaluated", point.Evaluated), .. told.Metrics]);
                run.Folder.Log($"step {point.Steps:N0}: trained {point.Trained:F2}, evaluated {point.Evaluated:F2}");
                display.Report(
                    Math.Min(1, (double)point.Steps / steps), $"step {point.Steps:N0}, return {point.Evaluated:F2}");
                run.CheckTime();
            },
        }));
        return result!.IsComplete
            ? result
            : throw run.Stopped("train", result.Steps, $"step {result.Steps:N0} of {steps:N0}");
    }

    private static ReturnStatistics Score(Policy policy, Func<IEnvironment> create, PlayOptions options) =>
        ReturnStatistics.Of([.. EpisodePlayer.Play(policy, create, options).Select(episode => episode.Return)]);
}
