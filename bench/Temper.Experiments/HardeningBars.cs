using System.Text.Json.Nodes;
using Temper.Robustness.Attacks;
using Temper.Robustness.Feedback;

namespace Temper.Experiments;

/// <summary>Compares the rows of feedback learning with their targets, seed by seed.</summary>
internal static class HardeningBars
{
    private const string Feedback = HardeningTable.Feedback, Equal = HardeningTable.Equal, Plain = "plain";

    internal static string Worst(string budget) => $"{budget} worst";

    internal static void Print(SeedCells cells, HardeningScale scale)
    {
        BarTable.Begin();
        BarTable.AtLeast("median DDN-100 L2, feedback / plain", cells.Ratios(Feedback, Plain, "ddn"), 1.5);
        foreach (AttackBudget budget in scale.Budgets)
        {
            string what = $"AutoAttack {budget.Name}, feedback - plain, points";
            BarTable.AboveZero(what, cells.Points(Feedback, Plain, budget.Name));
        }

        Families(cells);
        BarTable.AtLeast(
            "test accuracy, feedback - start, points", cells.Points(Feedback, HardeningTable.Warm, "test"), -0.5);
        BarTable.AtLeast("test accuracy, feedback - plain, points", cells.Points(Feedback, Plain, "test"), -0.5);
        BarTable.AtMost("inequality, gamma 1 / gamma 0", cells.Ratios(Feedback, Equal, "inequality"), 0.7);
        foreach (AttackBudget budget in scale.Budgets)
        {
            string what = $"worst class under {budget.Name}, gamma 1 - gamma 0, points";
            BarTable.AboveZero(what, cells.Points(Feedback, Equal, Worst(budget.Name)));
        }

        BarTable.AtMost(
            "seconds per epoch, feedback / PGD training", cells.Pairs(Feedback, "pgd", EpochSeconds), 1);
    }

    private static double EpochSeconds(JsonNode a, JsonNode b) => EpochSeconds(a) / EpochSeconds(b);

    private static double EpochSeconds(JsonNode cell) => (double)cell["seconds"]! / (double)cell["epochs"]!;

    /// <summary>
    /// Prints the improvement of each family without feedback examples, and the fraction of these families whose
    /// improvement exceeds its interval. One percentage point is 0.01 of severity.
    /// </summary>
    private static void Families(SeedCells cells)
    {
        string[] names = [.. DirectionFamily.All.Where(family => !family.IsRay).Select(family => family.Name)];
        List<bool> isBetter = [];
        foreach (string name in names)
        {
            IReadOnlyList<double> change = cells.Pairs(Feedback, Plain, (a, b) => Median(a, name) - Median(b, name));
            BarTable.AtLeast($"median severity, {name}, feedback - plain", change, -0.01, "F3");
            if (change.Count > 0)
            {
                (double mean, double half) = SeedStatistics.Of(change);
                isBetter.Add(mean - half > 0);
            }
        }

        double[] part = isBetter.Count == 0 ? [] : [isBetter.Count(better => better) / (double)names.Length];
        BarTable.AtLeast("fraction of these families whose improvement exceeds its interval", part, 0.5);
    }

    private static double Median(JsonNode cell, string family) => SeedTable.Number(cell["medians"]![family]);
}
