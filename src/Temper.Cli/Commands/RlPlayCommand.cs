using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Cli.Reinforcement;
using Temper.Cli.Runs;
using Temper.Kernels;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;

namespace Temper.Cli.Commands;

/// <summary>Lets an agent play.</summary>
internal sealed class RlPlayCommand() : ToolCommand("rl play", "Let an agent play an environment: ours, or a published one; 'random' plays at random")
{
    private const string Random = "random";

    private static readonly Setting<string?> Agent = Setting.OptionalText("agent", "File of the agent, or 'random'");

    private static readonly Setting<ulong> Seed = Setting.Seed();

    private static readonly Setting<bool> Sample = Setting.Switch("sample", "Draw actions from the policy; else the best one is taken");

    internal override IReadOnlyList<Setting> Settings { get; } =
        [RlSettings.Environment, Agent, RlSettings.Episodes, Seed, Sample, RlSettings.Sticky, RlSettings.StepLimit, RlSettings.AllActions];

    internal override int Run(CommandContext context)
    {
        string name = context.Require(RlSettings.Environment), file = context.Require(Agent);
        EnvironmentOptions options = RlSettings.Options(context);
        bool isRandom = file is Random;
        Policy policy = isRandom ? RandomPolicy.For(EnvironmentCatalog.Create(name, options)) : PolicyFile.Load(file);
        Func<IEnvironment> create = isRandom ? () => EnvironmentCatalog.Create(name, options) : () => policy.CreateEnvironment(name, options);
        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        IReadOnlyList<PlayedEpisode> played = EpisodePlayer.Play(policy, create, new PlayOptions
        {
            Episodes = context.Get(RlSettings.Episodes), Seed = context.Get(Seed), IsSampled = isRandom || context.Get(Sample), Cancel = context.Cancel,
        });
        ReturnStatistics statistics = ReturnStatistics.Of([.. played.Select(episode => episode.Return)]);
        if (context.IsJson)
        {
            JsonResult.Write(Name, new JsonObject
            {
                ["env"] = name, ["agent"] = file, ["source"] = policy.Source, ["sample"] = isRandom || context.Get(Sample),
                ["returns"] = new JsonArray([.. played.Select(episode => (JsonNode)episode.Return)]),
                ["lengths"] = new JsonArray([.. played.Select(episode => (JsonNode)episode.Steps)]),
                ["truncated"] = new JsonArray([.. played.Select(episode => (JsonNode)episode.IsTruncated)]),
                ["mean"] = statistics.Mean, ["interval"] = new JsonArray(statistics.Low, statistics.High),
            });
        }
        else
        {
            new ResultTable($"{file} in {name}, {played.Count} episodes", "what", "#value")
                .Row("mean return", $"{statistics.Mean:F2}")
                .Row("95 % interval", $"{statistics.Low:F2} to {statistics.High:F2}")
                .Row("least, largest", $"{statistics.Least:F2}, {statistics.Largest:F2}")
                .Row("mean length", $"{played.Average(episode => episode.Steps):F1}")
                .Write(context.Terminal);
        }

        return ExitCode.Success;
    }
}
