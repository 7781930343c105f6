using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Parallelism.Planning;
using Temper.Parallelism.Simulation;
using Temper.Wording;

namespace Temper.Cli.Commands;

/// <summary>Prints a plan as tables: the splits by layer and level, and the plan next to the usual plans.</summary>
internal static class PlanTables
{
    internal static void Show(Terminal terminal, PlanResult result, PlanSteps steps, TimeSpan searched)
    {
        RankPlan plan = result.Plan;
        string[] levels = [.. Enumerable.Range(1, plan.Levels.Count).Select(level => $"H{level}")];
        var layers = new ResultTable(
            $"{plan.Network}, {Plural.Of(plan.Accelerators, "accelerator")}, batch of {plan.Batch}",
            ["layer", .. levels, "#gradients", "#outputs", "#to next layers"]);
        for (int i = 0; i < plan.Layers.Count; i++)
        {
            (double gradients, double outputs, double next) = result.LayerBytes(i);
            layers.Row([plan.Layers[i], .. plan.Levels.Select(level =>
                $"{"dios"[level[i] - '0']}"), Bytes(gradients), Bytes(outputs), Bytes(next)]);
        }

        layers.Write(terminal);
        terminal.Note("d: samples are split, i: the kernel by input channels, o: the kernel by output channels, s: "
            + "rows of the image; H1 is the top level, which divides all accelerators");
        PlanBytes bytes = result.Bytes;
        new ResultTable($"one step, simulated on {steps.Machine}", "plan", "#bytes", "#seconds", "#joules", "#speed")
            .Row(Cells("this plan", bytes.Plan, steps.Plan, steps.Data))
            .Row(Cells("data parallel", bytes.Data, steps.Data, steps.Data))
            .Row(Cells("model parallel", bytes.Model, steps.Model, steps.Data))
            .Row(Cells("one weird trick", bytes.Trick, steps.Trick, steps.Data))
            .Row(
                bytes.Plan <= bytes.LowerBound * (1 + 1e-12) ? "proven optimum: this plan" : "no plan moves fewer than",
                Bytes(bytes.LowerBound), "", "", "")
            .Write(terminal);
        terminal.Note($"memory per accelerator: {result.RankMemory / (1 << 20):F1} "
            + $"MiB{(result.Saving == MemorySaving.None ? "" : $", with {Saving(result.Saving)}")}; found in "
            + $"{searched.TotalMilliseconds:F1} ms");
    }

    /// <summary>Describes what is needed to stay within the memory limit.</summary>
    internal static string Saving(MemorySaving saving) => saving switch
    {
        MemorySaving.None => "none",
        MemorySaving.ShardedOptimizer => "sharded optimizer",
        MemorySaving.Recompute => "recomputed outputs",
        _ => "sharded optimizer and recomputed outputs",
    };

    private static string[] Cells(string name, double bytes, SimulatedStep step, SimulatedStep data) =>
        [name, Bytes(bytes), $"{step.Seconds:G4}", $"{step.Joules:G4}", step.Seconds > 0
            ? $"{data.Seconds / step.Seconds:F2}x"
            : ""];

    private static string Bytes(double bytes) => bytes switch
    {
        0 => "",
        >= 1e9 => $"{bytes / 1e9:F3} GB",
        >= 1e6 => $"{bytes / 1e6:F2} MB",
        _ => $"{bytes / 1e3:F1} kB",
    };
}

/// <summary>Prints the recomputed figures of the paper.</summary>
internal static class PaperFigures
{
    internal static int Show(CommandContext context)
    {
        IReadOnlyList<PaperRow> rows = PaperTables.All();
        Dictionary<PaperStatus, int> counts =
            rows.GroupBy(row => row.Status).ToDictionary(group => group.Key, group => group.Count());
        if (context.IsJson)
        {
            JsonResult.Write("plan", new JsonObject
            {
                ["rows"] = new JsonArray([.. rows.Select(row => new JsonObject
                {
                    ["figure"] = row.Figure, ["what"] = row.What, ["ours"] = row.Ours, ["paper"] = row.Paper,
                    ["status"] = Name(row.Status),
                })]),
                ["counts"] = new JsonObject([.. Enum.GetValues<PaperStatus>().Select(status =>
                    KeyValuePair.Create(Name(status), (JsonNode?)counts.GetValueOrDefault(status)))]),
            });
            return ExitCode.Success;
        }

        var table = new ResultTable("HyPar, arXiv:1901.02067", "figure", "what", "ours", "paper", "status");
        foreach (PaperRow row in rows)
        {
            table.Row(row.Figure, row.What, row.Ours, row.Paper, Name(row.Status));
        }

        table.Write(context.Terminal);
        context.Terminal.Note(
            string.Join(", ", counts.OrderBy(count => count.Key).Select(count => $"{count.Value} {Name(count.Key)}")));
        return ExitCode.Success;
    }

    private static string Name(PaperStatus status) =>
        status == PaperStatus.NotFound ? "not found" : status.ToString().ToLowerInvariant();
}
