using System.Globalization;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;

namespace Temper.Compression.Pruning;

/// <summary>Report section about the nonzero weights left by regularization and pruning.</summary>
public static class SparsitySection
{
    /// <summary>Creates a chart and a table of the nonzero weights of each layer.</summary>
    /// <param name="networks">
    /// One or more networks with the same layers, with display names such as <c>dense</c> and <c>lean</c>; the last is
    /// the result.
    /// </param>
    /// <exception cref="ArgumentException">There is no network, or their layers differ.</exception>
    public static Section Of(IReadOnlyList<(string Name, SparsityReport Report)> networks)
    {
        if (networks.Count == 0 || networks.Any(network => !SameLayers(network.Report, networks[^1].Report)))
        {
            throw new ArgumentException(
                "SparsitySection.Of: expected one or more networks with the same layers", nameof(networks));
        }

        SparsityReport last = networks[^1].Report;
        var chart = new BarChart
        {
            Title = "Weights left, % of the layer",
            Labels = [.. last.Layers.Select(layer => layer.Name)],
            Bars = [.. networks.Select(
                network => new ChartBars(network.Name, [.. network.Report.Layers.Select(Percent)]))],
            Maximum = 100,
            ValueFormat = "0.##",
        };
        string[] head = ["layer", "#weights", .. networks.Select(network => $"#left, {network.Name}"), "#times fewer"];
        var table = new DataTable(head,
        [
            .. last.Layers.Select((layer, i) =>
                Row(layer.Name, layer.Total, [.. networks.Select(network => network.Report.Layers[i].Nonzero)])),
            Row("all", last.Total, [.. networks.Select(network => network.Report.Nonzero)]),
        ]);
        return new Section("Weights left in each layer", [new ChartRow([chart]), table]);
    }

    private static bool SameLayers(SparsityReport a, SparsityReport b) =>
        a.Layers.Select(layer => layer.Name)
            .SequenceEqual(b.Layers.Select(layer => layer.Name), StringComparer.Ordinal);

    private static double Percent(LayerSparsity layer) => layer.Total == 0 ? double.NaN : layer.Density * 100;

    private static string[] Row(string name, long total, IReadOnlyList<long> left) =>
        [name, Number(total, "N0"), .. left.Select(count => Number(count, "N0")), left[^1] == 0
            ? "∞"
            : Number((double)total / left[^1], "F1")];

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
