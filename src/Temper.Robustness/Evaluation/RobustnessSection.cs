using System.Globalization;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;
using Temper.Robustness.Attacks;

namespace Temper.Robustness.Evaluation;

/// <summary>Creates the report sections of a robustness evaluation.</summary>
public static class RobustnessSection
{
    /// <summary>
    /// Creates the sections for key figures and accuracy curve, classes, passes and outcomes, and the checklist.
    /// </summary>
    /// <param name="found">Evaluation to report.</param>
    /// <param name="classes">Class names; classes without a name are shown by their index.</param>
    public static IReadOnlyList<Section> Of(RobustnessEvaluation found, IReadOnlyList<string> classes)
    {
        found = found.LimitedToEpsilon();
        string verdict = TrustChecks.Verdict(found.Checks);
        List<KeyFigure> figures =
        [
            new KeyFigure("clean accuracy", Percent(found.CleanAccuracy)),
            found.Target is { } target
                ? new KeyFigure($"classified as {Name(classes, target)}", Percent(found.Success), Threat(found))
                : new KeyFigure("accuracy under attack", Percent(found.Accuracy), Threat(found)),
        ];
        if (double.IsInfinity(found.Attack.Radius))
        {
            Norm norm = found.Attack.Norm;
            figures.Add(new KeyFigure("median smallest change", Median(found.Result.MedianDistance(norm)), $"{norm}"));
        }

        figures.Add(new KeyFigure("verdict", verdict.Split(':')[0]));
        List<Block> summary = [new KeyFigures(figures)];
        if (found.Checks.Any(check => check.IsSuspicious))
        {
            summary.Add(new Warning($"These figures may be misleading: {verdict}. See the checklist."));
        }

        summary.Add(new ChartRow([Curve(found)]));
        return
        [
            new Section("How easily the network is fooled", summary),
            new Section("Classes", [Confusion(found, classes)]),
            new Section("Passes and outcomes", [Ledger(found.Result)]),
            new Section(
                "Checklist", [new DataTable(["check", "verdict", "finding"], [.. found.Checks.Select(
                    check => (string[])[
                        check.Name, check.IsSuspicious ? "suspicious"
                            : check.Name is TrustChecks.NoReference ? "not checked" : "ok",
                        check.Finding,
                    ])])]),
        ];
    }

    /// <summary>Draws the accuracy by size, including perturbations beyond the radius.</summary>
    private static LineChart Curve(RobustnessEvaluation found)
    {
        found = found.Unlimited is { } all ? found with { Result = found.Result with { Samples = all } } : found;
        double[] sizes = [.. found.Result.Samples.Where(sample =>
            sample.IsAdversarial).Select(sample => sample.Distance(found.Attack.Norm)).Append(0).Distinct().Order()];
        bool isTargeted = found.Target is not null;
        return new LineChart
        {
            Title = $"{(isTargeted ? "Not classified as the target" : "Accuracy")} by size of the perturbation",
            XLabel = $"size of the perturbation, {found.Attack.Norm}",
            YLabel = isTargeted ? "samples not classified as the target, %" : "accuracy, %",
            Lines = [new ChartLine(found.Attack.Name, [.. Points(found, sizes)])],
        };
    }

    /// <summary>
    /// Points of the curve, at about 200 of the sizes; those between two of them have the lower accuracy of the larger
    /// one, so that the curve is never above the measured accuracy. An attack within a ball has a step at each size: it
    /// finds no smaller perturbations, so that a sloped line from no perturbation to its radius would show accuracies
    /// that it did not measure.
    /// </summary>
    private static IEnumerable<ChartPoint> Points(RobustnessEvaluation found, double[] sizes)
    {
        bool isStepped = !double.IsInfinity(found.Attack.Radius);
        int stride = Math.Max(1, sizes.Length / 200);
        ChartPoint last = At(0);
        yield return last;
        for (int i = 0; i < sizes.Length - 1; i += stride)
        {
            ChartPoint next = At(Math.Min(i + stride, sizes.Length - 1)), fall = next with { X = sizes[i + 1] };
            ChartPoint[] all = isStepped ? [last with { X = fall.X }, fall, next] : [fall, next];
            foreach (ChartPoint point in all.Distinct())
            {
                yield return point;
            }

            last = next;
        }

        ChartPoint At(int i) => new(sizes[i], found.AccuracyAt(sizes[i]) * 100);
    }

    private static DataTable Confusion(RobustnessEvaluation found, IReadOnlyList<string> classes)
    {
        bool isTargeted = found.Target is not null;
        string underAttack = isTargeted ? "#classified as the target" : "#accuracy under attack";
        IEnumerable<IGrouping<long, int>> rows =
            Enumerable.Range(0, found.Labels.Count).GroupBy(i => found.Labels[i]).OrderBy(group => group.Key);
        return new DataTable(
            ["class", "#samples", "#accuracy", underAttack, "#median change", "most often fooled into"],
        [.. rows.Select(group =>
        {
            RobustnessEvaluation one = Part(found, [.. group]);
            int? max = one.Result.Samples
                .Where(sample => sample.Outcome == AttackOutcome.Fooled && found.IsSuccess(sample))
                .GroupBy(sample => sample.Prediction)
                .OrderByDescending(g => g.Count()).ThenBy(g => g.Key).Select(g => (int?)g.Key).FirstOrDefault();
            return (string[])
            [
                Name(classes, (int)group.Key), $"{one.Labels.Count}", Percent(one.CleanAccuracy),
                Percent(isTargeted ? one.Success : one.Accuracy), Median(one.Result.MedianDistance(found.Attack.Norm)),
                max is { } k ? Name(classes, k) : "-",
            ];
        })]);
    }

    /// <summary>The evaluation of some of the samples; its inputs remain those of all samples.</summary>
    private static RobustnessEvaluation Part(RobustnessEvaluation found, int[] rows) => found with
    {
        Result = found.Result with { Samples = [.. rows.Select(i => found.Result.Samples[i])] },
        Labels = [.. rows.Select(i => found.Labels[i])],
        CleanPredictions = found.CleanPredictions is { } clean ? (long[])[.. rows.Select(i => clean[i])] : null,
    };

    private static DataTable Ledger(AttackResult result)
    {
        return new DataTable(["", "#total", "#mean", "#maximum"],
        [
            Row("forward passes", result.Samples.Select(sample => sample.Forwards)),
            Row("backward passes", result.Samples.Select(sample => sample.Backwards)),
            .. Enum.GetValues<AttackOutcome>().Select(outcome =>
                (string[])[outcome.ToString(), $"{result.Samples.Count(sample => sample.Outcome == outcome)}", "", ""]),
        ]);

        static string[] Row(string name, IEnumerable<int> counts)
        {
            long[] all = [.. counts.Select(count => (long)count).DefaultIfEmpty(0)];
            return
            [
                name, all.Sum().ToString("N0", CultureInfo.InvariantCulture),
                all.Average().ToString("F1", CultureInfo.InvariantCulture),
                all.Max().ToString("N0", CultureInfo.InvariantCulture),
            ];
        }
    }

    private static string Threat(RobustnessEvaluation found) => found.Ball is { } ball
        ? string.Create(CultureInfo.InvariantCulture, $"{found.Attack.Name}, {ball.Norm} {ball.Epsilon:G4}")
        : $"{found.Attack.Name}, no limit";

    private static string Name(IReadOnlyList<string> classes, int k) => k < classes.Count ? classes[k] : $"{k}";

    private static string Percent(double part) => string.Create(CultureInfo.InvariantCulture, $"{part * 100:F2} %");

    /// <summary>A median; an infinite one does not mean that no perturbation was found.</summary>
    private static string Median(double value) =>
        double.IsInfinity(value) ? "none: at most half are fooled" : value.ToString("G4", CultureInfo.InvariantCulture);
}
