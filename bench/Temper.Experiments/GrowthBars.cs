using System.Globalization;
using System.Text.Json.Nodes;

namespace Temper.Experiments;

/// <summary>Compares the rows of growth with their targets, seed by seed.</summary>
internal static class GrowthBars
{
    private const string Paper = "p-gaussian", Own = "rollback", Accuracy = "accuracy";

    internal static void Print(SeedCells cells, string grown)
    {
        BarTable.Begin();
        foreach (string other in (string[])["p-uniform", "p-adam", "p-zero", "c-gaussian"])
        {
            BarTable.Shown(
                $"test accuracy, {Paper} - {other}, points", cells.Points(Paper, other, Accuracy),
                "above 0 in the paper");
        }

        BarTable.AtMost($"blocks, {Own} / {Paper}", cells.Pairs(Own, Paper, (a, b) => Blocks(a) / Blocks(b)), 0.6);
        BarTable.AtLeast($"test accuracy, {Own} - {Paper}, points", cells.Points(Own, Paper, Accuracy), -0.2);
        BarTable.AtMost($"seconds, {grown} / scratch", cells.Ratios(grown, "scratch", "seconds"), 1.5);
        foreach (string other in (string[])["scratch", "scratch-long", "net2net", "grid", "random", "paired"])
        {
            BarTable.Shown($"test accuracy, {grown} - {other}, points", cells.Points(grown, other, Accuracy));
        }

        string what = $"test accuracy, {grown} - scratch-rates, points";
        BarTable.Shown(what, cells.Points(grown, "scratch-rates", Accuracy), "2 or more for plain networks");
        BarTable.AtMost("limit-time, part of the limit", cells.Of("limit-time", Part), 1.02, "F3");
        foreach (string limit in GrowthLimitRows.Names.Skip(1))
        {
            BarTable.AtMost($"{limit}, part of the limit", cells.Of(limit, Part), 1, "F3");
        }
    }

    private static double Part(JsonNode cell) => (double)cell["part"]!;

    private static double Blocks(JsonNode cell) =>
        ((string)cell["depths"]!).Split('-').Sum(depth => int.Parse(depth, CultureInfo.InvariantCulture));
}
