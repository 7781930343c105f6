using System.Globalization;
using Temper.Networks;
using Temper.Reporting.Documents;

namespace Temper.Compression.Activations;

/// <summary>Report section about a network's winners and its multiply-accumulates.</summary>
public static class WinnersSection
{
    /// <summary>Creates the section: one table of the winners and one of the layers.</summary>
    /// <param name="network">The network.</param>
    /// <param name="count">Multiply-accumulates counted on samples.</param>
    public static Section Of(Network network, ActivationCount count) => new("Activations",
    [
        new Paragraph(string.Create(CultureInfo.InvariantCulture,
            $"A sample takes {count.MacsZeroInputsSkipped / 1e6:F3} million multiply-accumulates with nonzero weight "
            + $"and input; {count.MacsZeroInputsCounted / 1e6:F3} million if zeros of the network's input are "
            + $"counted too.")),
        new DataTable(
            ["node", "unit", "#competitors", "#winners", "selected by"],
            [
                .. network.Nodes.Where(node => node.Operator is Winners)
                .Select(node => (node, Winners: (Winners)node.Operator)).Select(place => new[]
                {
                    place.node.Name, place.Winners.Unit.ToString().ToLowerInvariant(),
                    Number(Winners.Competitors(network.Graph.ShapeOf(place.node.Inputs[0]), place.Winners.Unit)),
                    Number(place.Winners.Count), place.Winners.Threshold is { } threshold
                        ? $"threshold {threshold.ToString("G4", CultureInfo.InvariantCulture)}"
                        : "rank",
                }),
            ]),
        new DataTable(
            ["layer", "#nonzero inputs, %", "#M MACs, dense", "#nonzero weights", "#both nonzero"],
            [
                .. count.Layers.Select(layer => new[]
                {
                    layer.Name, (layer.Density * 100).ToString("F1", CultureInfo.InvariantCulture),
                    Millions(layer.Macs), Millions(layer.NonzeroMacs), Millions(layer.ActiveMacs),
                }),
            ]),
    ]);

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Millions(double macs) => (macs / 1e6).ToString("F3", CultureInfo.InvariantCulture);
}
