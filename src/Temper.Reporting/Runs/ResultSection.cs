using Temper.Reporting.Documents;
using static System.FormattableString;

namespace Temper.Reporting.Runs;

/// <summary>
/// Key figures of a run's result: accuracy, weights and file size, compared with the original network if there is one.
/// </summary>
internal static class ResultSection
{
    private const string TestedOnce =
        "Accuracies are measured on the test samples, which were used once, at the end.",
        HeldOut = " Epochs were chosen on validation samples held out from the training samples.";

    /// <param name="networks">Networks measured in the run, at least one.</param>
    /// <param name="isTrained">Whether a network was trained in the run.</param>
    internal static Section Of(IReadOnlyList<NetworkRecord> networks, bool isTrained)
    {
        var figures = new KeyFigures([.. Figures(networks)]);
        return new Section(
            "Result",
            networks[^1].TestAccuracy is null
                ? [figures]
                : [figures, new Paragraph(isTrained ? TestedOnce + HeldOut : TestedOnce)]);
    }

    private static IEnumerable<KeyFigure> Figures(IReadOnlyList<NetworkRecord> run)
    {
        (NetworkRecord first, NetworkRecord last, bool isComparison) = (run[0], run[^1], run.Count > 1);

        // A run without test samples, such as the training of an agent, has no accuracy to show.
        bool hasAccuracy = run.Any(network => network.TestAccuracy is not null);
        if (hasAccuracy && isComparison)
        {
            yield return new KeyFigure($"Test accuracy, {first.Name}", Percent(first.TestAccuracy));
            double? lost = (first.TestAccuracy - last.TestAccuracy) * 100;
            yield return new KeyFigure($"Test accuracy, {last.Name}", Percent(last.TestAccuracy), lost switch
            {
                null => "",
                < 0 => Invariant($"{-lost:F2} points gained"),
                _ => Invariant($"{lost:F2} points lost"),
            });
        }
        else if (hasAccuracy)
        {
            yield return new KeyFigure("Test accuracy", Percent(last.TestAccuracy));
        }

        yield return new KeyFigure(
            "Weights left", Invariant($"{last.Left:N0}"), Invariant($"of {NetworkRecord.MaxWeights(run):N0}"));
        if (last.Left < NetworkRecord.MaxWeights(run))
        {
            yield return new KeyFigure(
                "Fewer weights",
                double.IsFinite(last.TimesFewer(run)) ? Invariant($"{last.TimesFewer(run):F1} ×") : "∞");
        }

        yield return new KeyFigure(
            "File, after gzip", Bytes(last.CompressedBytes),
            isComparison ? $"{first.Name}: {Bytes(first.CompressedBytes)}" : $"{Bytes(last.Bytes)} before");
    }

    private static string Percent(double? part) => part is { } value ? Invariant($"{value * 100:F2} %") : "–";

    private static string Bytes(long bytes) => bytes < 1 << 20
        ? Invariant($"{bytes / 1024.0:F1} KiB")
        : Invariant($"{bytes / (1024.0 * 1024):F2} MiB");
}
