using System.Globalization;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Networks;
using Temper.Reporting.Documents;
using Temper.Training.Evaluation;

namespace Temper.Compression.Pipeline;

/// <summary>How much one layer alone bears to lose.</summary>
/// <param name="Layer">Name of its weights.</param>
/// <param name="Weights">Weights that are not zero.</param>
/// <param name="Accuracy">Accuracy with a part of them at zero, by the part; nothing is trained.</param>
public sealed record LayerSensitivity(string Layer, long Weights, IReadOnlyDictionary<double, double> Accuracy)
{
    /// <summary>Parts that are tried where nothing else is said.</summary>
    public static IReadOnlyList<double> UsualParts { get; } = [0.5, 0.8, 0.95];

    /// <summary>Prunes each layer alone by magnitude and measures; the others stay as they are.</summary>
    /// <param name="network">Not changed.</param>
    /// <param name="samples">Samples to measure on, none that judges the result; some hundreds do.</param>
    /// <param name="parts">Parts of a layer's weights that become zero; null: <see cref="UsualParts"/>.</param>
    /// <param name="cancel">Stops between layers.</param>
    public static IReadOnlyList<LayerSensitivity> Of(
        Network network, Dataset samples, IReadOnlyList<double>? parts = null, CancellationToken cancel = default) =>
        Of(network, pruned => Evaluator.Evaluate(pruned, samples, cancel: cancel).Accuracy, parts);

    /// <summary>Prunes each layer alone by magnitude and measures.</summary>
    /// <param name="network">Not changed.</param>
    /// <param name="measure">The accuracy of a network, 0 to 1.</param>
    /// <param name="parts">Parts of a layer's weights that become zero; null: <see cref="UsualParts"/>.</param>
    internal static IReadOnlyList<LayerSensitivity> Of(
        Network network, Func<Network, double> measure, IReadOnlyList<double>? parts = null)
    {
        string[] layers = [.. network.Parameters.Where(SparsityReport.IsWeight).Select(parameter => parameter.Name)];
        return [.. layers.Select(layer =>
        {
            string[] others = [.. layers.Where(other => !string.Equals(other, layer, StringComparison.Ordinal))];
            Dictionary<double, double> found = (parts ?? UsualParts).ToDictionary(
                part => part, part => measure(network.Prune(PruningRule.LayerSparsity(part), others)));
            return new LayerSensitivity(layer, SparsityReport.Of(network).Layers.First(one =>
                string.Equals(one.Name, layer, StringComparison.Ordinal)).Nonzero, found);
        })];
    }

    /// <summary>The table for a report.</summary>
    /// <param name="rows">A row a layer.</param>
    /// <param name="before">Accuracy on the same samples with nothing pruned.</param>
    public static Section ToSection(IReadOnlyList<LayerSensitivity> rows, double before)
    {
        double[] parts = [.. rows.SelectMany(row => row.Accuracy.Keys).Distinct().Order()];
        return new Section("Sensitivity of the layers",
        [
            new Paragraph(string.Create(CultureInfo.InvariantCulture,
                $"Held-out accuracy when one layer alone loses a part of its weights, nothing trained after it; "
                + $"{before * 100:F2} % with all of them. Layers that fall early are worth --ignore.")),
            new DataTable(
                ["layer", "#weights", .. parts.Select(part =>
                    string.Create(CultureInfo.InvariantCulture, $"#{part * 100:0.##} % zeros"))],
                [.. rows.Select(row => (string[])
                [
                    row.Layer, row.Weights.ToString("N0", CultureInfo.InvariantCulture),
                    .. parts.Select(
                        part => string.Create(CultureInfo.InvariantCulture, $"{row.Accuracy[part] * 100:F2} %")),
                ])]),
        ]);
    }
}
