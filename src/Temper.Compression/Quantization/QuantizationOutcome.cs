using System.Globalization;
using Temper.Networks;
using Temper.Reporting.Documents;

namespace Temper.Compression.Quantization;

/// <summary>What the stage <c>quantize</c> gave.</summary>
/// <param name="Calibrated">Accuracy with ranges from samples, nothing trained, 0 to 1.</param>
/// <param name="Tuned">Accuracy after fine-tuning; null: there was none.</param>
/// <param name="Accuracy">Accuracy of the network that was taken.</param>
/// <param name="Int8Layers">Layers with weights of 8 bit.</param>
/// <param name="Float32Layers">Layers that stayed float32, each with the reason.</param>
/// <param name="IsTaken">Whether the quantized network was taken.</param>
public sealed record QuantizationOutcome(
    double Calibrated, double? Tuned, double Accuracy, IReadOnlyList<string> Int8Layers,
    IReadOnlyDictionary<string, string> Float32Layers, bool IsTaken)
{
    /// <summary>As a section of a report.</summary>
    public Section ToSection() => new("8 bit",
    [
        new Paragraph(string.Create(CultureInfo.InvariantCulture,
            $"Accuracy on the held-out samples: {Calibrated * 100:F2} % with ranges from "
            + $"samples{(Tuned is { } tuned ? $", {tuned * 100:F2} % after fine-tuning" : "")}, {Accuracy * 100:F2} % "
                + $"as taken.{(IsTaken ? "" : " The network in float32 was kept.")}")),
        new DataTable(
            ["layer", "numbers"],
            [.. Int8Layers.Select(layer => new[] { layer, "int8" }), .. Float32Layers.Select(layer =>
                new[] { layer.Key, $"float32: {layer.Value}" })]),
    ]);
}
