using System.Globalization;
using Temper.Compression.Shrinking;
using Temper.Networks;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;

namespace Temper.Compression.Pipeline;

/// <summary>Report sections about a compression.</summary>
public static class CompressionSection
{
    /// <summary>Creates a table of all trials and a chart of accuracy over MACs.</summary>
    /// <param name="result">Result of the compression.</param>
    /// <param name="options">Options of the compression.</param>
    public static Section Of(CompressionResult result, CompressionOptions options)
    {
        string measure = result.IsAgreement ? "agreement" : "held-out accuracy";
        var chart = new LineChart
        {
            Title = result.IsAgreement
                ? "Agreement with the original over MACs; each point is a network"
                : "Held-out accuracy over MACs; each point is a network",
            XLabel = "million multiply-accumulates per sample",
            YLabel = result.IsAgreement ? "agreement, %" : "accuracy, %",
            Lines =
            [
                new ChartLine("original", [Point(result.Before)]),
                .. result.Trials
                    .GroupBy(
                        trial => trial.Activations == CompressionActivations.None
                            ? trial.Label
                            : trial.Activations.ToString().ToLowerInvariant(),
                        StringComparer.Ordinal)
                    .Select(group => new ChartLine(group.Key, [
                        .. group.OrderBy(trial => trial.Figures.Macs).Select(trial => Point(trial.Figures)),
                    ])),
            ],
        };
        var table = new DataTable(
            ["network", "#kept, %", $"#{measure}, %", "#weights", "#M MACs", "#KiB", "#ms", "remark"],
            [
                Row("original", 1, result.Before, ""),
                .. result.Trials.Select(trial => Row(
                    trial.Label, trial.Kept, trial.Figures,
                    ReferenceEquals(trial, result.Chosen) ? "taken" : trial.IsWithinBound ? "" : "below the bound")),
            ]);
        return new Section("What was tried",
        [
            .. result.Remarks.Select(remark => new Warning(remark)),
            new Paragraph(Bound(result, options)),
            new ChartRow([chart]),
            table,
        ]);
    }

    /// <summary>Creates a table of layer widths.</summary>
    /// <param name="before">The original network.</param>
    /// <param name="after">The compressed network.</param>
    public static Section Widths(Network before, Network after)
    {
        Dictionary<string, int> left =
            after.Nodes.ToDictionary(node => node.Name, NetworkShrinking.WidthOf, StringComparer.Ordinal);
        return new Section("Width of the layers",
        [
            new DataTable(
                ["layer", "#channels before", "#after"],
                [.. before.Nodes.Where(node => NetworkShrinking.WidthOf(node) > 0).Select(node => new[]
                {
                    node.Name, Number(NetworkShrinking.WidthOf(node)), Number(left.GetValueOrDefault(node.Name)),
                })]),
        ]);
    }

    private static string Bound(CompressionResult result, CompressionOptions options)
    {
        (double drop, string goal) = (options.MaxAccuracyDrop, options.Goal.ToString().ToLowerInvariant());
        return result.IsAgreement
            ? string.Create(CultureInfo.InvariantCulture,
                $"At most {drop} % of the predictions may differ from those of the original network; the goal is "
                + $"{goal}. The agreement here is slightly too high, because its samples were used to choose.")
            : string.Create(CultureInfo.InvariantCulture,
                $"At most {drop} percentage points of accuracy may be lost; the goal is {goal}. The accuracies here "
                + $"are slightly too high, because the held-out samples were used to choose.");
    }

    private static ChartPoint Point(NetworkFigures figures) => new(figures.Macs / 1e6, figures.Accuracy * 100);

    private static string[] Row(string name, double kept, NetworkFigures figures, string remark) =>
    [
        name, Number(kept * 100, "F1"), Number(figures.Accuracy * 100, "F2"), Number(figures.Weights, "N0"),
        Number(figures.Macs / 1e6, "F3"),
        Number(figures.Bytes / 1024.0, "N0"), Number(figures.Milliseconds, "F3"), remark,
    ];

    private static string Number(double value, string format = "0") =>
        value.ToString(format, CultureInfo.InvariantCulture);
}
