using System.Globalization;
using Temper.Networks;
using Temper.Reporting.Documents;

namespace Temper.Compression.Activations;

/// <summary>Winners of a network and what is multiplied, as a section of a report.</summary>
public static class WinnersSection
{
    /// <summary>One table of the winners, one of the layers.</summary>
    /// <param name="network">The network.</param>
    /// <param name="count">What was counted on samples.</param>
    public static Section Of(Network network, ActivationCount count) => new("Activations",
    [
        new Paragraph(string.Create(CultureInfo.InvariantCulture,
            $"A sample takes {count.MacsZeroInputsSkipped / 1e6:F3} million multiplications of a weight and an input "
            + $"that are both not zero; {count.MacsZeroInputsCounted / 1e6:F3} million where zeros of the network's "
                + $"input count.")),
        new DataTable(
            ["winners", "competing", "#of", "#win", "decided by"],
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
            ["layer", "#inputs not zero, %", "#M operations, dense", "#weights not zero", "#both not zero"],
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
