using System.Globalization;
using Temper.Compression.Activations;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Networks;
using Temper.Reporting.Documents;
using Temper.Training.Evaluation;

namespace Temper.Compression.Pipeline;

/// <summary>A network on samples that chose nothing.</summary>
/// <param name="Accuracy">On the test samples, with its interval; null where there are none.</param>
/// <param name="Weights">Weights that are not zero.</param>
/// <param name="Macs">Multiply-accumulate operations of a sample with weights that are not zero.</param>
/// <param name="Milliseconds">Time of a batch, compiled, by its size.</param>
public sealed record ComparedNetwork(
    AccuracyInterval? Accuracy, long Weights, long Macs, IReadOnlyDictionary<int, double> Milliseconds)
{
    /// <summary>What is multiplied on the first test samples; null where there are none.</summary>
    public ActivationCount? Activations { get; init; }
}

/// <summary>The network that came in beside the one that came out.</summary>
/// <param name="Before">The network that came in.</param>
/// <param name="After">The network that came out.</param>
/// <param name="Difference">Accuracy after less before, on the same test samples; null where there are none.</param>
public sealed record CompressionComparison(ComparedNetwork Before, ComparedNetwork After, AccuracyInterval? Difference)
{
    /// <summary>Test samples on which multiplications are counted.</summary>
    private const int CountedSamples = 1000;

    /// <summary>Compares two networks.</summary>
    /// <param name="before">The network that came in.</param>
    /// <param name="after">The network that came out.</param>
    /// <param name="right">Whether each sample that chose nothing was right, before and after; may be none.</param>
    /// <param name="times">Gives the milliseconds of both for a batch.</param>
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

    /// <summary>The same with what is multiplied, counted on the first samples that chose nothing.</summary>
    /// <param name="before">The network that came in.</param>
    /// <param name="after">The network that came out.</param>
    /// <param name="test">The samples; where there are none, nothing is counted.</param>
    /// <param name="cancel">Stops between batches.</param>
    public CompressionComparison Counted(
        Network before, Network after, Dataset test, CancellationToken cancel = default) =>
        test.Count == 0 ? this : this with
    {
        Before = Before with { Activations = ActivationCount.Of(before, test, CountedSamples, cancel) },
        After = After with { Activations = ActivationCount.Of(after, test, CountedSamples, cancel) },
    };

    /// <summary>The figures that matter, as a section of a report.</summary>
    /// <param name="result">What compression gave.</param>
    public Section ToSection(CompressionResult result) => new("Before and after",
    [
        new KeyFigures(
        [
            new KeyFigure("accuracy", Difference is { } d ? Signed(d.Value) : "not measured", Difference is { } i
                ? $"points; 95 %: {Signed(i.Low)} to {Signed(i.High)}"
                : ""),
            new KeyFigure("weights", Times(Before.Weights, After.Weights), "fewer"),
            new KeyFigure("operations", Times(Before.Macs, After.Macs), "fewer"),
            .. Before.Milliseconds.Keys.Select(batch => new KeyFigure(
                $"batch of {batch}", Times(Before.Milliseconds[batch], After.Milliseconds[batch]),
                $"{After.Milliseconds[batch].ToString("F3", CultureInfo.InvariantCulture)} ms, compiled")),
        ]),
        new Paragraph(result.Chosen is { } chosen
            ? $"Taken: {chosen.Label}, {(chosen.Kept * 100).ToString("F1", CultureInfo.InvariantCulture)} % kept. "
                + "Accuracy is that of samples which chose nothing."
            : result.Quantization is { IsTaken: true }
                ? "Nothing was removed; the numbers have 8 bit."
                : "The network that came in was kept."),
    ]);

    private static AccuracyInterval? Accuracy(IReadOnlyList<bool> right) =>
        right.Count == 0 ? null : AccuracyInterval.OfAccuracy(right.LongCount(isRight => isRight), right.Count);

    private static string Times(double before, double after) =>
        after > 0 ? $"{(before / after).ToString("F1", CultureInfo.InvariantCulture)} x" : "∞";

    private static string Signed(double part) =>
        (part * 100).ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture);
}
