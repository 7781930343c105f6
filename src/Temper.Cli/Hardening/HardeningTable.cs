using System.Globalization;
using Temper.Cli.Output;
using Temper.Robustness.Feedback;

namespace Temper.Cli.Hardening;

/// <summary>Table of what hardening changed: accuracy and distances before and after, on the same samples.</summary>
internal static class HardeningTable
{
    internal static ResultTable Of(HardeningComparison found)
    {
        var table = new ResultTable(
            $"before and after, on {found.After.Space.Counts.Sum():N0} samples", "measured", "#before", "#after");
        foreach (string[] row in Rows(found))
        {
            table.Row(row);
        }

        return table;
    }

    /// <summary>The rows of the table; those of attacks are missing if there were none.</summary>
    internal static IReadOnlyList<string[]> Rows(HardeningComparison found)
    {
        (MeasuredNetwork before, MeasuredNetwork after) = (found.Before, found.After);
        List<string[]> rows = [];
        if ((before.Attacked, after.Attacked) is ({ } soft, { } hard))
        {
            rows.AddRange(soft.Accuracies.Zip(hard.Accuracies).Select(pair => (string[])
            [
                $"robust accuracy, {pair.First.Attack} {pair.First.Budget.Name}", Percent(pair.First.Value),
                Percent(pair.Second.Value),
            ]));
            rows.Add(["median distance (L2), ddn", Number(soft.MedianDistance), Number(hard.MedianDistance)]);
        }

        rows.AddRange(before.Space.Families.Zip(after.Space.Families).Select(pair => (string[])
        [
            $"median {(pair.First.Family.IsRay ? "distance (L2)" : "severity")}, {pair.First.Family.Name}",
            Number(pair.First.All.Median), Number(pair.Second.All.Median),
        ]));
        rows.Add(["accuracy without an attack", Percent(before.Accuracy), Percent(after.Accuracy)]);
        return rows;
    }

    private static string Percent(double part) =>
        double.IsFinite(part) ? string.Create(CultureInfo.InvariantCulture, $"{part * 100:F2} %") : "-";

    private static string Number(double value) =>
        double.IsFinite(value) ? value.ToString("G4", CultureInfo.InvariantCulture) : "-";
}
