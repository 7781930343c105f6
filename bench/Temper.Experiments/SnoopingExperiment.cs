using System.Text.Json.Nodes;
using Temper.Cli.Snooping;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Snooping.Attacks;
using Temper.Snooping.Evaluation;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;

namespace Temper.Experiments;

/// <summary>
/// Snooping on victims in several games. Each cell trains a victim, records it, trains proxies on the recording, and
/// plays the victim under every attack and baseline. Agents and cells are stored, so that the table can be resumed.
/// </summary>
internal sealed class SnoopingExperiment(SnoopingScale scale, string folder)
{
    private const ulong OtherMethodSeed = 1001, RelatedSeed = 2001;

    private readonly SnoopingAgents _agents = new(scale, folder);

    internal static int Run(string[] args)
    {
        if (args.Length == 0)
        {
            Console.Error.WriteLine(SnoopingScale.Usage);
            return 2;
        }

        var given = new TableArguments(
            "snooping", args[1..], "games", "rows", "victims", "method", "steps", "hidden", "othermethod", "othersteps",
            "defenseepsilon", "recorded", "passes", "proxies", "attacks", "epsilons", "episodes", "timing", "channel",
            "bits", "adversary");
        SnoopingScale scale = SnoopingScale.Read(given);
        string[] wanted = given.List("rows", "");
        var experiment = new SnoopingExperiment(scale, args[0]);
        Console.WriteLine($"scale: {scale.Described}; folder {Path.Combine(args[0], scale.Name)}");
        new SeedTable(
            Path.Combine(args[0], scale.Name), SnoopingLines.Header, experiment.Cell, new SnoopingLines(scale).Of)
            .Fill([.. scale.Games.Concat(wanted).Distinct(StringComparer.Ordinal)], wanted, scale.Victims);
        return 0;
    }

    /// <summary>
    /// Computes the cell of one victim. The row is a game, or a game and the defense the victim is trained with:
    /// <c>brick-break+interval</c>.
    /// </summary>
    private JsonObject Cell(string row, ulong seed)
    {
        (string game, string? defense) = row.Split('+') is [var name, var trained] ? (name, trained) : (row, null);
        Policy victim = _agents.Get(new SnoopingAgent(game, scale.Method, seed) { Defense = defense });
        (List<Proxy> proxies, IStateLog? heard) = Snooped(row, game, victim, seed);
        var run = new SnoopingRun(new SnoopingRunOptions
        {
            Environment = game, EnvironmentOptions = new EnvironmentOptions(), Victims = [victim],
            Episodes = scale.Episodes, Seed = 2_000_000 + seed, Mode = StackMode.PerFrame,
            Precision = scale.Channel, DefenseBits = scale.Bits, Time = TimeProvider.System,
        });
        var rows = new SnoopingRows(
            run, proxies, Others(game, defense, seed),
            found =>
                Console.Error.WriteLine(
                    $"{row}, victim {seed}: {found.Attack} {found.Defense} at {found.Epsilon}: {found.MeanReturn:F2}"));
        foreach (string line in SnoopingRows.Skipped(scale.Attacks, proxies))
        {
            Console.Error.WriteLine($"{row}, victim {seed}: {line}");
        }

        rows.AddClean();
        foreach (double epsilon in scale.Epsilons)
        {
            rows.Add(epsilon, scale.Attacks);
            if (scale.Adversary > 0)
            {
                rows.AddAdversary(epsilon, scale.Adversary);
            }

            if (scale.Timing > 0 && heard is not null && proxies.Exists(proxy => proxy.Goal == ProxyGoal.Classes))
            {
                rows.AddTimed(epsilon, scale.Timing, heard);
            }
        }

        return new JsonObject
        {
            ["random"] = run.RandomReturn(),
            ["proxies"] = new JsonObject(
                [.. proxies.Select(proxy => KeyValuePair.Create(proxy.Task, SeedTable.Json(proxy.Fidelity)))]),
            ["rows"] = new JsonArray([.. rows.Rows.Select(found => (JsonNode)Fields(found))]),
        };
    }

    /// <summary>
    /// Returns the independently trained agents. The one of the same method is the next victim, which is trained anyway
    /// if there are several.
    /// </summary>
    private OtherAgents Others(string game, string? defense, ulong seed) => new()
    {
        SameMethod = _agents.Get(
            new SnoopingAgent(game, scale.Method, (seed % (ulong)Math.Max(scale.Victims, 2)) + 1) { Defense = defense }),
        OtherMethod = _agents.Get(new SnoopingAgent(game, scale.OtherMethod, OtherMethodSeed)),
        OtherRules = _agents.Get(new SnoopingAgent(game, scale.Method, RelatedSeed) { HasOtherRules = true }),
        OtherGame = _agents.Get(new SnoopingAgent(SnoopingAgents.Related(game), scale.Method, RelatedSeed)),
    };

    /// <summary>Records a victim under the weakest threat model of each task and trains the tasks' proxies.</summary>
    /// <returns>The proxies, and the log with observations and actions; null if no task needs it.</returns>
    private (List<Proxy> Proxies, IStateLog? Heard) Snooped(string row, string game, Policy victim, ulong seed)
    {
        Dictionary<ThreatModel, IStateLog> logs = [];
        var proxies = new List<Proxy>();
        foreach (RelatedTask task in scale.Proxies.Select(RelatedTasks.Find))
        {
            if (!logs.TryGetValue(task.Needs, out IStateLog? log))
            {
                logs.Add(
                    task.Needs,
                    log =
                        LogRecording.Of(
                            victim, (game, new EnvironmentOptions()), task.Needs, scale.Recorded, 1_000 * seed,
                            CancellationToken.None).Log);
            }

            try
            {
                proxies.Add(task.TrainOn(log, scale.Proxy(seed)));
                Console.Error.WriteLine(
                    $"{row}, victim {seed}: {task.Name} under {task.Needs}, {proxies[^1].FidelityName} "
                    + $"{proxies[^1].Fidelity:F3}");
            }
            catch (ArgumentException error)
            {
                // The proxy cannot be trained, for example on a victim that always takes the same action; its rows then
                // average over the other victims.
                Console.Error.WriteLine($"{row}, victim {seed}: {error.Message}");
            }
        }

        return (proxies, logs.GetValueOrDefault(ThreatModel.SA));
    }

    private static JsonObject Fields(SnoopingRow row) => new()
    {
        ["attack"] = row.Attack, ["baseline"] = row.Baseline is { } baseline ? SnoopingTable.Name(baseline) : null,
        ["defense"] = row.Defense, ["epsilon"] = row.Epsilon,
        ["returns"] = new JsonArray([.. row.Returns[0].Select(one => (JsonNode)one)]),
        ["attacked"] = row.AttackedFrames,
        ["milliseconds"] = double.IsNaN(row.MillisecondsPerFrame) ? null : row.MillisecondsPerFrame,
        ["no_operation"] = row.IsNoOperation,
    };
}
