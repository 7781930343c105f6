using System.Text.Json.Nodes;
using Temper.Growth;
using Temper.Networks;
using Temper.Training;

namespace Temper.Cli.Runs;

/// <summary>
/// A growth run inside a run folder: trainings are stages of the run, and the report is updated after each step.
/// Checkpoint folders and choices are sent to the other ranks.
/// </summary>
internal sealed class SessionGrowth(RunSession session, RankJob ranks) : SessionMethodRun(session)
{
    private const int Million = 1_000_000;
    private int _noted;

    public override TrainingResult Fit(string stage, Network network, TrainingOptions options)
    {
        ranks.Lead(Session.CheckpointsOf(stage));
        return base.Fit(stage, network, options);
    }

    public override string Choose(string stage, string name, Func<string> choose) =>
        ranks.Broadcast(base.Choose(stage, name, choose));

    /// <summary>
    /// Notes the steps of a growth since the last call and updates the report. Steps that an earlier process of the run
    /// noted are skipped.
    /// </summary>
    /// <param name="record">The record so far.</param>
    internal void Report(GrowthRecord record)
    {
        foreach (GrowthStep step in record.Path.Skip(Math.Max(_noted, record.RestoredSteps)))
        {
            Session.Note(LineOf(step, record.Stages));
        }

        _noted = record.Path.Count;
        Session.Preview(GrowthSection.Of(record));
    }

    private static string LineOf(GrowthStep step, IReadOnlyList<string> stages)
    {
        bool isGrowing =
            step.Event is GrowthEvents.Grow or GrowthEvents.Stop or GrowthEvents.Limit or GrowthEvents.Diverged;
        string stage = step.Stage >= 0 ? $" {stages[step.Stage]}" : "",
            accuracy = step.Accuracy is { } value
                ? $"{(isGrowing ? "best so far" : "held-out")} {value * 100:F2} %, "
                : "",
            reason = step.Reason is null ? "" : $" ({step.Reason})";
        return $"{step.Event}{stage}: {string.Join('-', step.Depths)}, {accuracy}{Macs(step.Macs)} MACs, "
            + $"{step.Seconds:F0} s{reason}";
    }

    private static string Macs(long macs) => macs < Million ? $"{macs:N0}" : $"{(double)macs / Million:F1} million";

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
