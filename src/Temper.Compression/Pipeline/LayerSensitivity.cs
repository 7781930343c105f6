using System.Globalization;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Networks;
using Temper.Reporting.Documents;
using Temper.Training.Evaluation;

namespace Temper.Compression.Pipeline;

/// <summary>How accuracy falls when weights of one layer alone are pruned.</summary>
/// <param name="Layer">Name of the layer's weight parameter.</param>
/// <param name="Weights">Number of nonzero weights of the layer.</param>
/// <param name="Accuracy">
/// Accuracy (0 to 1) by the fraction of the layer's weights set to zero, without retraining.
/// </param>
public sealed record LayerSensitivity(string Layer, long Weights, IReadOnlyDictionary<double, double> Accuracy)
{
    /// <summary>Default fractions of pruned weights: 0.5, 0.8 and 0.95.</summary>
    public static IReadOnlyList<double> DefaultParts { get; } = [0.5, 0.8, 0.95];

    /// <summary>
    /// Prunes each layer alone by magnitude and measures the accuracy; the other layers are unchanged.
    /// </summary>
    /// <param name="network">The network; not changed.</param>
    /// <param name="samples">
    /// Samples to measure on, other than those for the final measurement; some hundreds suffice.
    /// </param>
    /// <param name="parts">Fractions of a layer's weights to set to zero; null: <see cref="DefaultParts"/>.</param>
    /// <param name="cancel">Cancels between layers.</param>
    public static IReadOnlyList<LayerSensitivity> Of(
        Network network, Dataset samples, IReadOnlyList<double>? parts = null, CancellationToken cancel = default) =>
        Of(network, pruned => Evaluator.Evaluate(pruned, samples, cancel: cancel).Accuracy, parts);

    /// <summary>Prunes each layer alone by magnitude and measures the accuracy.</summary>
    /// <param name="network">The network; not changed.</param>
    /// <param name="measure">Returns the accuracy of a network, 0 to 1.</param>
    /// <param name="parts">Fractions of a layer's weights to set to zero; null: <see cref="DefaultParts"/>.</param>
    internal static IReadOnlyList<LayerSensitivity> Of(
        Network network, Func<Network, double> measure, IReadOnlyList<double>? parts = null)
    {
        string[] layers = [.. network.Parameters.Where(SparsityReport.IsWeight).Select(parameter => parameter.Name)];
        return [.. layers.Select(layer =>
        {
            string[] others = [.. layers.Where(other => !string.Equals(other, layer, StringComparison.Ordinal))];
            Dictionary<double, double> found = (parts ?? DefaultParts).ToDictionary(
                part => part, part => measure(network.Prune(PruningRule.LayerSparsity(part), others)));
            return new LayerSensitivity(layer, SparsityReport.Of(network).Layers.First(one =>
                string.Equals(one.Name, layer, StringComparison.Ordinal)).Nonzero, found);
        })];
    }

    /// <summary>Creates the report section with the table of sensitivities.</summary>
    /// <param name="rows">Sensitivities, one per layer.</param>
    /// <param name="before">Accuracy on the same samples without pruning, 0 to 1.</param>
    public static Section ToSection(IReadOnlyList<LayerSensitivity> rows, double before)
    {
        double[] parts = [.. rows.SelectMany(row => row.Accuracy.Keys).Distinct().Order()];
        return new Section("Sensitivity of the layers",
        [
            new Paragraph(string.Create(CultureInfo.InvariantCulture,
                $"Held-out accuracy when a fraction of the weights of one layer alone is pruned, without retraining; "
                + $"{before * 100:F2} % without pruning. Consider --ignore for layers whose accuracy falls early.")),
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
