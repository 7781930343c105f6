using System.Globalization;
using Temper.Parallelism.Planning;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;

namespace Temper.Parallelism.Simulation;

/// <summary>A report section for a plan: its image, its costs compared with the usual plans, and its layers.</summary>
public static class PlanSection
{
    private static readonly string[] Names = ["this plan", "data parallel", "model parallel", "one weird trick"];

    /// <summary>Creates the section.</summary>
    /// <param name="result">A plan.</param>
    /// <param name="steps">Simulated steps of the plan and of its baselines.</param>
    public static Section Of(PlanResult result, PlanSteps steps)
    {
        RankPlan plan = result.Plan;
        SimulatedStep[] timelines = [steps.Plan, steps.Data, steps.Model, steps.Trick];
        double[] bytes = [result.Bytes.Plan, result.Bytes.Data, result.Bytes.Model, result.Bytes.Trick];
        bool isProven = result.Bytes.Plan <= result.Bytes.LowerBound * (1 + 1e-12);
        return new Section($"How {plan.Network} is divided among {plan.Accelerators} accelerators",
        [
            new KeyFigures(
            [
                new KeyFigure("Bytes per step", Gigabytes(bytes[0]), isProven
                    ? "proven: no plan with these splits moves fewer"
                    : $"no plan moves fewer than {Gigabytes(result.Bytes.LowerBound)}"),
                new KeyFigure(
                    "Simulated step", $"{Number(steps.Plan.Seconds)} s",
                    $"on {steps.Machine}; data parallel {Number(steps.Data.Seconds)} s"),
                new KeyFigure(
                    "Memory per accelerator",
                    $"{(result.RankMemory / (1 << 20)).ToString("F1", CultureInfo.InvariantCulture)} MiB",
                    SavingText(result.Saving)),
            ]),
            new Warning("Times and energies are simulated from a model of the accelerators and their links, not "
                + "measured on any hardware."),
            .. result.Notes.Select(note => new Paragraph(note)),
            new Drawing(
                PlanPicture.Draw(result, steps.Plan), "Layers (columns) and levels of the hierarchy (rows), the bytes "
                + $"between layers, and when a step computes and moves data (batch of {plan.Batch})"),
            new ChartRow(
            [
                Bars("Bytes per step", "GB", [.. bytes.Select(count => count / 1e9)]),
                Bars("Simulated step", "seconds", [.. timelines.Select(step => step.Seconds)]),
            ]),
            new DataTable(
                ["plan", "#bytes", "#seconds", "#computing", "#moving data", "#joules"],
                [.. timelines.Select((step, i) => (string[])
                    [
                        Names[i], Gigabytes(bytes[i]), Number(step.Seconds), Number(step.ComputeSeconds),
                        Number(step.CommunicationSeconds), Number(step.Joules),
                    ])]),
            new DataTable(
                ["layer", "splits, first level first", "#gradients", "#outputs", "#to next layers"],
                [.. plan.Layers.Select((layer, i) => Row(result, layer, i))]),
            new Paragraph("0: samples are split; 1: the kernel is split by input channels; 2: the kernel is split by "
                + "output channels; 3: rows of the image are split. The first level divides all accelerators."),
        ]);
    }

    private static string[] Row(PlanResult result, string layer, int index)
    {
        (double gradients, double outputs, double next) = result.LayerBytes(index);
        string splits = string.Concat(result.Plan.Levels.Select(level => level[index]));
        return [layer, splits, Gigabytes(gradients), Gigabytes(outputs), Gigabytes(next)];
    }

    private static BarChart Bars(string title, string unit, double[] values) => new()
    {
        Title = $"{title}, {unit}", ValueLabel = unit, Labels = Names, Bars = [new ChartBars(unit, values)],
        ValueFormat = "G3",
    };

    private static string SavingText(MemorySaving saving) =>
        saving == MemorySaving.None ? "no memory savings needed" : $"with {string.Join(" and ", Savings(saving))}";

    private static IEnumerable<string> Savings(MemorySaving saving)
    {
        if (saving.HasFlag(MemorySaving.ShardedOptimizer))
        {
            yield return "a sharded optimizer";
        }

        if (saving.HasFlag(MemorySaving.Recompute))
        {
            yield return "recomputed outputs";
        }
    }

    private static string Gigabytes(double bytes) => bytes >= 1e9
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:F3} GB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:F2} MB");

    private static string Number(double value) => value.ToString("G4", CultureInfo.InvariantCulture);
}
