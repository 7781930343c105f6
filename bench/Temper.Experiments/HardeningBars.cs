using System.Text.Json.Nodes;
using Temper.Robustness.Attacks;
using Temper.Robustness.Feedback;

namespace Temper.Experiments;

/// <summary>The rows of feedback learning beside the bars of its issue, seed by seed.</summary>
internal static class HardeningBars
{
    private const double Point = 0.01;

    internal static string Worst(string budget) => $"{budget} worst";

    internal static void Print(SeedCells cells, HardeningScale scale)
    {
        const string Feedback = HardeningTable.Feedback, Equal = HardeningTable.Equal, Plain = "plain";
        BarTable.Begin();
        BarTable.Line("median DDN-100 L2, feedback / plain", Ratios(Feedback, Plain, "ddn"), ">= 1.5", (mean, _) => mean >= 1.5);
        foreach (AttackBudget budget in scale.Budgets)
        {
            BarTable.Line($"AutoAttack {budget.Name}, feedback - plain, points", Points(Feedback, Plain, budget.Name), "above 0", (mean, _) => mean > 0);
        }

        Families(cells, Feedback, Plain);
        BarTable.Line("test accuracy, feedback - start, points", Points(Feedback, HardeningTable.Warm, "test"), ">= -0.5", (mean, _) => mean >= -0.5);
        BarTable.Line("test accuracy, feedback - plain, points", Points(Feedback, Plain, "test"), ">= -0.5", (mean, _) => mean >= -0.5);
        BarTable.Line("inequality, gamma 1 / gamma 0", Ratios(Feedback, Equal, "inequality"), "<= 0.7", (mean, _) => mean <= 0.7);
        foreach (AttackBudget budget in scale.Budgets)
        {
            BarTable.Line($"worst class under {budget.Name}, gamma 1 - gamma 0, points", Points(Feedback, Equal, Worst(budget.Name)), "above 0", (mean, _) => mean > 0);
        }

        BarTable.Line("seconds, feedback / PGD training of as many epochs", cells.Pairs(Feedback, "pgd", SecondsAnEpoch), "<= 1", (mean, _) => mean <= 1);

        IReadOnlyList<double> Ratios(string row, string other, string name) => cells.Pairs(row, other, (a, b) => SeedTable.Number(a[name]) / SeedTable.Number(b[name]));
        IReadOnlyList<double> Points(string row, string other, string name) => cells.Pairs(row, other, (a, b) => (SeedTable.Number(a[name]) - SeedTable.Number(b[name])) * 100);
    }

    private static double SecondsAnEpoch(JsonNode a, JsonNode b) => (double)a["seconds"]! / (double)a["epochs"]! / ((double)b["seconds"]! / (double)b["epochs"]!);

    /// <summary>Families without examples: how many improve beyond their interval, and the one that loses most. A point is a hundredth of the severity.</summary>
    private static void Families(SeedCells cells, string feedback, string plain)
    {
        string[] names = [.. DirectionFamily.All.Where(family => !family.IsRay).Select(family => family.Name)];
        (double Mean, double Half)[] changes = [];
        foreach (string name in names)
        {
            IReadOnlyList<double> change = cells.Pairs(feedback, plain, (a, b) => SeedTable.Number(a["medians"]![name]) - SeedTable.Number(b["medians"]![name]));
            BarTable.Line($"median severity, {name}, feedback - plain", change, ">= -0.01", (mean, _) => mean >= -Point, "F3");
            changes = change.Count == 0 ? changes : [.. changes, SeedStatistics.Of(change)];
        }

        double[] better = changes.Length == 0 ? [] : [changes.Count(change => change.Mean - change.Half > 0) / (double)names.Length];
        BarTable.Line("part of these families that improves beyond its interval", better, ">= 0.5", (mean, _) => mean >= 0.5);
    }
}
