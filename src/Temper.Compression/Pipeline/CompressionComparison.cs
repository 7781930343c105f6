using System.Globalization;
using Temper.Compression.Activations;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Networks;
using Temper.Reporting.Documents;
using Temper.Training.Evaluation;

namespace Temper.Compression.Pipeline;

/// <summary>Figures of a network, measured on samples not used for selection.</summary>
/// <param name="Accuracy">Test accuracy with its confidence interval; null if there are no test samples.</param>
/// <param name="Weights">Number of nonzero weights.</param>
/// <param name="Macs">Multiply-accumulates per sample, counting only nonzero weights.</param>
/// <param name="Milliseconds">Time per batch of the compiled network in milliseconds, by batch size.</param>
public sealed record ComparedNetwork(
    AccuracyInterval? Accuracy, long Weights, long Macs, IReadOnlyDictionary<int, double> Milliseconds)
{
    /// <summary>Multiply-accumulates counted on the first test samples; null if there are none.</summary>
    public ActivationCount? Activations { get; init; }
}

/// <summary>Compares the original network with the compressed one.</summary>
/// <param name="Before">Figures of the original network.</param>
/// <param name="After">Figures of the compressed network.</param>
/// <param name="Difference">
/// Accuracy after minus accuracy before, on the same test samples; null if there are none.
/// </param>
public sealed record CompressionComparison(ComparedNetwork Before, ComparedNetwork After, AccuracyInterval? Difference)
{
    /// <summary>Number of test samples on which multiply-accumulates are counted.</summary>
    private const int CountedSamples = 1000;

    /// <summary>Compares two networks.</summary>
    /// <param name="before">The original network.</param>
    /// <param name="after">The compressed network.</param>
    /// <param name="right">
    /// For each sample not used for selection: whether the network classifies it correctly, before and after; may be
    /// empty.
    /// </param>
    /// <param name="times">Returns the time of both networks in milliseconds for a batch size.</param>
    /// <param name="batches">Batch sizes.</param>
    public static CompressionComparison Of(
        Network before, Network after, (IReadOnlyList<bool> Before, IReadOnlyList<bool> After) right,
        Func<int, (double Before, double After)> times, IReadOnlyList<int> batches)
    {
        Dictionary<int, (double Before, double After)> measured = batches.ToDictionary(batch => batch, times);
        return new CompressionComparison(
            new ComparedNetwork(
                Accuracy(right.Before), SparsityReport.Of(before).Nonzero, before.Cost().NonzeroMacs,
                measured.ToDictionary(time => time.Key, time => time.Value.Before)),
            new ComparedNetwork(
                Accuracy(right.After), SparsityReport.Of(after).Nonzero, after.Cost().NonzeroMacs,
                measured.ToDictionary(time => time.Key, time => time.Value.After)),
            right.Before.Count == 0 ? null : AccuracyInterval.OfDifference(right.Before, right.After));
    }

    /// <summary>Adds multiply-accumulates counted on the first samples not used for selection.</summary>
    /// <param name="before">The original network.</param>
    /// <param name="after">The compressed network.</param>
    /// <param name="test">The samples; if empty, nothing is counted.</param>
    /// <param name="cancel">Cancels between batches.</param>
    public CompressionComparison Counted(
        Network before, Network after, Dataset test, CancellationToken cancel = default) =>
        test.Count == 0 ? this : this with
    {
        Before = Before with { Activations = ActivationCount.Of(before, test, CountedSamples, cancel) },
        After = After with { Activations = ActivationCount.Of(after, test, CountedSamples, cancel) },
    };

    /// <summary>Creates a report section with the most important figures.</summary>
    /// <param name="result">Result of the compression.</param>
    public Section ToSection(CompressionResult result) => new("Before and after",
    [
        new KeyFigures(
        [
            new KeyFigure(
                "accuracy", Difference is { } d ? Signed(d.Value) : "not measured",
                Difference is { } i ? $"points; 95 %: {Signed(i.Low)} to {Signed(i.High)}" : ""),
            new KeyFigure("weights", Times(Before.Weights, After.Weights), "fewer"),
            new KeyFigure("MACs", Times(Before.Macs, After.Macs), "fewer"),
            .. Before.Milliseconds.Keys.Select(batch => new KeyFigure(
                $"batch of {batch}", Times(Before.Milliseconds[batch], After.Milliseconds[batch]),
                $"{After.Milliseconds[batch].ToString("F3", CultureInfo.InvariantCulture)} ms, compiled")),
        ]),
        new Paragraph(result.Chosen is { } chosen
            ? $"Selected: {chosen.Label}, {(chosen.Kept * 100).ToString("F1", CultureInfo.InvariantCulture)} % kept. "
                + "Accuracy is measured on samples not used for selection."
            : result.Quantization is { IsTaken: true }
                ? "Nothing was removed; weights and activations are quantized to 8 bits."
                : "The original network was kept."),
    ]);

    private static AccuracyInterval? Accuracy(IReadOnlyList<bool> right) =>
        right.Count == 0 ? null : AccuracyInterval.OfAccuracy(right.LongCount(isRight => isRight), right.Count);

    private static string Times(double before, double after) =>
        after > 0 ? $"{(before / after).ToString("F1", CultureInfo.InvariantCulture)} x" : "∞";

    private static string Signed(double part) =>
        (part * 100).ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture);
}
