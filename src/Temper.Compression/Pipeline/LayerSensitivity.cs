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
/// Accuracy (0 to 1) by sparsity, the fraction of the layer's weights set to zero, without retraining.
/// </param>
public sealed record LayerSensitivity(string Layer, long Weights, IReadOnlyDictionary<double, double> Accuracy)
{
    /// <summary>Default sparsities: 0.5, 0.8 and 0.95.</summary>
    public static IReadOnlyList<double> DefaultSparsities { get; } = [0.5, 0.8, 0.95];

    /// <summary>
    /// Prunes each layer alone by magnitude and measures the accuracy; the other layers are unchanged.
    /// </summary>
    /// <param name="network">The network; not changed.</param>
    /// <param name="samples">
    /// Samples to measure on, other than those for the final measurement; some hundreds suffice.
    /// </param>
    /// <param name="sparsities">
    /// Fractions of a layer's weights to set to zero, 0 to 1; null: <see cref="DefaultSparsities"/>.
    /// </param>
    /// <param name="cancel">Cancels between layers.</param>
    public static IReadOnlyList<LayerSensitivity> Of(
        Network network, Dataset samples, IReadOnlyList<double>? sparsities = null,
        CancellationToken cancel = default) =>
        Of(network, pruned => Evaluator.Evaluate(pruned, samples, cancel: cancel).Accuracy, sparsities);

    /// <summary>Prunes each layer alone by magnitude and measures the accuracy.</summary>
    /// <param name="network">The network; not changed.</param>
    /// <param name="measure">Returns the accuracy of a network, 0 to 1.</param>
    /// <param name="sparsities">
    /// Fractions of a layer's weights to set to zero, 0 to 1; null: <see cref="DefaultSparsities"/>.
    /// </param>
    internal static IReadOnlyList<LayerSensitivity> Of(
        Network network, Func<Network, double> measure, IReadOnlyList<double>? sparsities = null)
    {
        string[] layers = [.. network.Parameters.Where(SparsityReport.IsWeight).Select(parameter => parameter.Name)];
        return [.. layers.Select(layer =>
        {
            string[] others = [.. layers.Where(other => !string.Equals(other, layer, StringComparison.Ordinal))];
            Dictionary<double, double> found = (sparsities ?? DefaultSparsities).ToDictionary(
                sparsity => sparsity,
                sparsity => measure(network.Prune(PruningRule.LayerSparsity(sparsity), others)));
            return new LayerSensitivity(layer, SparsityReport.NonzeroOf(network.Parameters[layer]), found);
        })];
    }

    /// <summary>Creates the report section with the table of sensitivities.</summary>
    /// <param name="rows">Sensitivities, one per layer.</param>
    /// <param name="before">Accuracy on the same samples without pruning, 0 to 1.</param>
    public static Section ToSection(IReadOnlyList<LayerSensitivity> rows, double before) =>
        ToSection(rows, before, "held-out accuracy");

    /// <inheritdoc cref="ToSection(IReadOnlyList{LayerSensitivity}, double)"/>
    /// <param name="rows">Sensitivities, one per layer.</param>
    /// <param name="before">Accuracy on the same samples without pruning, 0 to 1.</param>
    /// <param name="measure">What the accuracies measure.</param>
    internal static Section ToSection(IReadOnlyList<LayerSensitivity> rows, double before, string measure)
    {
        double[] sparsities = [.. rows.SelectMany(row => row.Accuracy.Keys).Distinct().Order()];
        return new Section("Sensitivity of the layers",
        [
            new Paragraph(string.Create(CultureInfo.InvariantCulture,
                $"The {measure} when a fraction of the weights of one layer alone is pruned, without retraining; "
                + $"{before * 100:F2} % without pruning. Consider ignoring layers where it falls early.")),
            new DataTable(
                ["layer", "#weights", .. sparsities.Select(sparsity =>
                    string.Create(CultureInfo.InvariantCulture, $"#{sparsity * 100:0.##} % zeros"))],
                [.. rows.Select(row => (string[])
                [
                    row.Layer, row.Weights.ToString("N0", CultureInfo.InvariantCulture),
                    .. sparsities.Select(sparsity =>
                        string.Create(CultureInfo.InvariantCulture, $"{row.Accuracy[sparsity] * 100:F2} %")),
                ])]),
        ]);
    }
}
