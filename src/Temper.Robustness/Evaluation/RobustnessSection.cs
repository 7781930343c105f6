using System.Globalization;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;
using Temper.Robustness.Attacks;

namespace Temper.Robustness.Evaluation;

/// <summary>What an evaluation found, for reports.</summary>
/// <param name="Attack">The attack.</param>
/// <param name="Result">Its result.</param>
/// <param name="Labels">The right classes.</param>
/// <param name="Checks">The checklist.</param>
public sealed record RobustnessEvaluation(
    Attack Attack, AttackResult Result, IReadOnlyList<long> Labels, IReadOnlyList<TrustCheck> Checks)
{
    /// <summary>
    /// Largest perturbation that counts, in the attack's norm; null: any. Attacks that look for the smallest
    /// perturbation also find larger ones, which are no success then.
    /// </summary>
    public double? Epsilon { get; init; }

    /// <summary>
    /// Samples that were right before the attack, 0 to 1; no answer (logits that are not finite) is not right.
    /// </summary>
    public double CleanAccuracy => Share(IsRightWhenClean);

    /// <summary>Samples that are right under attack, 0 to 1, within <see cref="Epsilon"/>.</summary>
    public double Accuracy => AccuracyAt(Epsilon ?? double.PositiveInfinity);

    /// <summary>Samples that are fooled within <see cref="Epsilon"/> or wrong from the start, 0 to 1.</summary>
    public double Success => Share(IsSuccess);

    /// <summary>
    /// Samples that are right at a distance: those that are not fooled by a perturbation of that size or smaller.
    /// </summary>
    /// <param name="distance">Size of the perturbation in the attack's norm.</param>
    public double AccuracyAt(double distance) =>
        Share(sample => sample.IsRobust || (sample.Outcome == AttackOutcome.Fooled && !IsWithin(sample, distance)));

    /// <summary>Whether a sample is fooled within <see cref="Epsilon"/>, or wrong from the start.</summary>
    /// <param name="sample">One of the result.</param>
    public bool IsSuccess(SampleResult sample) => sample.IsAdversarial
        && IsWithin(sample, Epsilon ?? double.PositiveInfinity);

    /// <summary>Whether a sample was right before the attack.</summary>
    internal static bool IsRightWhenClean(SampleResult sample) =>
        sample.Outcome != AttackOutcome.WrongFromStart
            && !(sample.Outcome == AttackOutcome.NotFinite && sample.Forwards <= 1);

    /// <summary>Rounding of clean + epsilon is not held against an attack.</summary>
    private bool IsWithin(SampleResult sample, double distance) =>
        sample.Distance(Attack.Norm) <= (distance * (1 + 1e-6)) + 1e-7;

    private double Share(Func<SampleResult, bool> test) =>
        Result.Samples.Count == 0 ? double.NaN : Result.Samples.Count(test) / (double)Result.Samples.Count;
}

/// <summary>The sections of a report about robustness.</summary>
public static class RobustnessSection
{
    /// <summary>Key figures, curve, classes, ledger and checklist.</summary>
    /// <param name="found">What was found.</param>
    /// <param name="classes">Names of the classes; may be fewer.</param>
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
            summary.Add(new Warning($"These figures may be wrong: {verdict}. See the checklist."));
        }

        summary.Add(new ChartRow([Curve(found)]));
        return
        [
            new Section("How easily it is fooled", summary),
            new Section("Classes", [Confusion(found, classes)]),
            new Section("Ledger", [Ledger(result)]),
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
            Title = "Accuracy against the size of the change",
            XLabel = $"size, {found.Attack.Norm}",
            YLabel = "right, %",
            Lines = [new ChartLine(
                found.Attack.Name, [.. sizes.Where((_, i) => i % stride == 0 || i == sizes.Length - 1).Select(
                    size => new ChartPoint(size, found.AccuracyAt(size) * 100))])],
        };
    }

    private static DataTable Confusion(RobustnessEvaluation found, IReadOnlyList<string> classes)
    {
        var rows = found.Labels.Zip(found.Result.Samples).GroupBy(pair => pair.First).OrderBy(group => group.Key);
        return new DataTable(
            ["class", "#samples", "#right", "#right under attack", "#median change", "most often taken for"],
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
        return new DataTable(["", "#all", "#mean", "#most"],
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
