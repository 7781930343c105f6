using System.Globalization;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;
using Temper.Robustness.Attacks;

namespace Temper.Robustness.Evaluation;

/// <summary>The result of an evaluation, for reports.</summary>
/// <param name="Attack">Attack that was run.</param>
/// <param name="Result">Result of the attack.</param>
/// <param name="Labels">True class of each sample.</param>
/// <param name="Checks">Results of the checklist.</param>
public sealed record RobustnessEvaluation(
    Attack Attack, AttackResult Result, IReadOnlyList<long> Labels, IReadOnlyList<TrustCheck> Checks)
{
    /// <summary>
    /// Maximum perturbation that counts as a success, in the attack's norm; null: not limited. Minimizing attacks also
    /// find larger perturbations, which then do not count.
    /// </summary>
    public double? Epsilon { get; init; }

    /// <summary>
    /// Fraction of samples classified correctly before the attack, 0 to 1. Samples with non-finite logits count as
    /// incorrect.
    /// </summary>
    public double CleanAccuracy => Share(IsRightWhenClean);

    /// <summary>Fraction of samples that withstand the attack within <see cref="Epsilon"/>, 0 to 1.</summary>
    public double Accuracy => AccuracyAt(Epsilon ?? double.PositiveInfinity);

    /// <summary>
    /// Fraction of samples that are fooled within <see cref="Epsilon"/> or misclassified without a perturbation, 0 to
    /// 1.
    /// </summary>
    public double Success => Share(IsSuccess);

    /// <summary>Returns the accuracy under perturbations of at most a given size, 0 to 1.</summary>
    /// <param name="distance">Maximum size of the perturbation, in the attack's norm.</param>
    public double AccuracyAt(double distance) =>
        Share(sample => sample.IsRobust || (sample.Outcome == AttackOutcome.Fooled && !IsWithin(sample, distance)));

    /// <summary>
    /// Whether a sample is fooled within <see cref="Epsilon"/> or misclassified without a perturbation.
    /// </summary>
    /// <param name="sample">Result of the sample.</param>
    public bool IsSuccess(SampleResult sample) => sample.IsAdversarial
        && IsWithin(sample, Epsilon ?? double.PositiveInfinity);

    /// <summary>Whether a sample is classified correctly before the attack.</summary>
    internal static bool IsRightWhenClean(SampleResult sample) =>
        sample.Outcome != AttackOutcome.WrongFromStart
            && !(sample.Outcome == AttackOutcome.NotFinite && sample.Prediction < 0);

    /// <summary>
    /// Whether the perturbation is at most as large as a distance; allows for the rounding error of clean + epsilon.
    /// </summary>
    private bool IsWithin(SampleResult sample, double distance) =>
        sample.Distance(Attack.Norm) <= (distance * (1 + 1e-6)) + 1e-7;

    private double Share(Func<SampleResult, bool> test) =>
        Result.Samples.Count == 0 ? double.NaN : Result.Samples.Count(test) / (double)Result.Samples.Count;
}

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
        string verdict = TrustChecks.Verdict(found.Checks);
        Norm norm = found.Attack.Norm;
        AttackResult result = found.Result;
        var figures = new KeyFigures(
        [
            new KeyFigure("clean accuracy", Percent(found.CleanAccuracy)),
            new KeyFigure("accuracy under attack", Percent(found.Accuracy), Threat(found)),
            new KeyFigure("median smallest change", Number(result.MedianDistance(norm)), $"{norm}"),
            new KeyFigure("verdict", verdict.Split(':')[0]),
        ]);
        List<Block> summary = [figures];
        if (found.Checks.Any(check => check.IsSuspicious))
        {
            summary.Add(new Warning($"These figures may be misleading: {verdict}. See the checklist."));
        }

        summary.Add(new ChartRow([Curve(found)]));
        return
        [
            new Section("How easily the network is fooled", summary),
            new Section("Classes", [Confusion(found, classes)]),
            new Section("Passes and outcomes", [Ledger(result)]),
            new Section(
                "Checklist", [new DataTable(["check", "verdict", "finding"], [.. found.Checks.Select(
                    check => (string[])[check.Name, check.IsSuspicious ? "suspicious" : "ok", check.Finding])])]),
        ];
    }

    private static LineChart Curve(RobustnessEvaluation found)
    {
        double[] sizes = [.. found.Result.Samples.Where(sample =>
            sample.IsAdversarial).Select(sample => sample.Distance(found.Attack.Norm)).Append(0).Distinct().Order()];
        int stride = Math.Max(1, sizes.Length / 200);
        return new LineChart
        {
            Title = "Accuracy by size of the perturbation",
            XLabel = $"size of the perturbation, {found.Attack.Norm}",
            YLabel = "accuracy, %",
            Lines = [new ChartLine(
                found.Attack.Name, [.. sizes.Where((_, i) => i % stride == 0 || i == sizes.Length - 1).Select(
                    size => new ChartPoint(size, found.AccuracyAt(size) * 100))])],
        };
    }

    private static DataTable Confusion(RobustnessEvaluation found, IReadOnlyList<string> classes)
    {
        var rows = found.Labels.Zip(found.Result.Samples).GroupBy(pair => pair.First).OrderBy(group => group.Key);
        return new DataTable(
            ["class", "#samples", "#accuracy", "#accuracy under attack", "#median change", "most often fooled into"],
        [.. rows.Select(group =>
        {
            SampleResult[] samples = [.. group.Select(pair => pair.Second)];
            RobustnessEvaluation one = found with { Result = new AttackResult(found.Result.Adversarials, samples) };
            int? max = samples.Where(sample => sample.Outcome == AttackOutcome.Fooled && found.IsSuccess(sample))
                .GroupBy(sample => sample.Prediction)
                .OrderByDescending(g => g.Count()).ThenBy(g => g.Key).Select(g => (int?)g.Key).FirstOrDefault();
            return (string[])
            [
                Name(classes, (int)group.Key), $"{samples.Length}", Percent(one.CleanAccuracy),
                Percent(one.Accuracy), Number(one.Result.MedianDistance(found.Attack.Norm)),
                max is { } k ? Name(classes, k) : "-",
            ];
        })]);
    }

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
            return [name, $"{all.Sum():N0}", $"{all.Average():F1}", $"{all.Max():N0}"];
        }
    }

    private static string Threat(RobustnessEvaluation found) =>
        (found.Epsilon ?? (found.Attack as FixedBudgetAttack)?.Epsilon) is { } radius
        ? string.Create(CultureInfo.InvariantCulture, $"{found.Attack.Name}, {found.Attack.Norm} {radius:G4}")
        : $"{found.Attack.Name}, no limit";

    private static string Name(IReadOnlyList<string> classes, int k) => k < classes.Count ? classes[k] : $"{k}";

    private static string Percent(double part) => string.Create(CultureInfo.InvariantCulture, $"{part * 100:F2} %");

    private static string Number(double value) =>
        double.IsFinite(value) ? value.ToString("G4", CultureInfo.InvariantCulture) : "none found";
}
