using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Cli.Reinforcement;
using Temper.Cli.Runs;
using Temper.Kernels;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Reporting.Documents;
using Temper.Wording;

namespace Temper.Cli.Commands;

/// <summary><c>temper rl play</c>: plays episodes of an environment with an agent.</summary>
internal sealed class RlPlayCommand()
    : ToolCommand("rl play", "Play an environment with an agent trained here, a published one, or 'random'")
{
    private const string AtRandom = "random";

    private static readonly Setting<string?> Agent = Setting.OptionalText("agent", "File of the agent, or 'random'");

    private static readonly Setting<ulong> Seed = Setting.Seed();

    private static readonly Setting<bool> Sample =
        Setting.Switch("sample", "Sample actions from the policy instead of taking the most likely one");

    private static readonly Setting<string?> ReportFile =
        Setting.Output("report", "Write an HTML report with pictures and an animation of the first episode to "
            + "this file", OutputKind.File);

    internal override IReadOnlyList<Setting> Settings { get; } =
        [
            RlSettings.Environment, Agent, RlSettings.Episodes, Seed, Sample, ReportFile, RlSettings.Sticky,
            RlSettings.StepLimit, RlSettings.FrameSkip, RlSettings.AllActions,
        ];

    internal override int Run(CommandContext context)
    {
        string name = context.Require(RlSettings.Environment), file = context.Require(Agent);
        EnvironmentOptions options = RlSettings.Options(context);
        bool isRandom = file is AtRandom;
        IEnvironment? connected = RemotePlay.IsAddress(name) ? RemotePlay.Connect(name, context) : null;
        using var connection = connected as IDisposable;
        IEnvironment? remote = Limited(connected, options);
        Policy policy =
            isRandom ? RandomPolicy.For(remote ?? EnvironmentCatalog.Create(name, options))
            : PolicyFile.Load(ModelSource.RequireFile(file));

        // The name of a remote environment is not compared; only shapes and actions have to match.
        policy = remote is null ? policy : policy with { Environment = null };
        Func<IEnvironment> create = remote is not null ? () => remote
            : isRandom ? () => EnvironmentCatalog.Create(name, options) : () => policy.CreateEnvironment(name, options);
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        string? report = context.Get(ReportFile);
        var recording = new PlayRecording();
        IReadOnlyList<PlayedEpisode> played = EpisodePlayer.Play(policy, create, new PlayOptions
        {
            Watch = report is null ? null : recording.Record,
            Episodes = context.Get(RlSettings.Episodes), Slots = remote is null ? null : 1, Seed = context.Get(Seed),
            IsSampled = isRandom || context.Get(Sample), Cancel = context.Cancel,
        });
        ReturnStatistics statistics = ReturnStatistics.Of([.. played.Select(episode => episode.Return)]);
        if (report is not null)
        {
            Save(report, $"{file} in {name}", played, statistics, recording);
        }

        if (context.IsJson)
        {
            JsonResult.Write(Name, Fields(played, statistics, new JsonObject
            {
                ["env"] = name, ["agent"] = file, ["source"] = policy.Source,
                ["sample"] = isRandom || context.Get(Sample), ["report"] = report,
            }));
        }
        else
        {
            WriteTable(context, $"{file} in {name}", played, statistics);
        }

        return ExitCode.Success;
    }

    private static IEnvironment? Limited(IEnvironment? connected, EnvironmentOptions options) =>
        connected is not null && options.StepLimit is { } limit
            ? new LimitedEnvironment(connected, limit)
            : connected;

    private static JsonObject Fields(
        IReadOnlyList<PlayedEpisode> played, ReturnStatistics statistics, JsonObject fields)
    {
        fields["returns"] = new JsonArray([.. played.Select(episode => (JsonNode)episode.Return)]);
        fields["lengths"] = new JsonArray([.. played.Select(episode => (JsonNode)episode.Steps)]);
        fields["truncated"] = new JsonArray([.. played.Select(episode => (JsonNode)episode.IsTruncated)]);
        fields["mean"] = statistics.Mean;
        fields["interval"] = new JsonArray(JsonResult.Number(statistics.Low), JsonResult.Number(statistics.High));
        return fields;
    }

    private static void WriteTable(
        CommandContext context, string title, IReadOnlyList<PlayedEpisode> played, ReturnStatistics statistics) =>
        new ResultTable($"{title}, {Plural.Of(played.Count, "episode")}", "what", "#value")
            .Row("mean return", $"{statistics.Mean:F2}")
            .Row("95 % interval", double.IsNaN(statistics.Low)
                ? "none, one episode"
                : $"{statistics.Low:F2} to {statistics.High:F2}")
            .Row("min, max", $"{statistics.Min:F2}, {statistics.Max:F2}")
            .Row("mean length", $"{played.Average(episode => episode.Steps):F1}")
            .Write(context.Terminal);

    private static void Save(
        string path, string title, IReadOnlyList<PlayedEpisode> played, ReturnStatistics statistics,
        PlayRecording recording) => new Report
    {
        Title = title,
        Sections =
        [
            new Section("Returns",
            [
                new KeyFigures([new KeyFigure(
                    "mean return", $"{statistics.Mean:F2}", double.IsNaN(statistics.Low)
                        ? "no interval, one episode"
                        : $"95 % interval {statistics.Low:F2} to {statistics.High:F2}, {played.Count} episodes")]),
                new DataTable(["#episode", "#return", "#steps", "end"], [.. played.Select((episode, i) => (string[])
                    [$"{i}", $"{episode.Return:F2}", $"{episode.Steps}", episode.IsTruncated ? "time limit" : ""])]),
            ]),
            recording.ToSection(
                "The first episode",
                $"return {played[0].Return:F2} in {Plural.Of(played[0].Steps, "step")}, as the agent saw it"),
        ],
    }.Save(path);
}
