using System.Globalization;
using System.Text.Json.Nodes;

namespace Temper.Experiments;

/// <summary>The rows of growing beside the bars of their issue, seed by seed.</summary>
internal static class GrowthBars
{
    internal static void Print(SeedCells cells, string grown)
    {
        BarTable.Begin();
        foreach (string other in (string[])["p-uniform", "p-adam", "p-zero", "c-gaussian"])
        {
            BarTable.Line($"test accuracy, p-gaussian - {other}, points", Points("p-gaussian", other), "above 0 in the paper", isMet: null);
        }

        BarTable.Line("blocks, rollback / p-gaussian", cells.Pairs("rollback", "p-gaussian", (a, b) => Blocks(a) / Blocks(b)), "<= 0.6", (mean, _) => mean <= 0.6);
        BarTable.Line("test accuracy, rollback - p-gaussian, points", Points("rollback", "p-gaussian"), ">= -0.2", (mean, _) => mean >= -0.2);
        BarTable.Line($"seconds, {grown} / scratch", cells.Pairs(grown, "scratch", (a, b) => (double)a["seconds"]! / (double)b["seconds"]!), "<= 1.5", (mean, _) => mean <= 1.5);
        foreach (string other in (string[])["scratch", "scratch-long", "net2net", "grid", "random", "paired"])
        {
            BarTable.Line($"test accuracy, {grown} - {other}, points", Points(grown, other), "", isMet: null);
        }

        BarTable.Line($"test accuracy, {grown} - scratch-rates, points", Points(grown, "scratch-rates"), ">= 2 for plain networks", isMet: null);
        BarTable.Line("limit-time, part of the limit", cells.Of("limit-time", Part), "<= 1.02", (mean, _) => mean <= 1.02, "F3");
        foreach (string limit in GrowthLimitRows.Names.Skip(1))
        {
            BarTable.Line($"{limit}, part of the limit", cells.Of(limit, Part), "<= 1", (mean, _) => mean <= 1, "F3");
        }

        IReadOnlyList<double> Points(string row, string other) => cells.Pairs(row, other, (a, b) => ((double)a["accuracy"]! - (double)b["accuracy"]!) * 100);
    }

    private static double Part(JsonNode cell) => (double)cell["part"]!;

    private static double Blocks(JsonNode cell) => ((string)cell["depths"]!).Split('-').Sum(depth => int.Parse(depth, CultureInfo.InvariantCulture));
}
