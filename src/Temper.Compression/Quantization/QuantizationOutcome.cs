using System.Globalization;
using Temper.Networks;
using Temper.Reporting.Documents;

namespace Temper.Compression.Quantization;

/// <summary>Outcome of the <c>quantize</c> stage.</summary>
/// <param name="Calibrated">Accuracy after calibration only, without training, 0 to 1.</param>
/// <param name="Tuned">Accuracy after fine-tuning, 0 to 1; null: there was none.</param>
/// <param name="Accuracy">Accuracy of the final quantized network, 0 to 1.</param>
/// <param name="Int8Layers">Names of the layers with 8-bit weights.</param>
/// <param name="Float32Layers">Layers that remain float32, each with the reason.</param>
/// <param name="IsTaken">Whether the quantized network was accepted.</param>
public sealed record QuantizationOutcome(
    double Calibrated, double? Tuned, double Accuracy, IReadOnlyList<string> Int8Layers,
    IReadOnlyDictionary<string, string> Float32Layers, bool IsTaken)
{
    /// <summary>
    /// Whether accuracies are the agreement with the original network, because no labels were read.
    /// </summary>
    internal bool IsAgreement { get; init; }

    /// <summary>Creates a report section.</summary>
    public Section ToSection() => new("8 bit",
    [
        new Paragraph(
            (IsAgreement ? "Agreement with the original network" : "Accuracy on the held-out samples")
            + $": {Percent(Calibrated)} after calibration on samples"
            + (Tuned is { } tuned ? $", {Percent(tuned)} after fine-tuning" : "")
            + $", {Percent(Accuracy)} at the end.{(IsTaken ? "" : " The network in float32 was kept.")}"),
        new DataTable(
            ["layer", "numbers"],
            [.. Int8Layers.Select(layer => new[] { layer, "int8" }), .. Float32Layers.Select(layer =>
                new[] { layer.Key, $"float32: {layer.Value}" })]),
    ]);

    private static string Percent(double part) => string.Create(CultureInfo.InvariantCulture, $"{part * 100:F2} %");
}
