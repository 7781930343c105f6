using System.Globalization;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;

namespace Temper.Growth;

/// <summary>
/// Report section about a growth: depth, accuracy and cost over time, all events, and the Pareto front.
/// </summary>
public static class GrowthSection
{
    /// <summary>Creates the section; the growth may still be running.</summary>
    /// <param name="record">Record of the growth.</param>
    public static Section Of(GrowthRecord record) => new("How the network grew",
    [
        new ChartRow(
        [
            Chart("Blocks per stage", "blocks", [.. record.Stages.Select((name, stage) =>
                Line(name, record, step => step.Depths[stage]))]),
            Chart("Held-out accuracy, %", "%",
            [
                new ChartLine("best so far", BestSoFar(record.Points)),
                new ChartLine("best of the interval", [.. record.Points.Select(point =>
                    new ChartPoint(point.Seconds, point.Accuracy * 100))]),
            ]),
        ]),
        new ChartRow(
        [
            Chart("Million MACs per sample", "million MACs", [Line("MACs", record, step => step.Macs / 1e6)]),
            Chart("Thousand parameters", "thousand", [Line("parameters", record, step => step.Parameters / 1e3)]),
        ]),
        new Paragraph("Pareto front of all networks measured before the final training: no other one has higher "
            + "held-out accuracy at as many or fewer MACs. Of several measurements at equal depths, as after roll-back "
            + "and repair, the last one counts."),
        new DataTable(
            ["depths", "#accuracy, %", "#MACs", "#parameters", "#epoch", "#seconds"],
            [.. record.Pareto.Select(point => (string[])
                [
                    Depths(point.Depths), Percent(point.Accuracy), Count(point.Macs), Count(point.Parameters),
                    Epoch(point.Epoch), Seconds(point.Seconds),
                ])]),
        new Paragraph("All steps. Held-out accuracy of grow, stop, limit and diverged: the best so far; of roll-back, "
            + "bypass, shorten and finish: that of the network after the step, where it was measured."),
        new DataTable(
            ["event", "stage", "depths", "#epoch", "#held-out, %", "#MACs", "#parameters", "#seconds", "why"],
            [.. record.Path.Select(step => Row(step, record.Stages))]),
    ]);

    private static string[] Row(GrowthStep step, IReadOnlyList<string> stages) =>
    [
        step.Event, step.Stage >= 0 ? stages[step.Stage] : "", Depths(step.Depths), Epoch(step.Epoch),
        step.Accuracy is { } accuracy ? Percent(accuracy) : "", Count(step.Macs), Count(step.Parameters),
        Seconds(step.Seconds), step.Reason ?? "",
    ];

    /// <summary>Returns the running maximum of the intervals' accuracies.</summary>
    private static List<ChartPoint> BestSoFar(IReadOnlyList<GrowthPoint> points)
    {
        var line = new List<ChartPoint>();
        double best = 0;
        foreach (GrowthPoint point in points)
        {
            best = Math.Max(best, point.Accuracy);
            line.Add(new ChartPoint(point.Seconds, best * 100));
        }

        return line;
    }

    private static LineChart Chart(string title, string unit, IReadOnlyList<ChartLine> lines) => new()
    {
        Title = title, XLabel = "seconds", YLabel = unit, Lines = lines,
    };

    /// <summary>Returns a step-shaped line: the value changes at each event and is constant in between.</summary>
    private static ChartLine Line(string name, GrowthRecord record, Func<GrowthStep, double> value)
    {
        var points = new List<ChartPoint>();
        foreach (GrowthStep step in record.Path)
        {
            if (points.Count > 0)
            {
                points.Add(new ChartPoint(step.Seconds, points[^1].Y));
            }

            points.Add(new ChartPoint(step.Seconds, value(step)));
        }

        return new ChartLine(name, points);
    }

    private static string Depths(IReadOnlyList<int> depths) => string.Join('-', depths);

    private static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Epoch(int epoch) => epoch.ToString(CultureInfo.InvariantCulture);

    private static string Percent(double part) => (part * 100).ToString("F2", CultureInfo.InvariantCulture);

    private static string Seconds(double seconds) => seconds.ToString("F1", CultureInfo.InvariantCulture);
}
