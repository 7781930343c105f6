using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Growth;
using Temper.Networks;
using Temper.Training;

namespace Temper.Cli.Runs;

/// <summary>
/// A growth run inside a run folder: trainings are stages of the run, and the report is updated after each step.
/// Checkpoint folders and choices are sent to the other ranks.
/// </summary>
internal sealed class SessionGrowth(RunSession run, RankJob ranks, TimeProvider time) : IGrowthRun
{
    public Dataset Train => run.Train!;

    public Dataset Validation => run.Validation!;

    public TimeProvider Time => time;

    public TrainingResult Fit(string stage, Network network, TrainingOptions options)
    {
        ranks.Lead(run.CheckpointsOf(stage));
        return run.Fit(stage, network, options);
    }

    public string Choose(string stage, string name, Func<string> choose) =>
        ranks.Broadcast(run.Choose(stage, name, choose));

    public void Report(GrowthRecord record)
    {
        GrowthStep last = record.Path[^1];
        string reason = last.Reason is null ? "" : $" ({last.Reason})";
        run.Note($"{last.Event}: {string.Join('-', last.Depths)}, best {last.Accuracy * 100:F2} %, "
            + $"{last.Macs / 1e6:F1} million MACs, {last.Seconds:F0} s{reason}");
        run.Preview(GrowthSection.Of(record));
    }

    /// <summary>Creates the fields of the command's JSON document.</summary>
    /// <param name="result">Result of the growth.</param>
    /// <param name="accuracy">Accuracy on the test samples, 0 to 1; null: not measured.</param>
    internal static JsonObject ToJson(GrowthResult result, double? accuracy) => new()
    {
        ["depths"] = Numbers(result.Network.Depths),
        ["accuracy"] = accuracy,
        ["parameters"] = result.Network.Network.Cost().Parameters,
        ["macs"] = result.Network.Network.Cost().Macs,
        ["seconds"] = Math.Round(result.Record.Seconds, 3),
        ["grown"] = Numbers(result.Grown),
        ["growth_epochs"] = result.GrowthEpochs,
        ["repair_epochs"] = result.RepairEpochs,
        ["finish_epochs"] = result.Finish.History.Count,
        ["path"] = new JsonArray([.. result.Record.Path.Select(step => new JsonObject
        {
            ["event"] = step.Event,
            ["stage"] = step.Stage >= 0 ? result.Record.Stages[step.Stage] : null,
            ["depths"] = Numbers(step.Depths),
            ["epoch"] = step.Epoch,
            ["accuracy"] = step.Accuracy,
            ["parameters"] = step.Parameters,
            ["macs"] = step.Macs,
            ["seconds"] = Math.Round(step.Seconds, 3),
            ["reason"] = step.Reason,
        })]),
        ["pareto"] = new JsonArray([.. result.Record.Pareto.Select(point => new JsonObject
        {
            ["depths"] = Numbers(point.Depths), ["accuracy"] = point.Accuracy, ["parameters"] = point.Parameters,
            ["macs"] = point.Macs,
            ["seconds"] = Math.Round(point.Seconds, 3),
        })]),
    };

    private static JsonArray Numbers(IEnumerable<int> numbers) =>
        [.. numbers.Select(number => JsonValue.Create(number))];
}
