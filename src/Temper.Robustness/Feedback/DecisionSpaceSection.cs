using System.Globalization;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;

namespace Temper.Robustness.Feedback;

/// <summary>Creates the report sections of a decision space.</summary>
public static class DecisionSpaceSection
{
    /// <summary>Creates the sections of one probe: key figures, families, classes and class pairs.</summary>
    /// <param name="space">Criteria of the probe.</param>
    /// <param name="classes">Class names; classes without a name are shown by their index.</param>
    /// <param name="title">Title of the first section.</param>
    public static IReadOnlyList<Section> Of(
        DecisionSpace space, IReadOnlyList<string> classes, string title = "How well the decision space is learned")
    {
        List<Section> sections =
        [
            new Section(title,
            [
                Figures(space),
                new Warning(
                    "Distances along probed directions are upper bounds of the distance to the boundary, which may be "
                    + "shorter in other directions. Attacks search these."),
                .. WithoutGradient(space) is { } text ? new Block[] { new Warning($"{text}.") } : [],
                Families(space),
            ]),
            new Section("Classes", [new ChartRow([Bars([("level", space)], classes)]), Classes(space, classes)]),
        ];
        if (Pairs(space, classes) is { } pairs)
        {
            sections.Add(pairs);
        }

        return sections;
    }

    /// <summary>Says how many directions of the adversarial family have no gradient; null: all have one.</summary>
    internal static string? WithoutGradient(DecisionSpace space) =>
        space.Families.FirstOrDefault(family => family.WithoutGradient > 0) is { } family
            ? $"no gradient (zero or NaN) for {Count(family.WithoutGradient)} of {Count(family.All.Count)} "
                + $"{family.Family.Name} directions, which count with the largest possible distance: the network may "
                + "be less robust than it seems"
            : null;

    private static Warning[] Hidden(string when, MeasuredNetwork network) =>
        WithoutGradient(network.Space) is { } text ? [new Warning($"{when}: {text}.")] : [];

    private static KeyFigures Figures(DecisionSpace space) => new(
    [
        new KeyFigure(
            "inequality of classes", Number(space.Inequality.Range), "(max - min) / mean of the classes' levels"),
        new KeyFigure("Gini coefficient", Number(space.Inequality.Gini), "0: all classes are learned equally well"),
        new KeyFigure("asymmetry", Number(space.Asymmetry), "mean distance, random / adversarial"),
    ]);

    /// <summary>
    /// Creates the sections that compare a network before and after hardening, by family, class and attack.
    /// </summary>
    /// <param name="found">Comparison to report.</param>
    /// <param name="classes">Class names; classes without a name are shown by their index.</param>
    public static IReadOnlyList<Section> Of(HardeningComparison found, IReadOnlyList<string> classes)
    {
        (MeasuredNetwork before, MeasuredNetwork after) = (found.Before, found.After);
        List<Block> summary =
        [
            new KeyFigures(
            [
                new KeyFigure(
                    "accuracy", Percent(after.Accuracy),
                    $"{Percent(before.Accuracy)} before, on {Count(after.Space.Counts.Sum())} samples"),
                new KeyFigure(
                    "inequality of classes", Number(after.Space.Inequality.Range),
                    $"{Number(before.Space.Inequality.Range)} before"),
                .. after.Attacked is { } hard && before.Attacked is { } soft
                    ? new[] { new KeyFigure(
                        "median DDN distance", Number(hard.MedianDistance),
                        $"L2, {Number(soft.MedianDistance)} before") }
                    : [],
            ]),
            .. Hidden("Before", before),
            .. Hidden("After", after),
        ];
        if (found.MovedOnlyAlongProbed)
        {
            summary.Add(NotImproved(found));
        }

        summary.Add(Families(found));
        List<Section> sections =
        [
            new Section("What hardening changed, on test samples", summary),
            new Section("Classes before and after", [new ChartRow(
                [Bars([("before", before.Space), ("after", after.Space)], classes)]), Classes(after.Space, classes)]),
        ];
        if (after.Attacked is { } attacked)
        {
            sections.Add(new Section("Attacks not used in training", [Attacks(attacked, before, after)]));
        }

        if (Pairs(after.Space, classes) is { } pairs)
        {
            sections.Add(pairs);
        }

        return sections;
    }

    /// <summary>Names what did not improve, of what was measured.</summary>
    private static Warning NotImproved(HardeningComparison found)
    {
        string[] others =
        [
            .. found.After.Attacked is null ? Array.Empty<string>() : ["attacks not used in training"],
            .. found.HasOthers ? ["families without examples"] : Array.Empty<string>(),
        ];
        return new Warning("The boundary moved only along trained directions: "
            + $"{string.Join(" and ", others)} did not improve.");
    }

    private static DataTable Families(HardeningComparison found) => new(
        ["family", "trained on", "#median before", "#after", "#10th percentile before", "#after", "unit"],
        [
            .. found.After.Space.Families.Select(family =>
            {
                FamilyCriteria was = found.Before.Space.Of(family.Family.Name)!;
                bool isTrained = found.Trained.Contains(family.Family.Name, StringComparer.Ordinal);
                return (string[])
                [
                    family.Family.Name, isTrained ? "yes" : "no", Number(was.All.Median), Number(family.All.Median),
                    Number(was.All.TenthPercentile), Number(family.All.TenthPercentile),
                    family.Family.IsRay ? "L2" : "severity",
                ];
            }),
        ]);

    private static DataTable Attacks(AttackedNetwork attacked, MeasuredNetwork before, MeasuredNetwork after) => new(
        ["attack", "budget", "#accuracy before", "#after", "#worst class before", "#after"],
        [
            .. attacked.Accuracies.Zip(before.Attacked!.Accuracies).Select(pair => (string[])
            [
                pair.First.Attack, pair.First.Budget.Name, Percent(pair.Second.Value), Percent(pair.First.Value),
                Percent(Worst(pair.Second, before)), Percent(Worst(pair.First, after)),
            ]),
        ]);

    /// <summary>Creates the section about the rounds of feedback learning.</summary>
    /// <param name="result">Result of feedback learning.</param>
    /// <param name="classes">Class names; classes without a name are shown by their index.</param>
    public static Section Of(FeedbackResult result, IReadOnlyList<string> classes) => new("Rounds",
    [
        new Paragraph($"Best round: {result.Best}. Reason for stopping: {result.StopReason}."),
        .. result.IsWithinBound ? [] : new Block[] { new Warning("Every round lost more accuracy on held-out samples "
            + "than allowed; the most accurate round is kept.") },
        new DataTable(
        [
            "#round", "#accuracy, held out", "#criteria / round 0", "#inequality", "#Gini", "#examples",
            "#rejected", "#training passes", "#probing passes",
        ],
        [
            .. result.Rounds.Select(round => (string[])
            [
                $"{round.Number}", Percent(round.Accuracy), Number(round.Score), Number(round.Space.Inequality.Range),
                Number(round.Space.Inequality.Gini),
                Count(round.Feedback.Sum(one => one.Made)), Count(round.Feedback.Sum(one => one.Rejected)),
                Count(round.Training.Total), Count(round.Probing.Total),
            ]),
        ]),
        .. result.Rounds.Count < 2 ? [] : new Block[]
        {
            new DataTable(["class", "#wanted", "#made", "#candidates", "#rejected"],
            [
                .. result.Rounds[^1].Feedback.Select((one, k) => (string[])[Name(
                    classes, k), Count(one.Wanted), Count(one.Made), Count(one.Candidates), Count(one.Rejected)]),
            ]),
        },
    ]);

    private static DataTable Families(DecisionSpace space) => new(
        [
            "family", "unit", "#median", "#10th percentile", "#mean", "#tau", "#coverage", "#paths", "#exit rate",
            "#islands",
        ],
        [
            .. space.Families.Select(family => (string[])
            [
                family.Family.Name, family.Family.IsRay ? "L2" : "severity", Number(family.All.Median),
                Number(family.All.TenthPercentile), Number(family.All.Mean), Number(family.Tau),
                Percent(family.All.Coverage), Count(family.All.Count), Percent(family.ExitRate),
                Count(family.Islands),
            ]),
        ]);

    private static DataTable Classes(DecisionSpace space, IReadOnlyList<string> classes) => new(
        ["class", "#samples", "#accuracy", "#level", .. space.Families.Select(family => $"#{family.Family.Name}")],
        [
            .. space.Counts.Select((count, k) => (string[])
                [
                    Name(classes, k), Count(count), Percent(space.Accuracies[k]), Number(space.Levels[k]),
                    .. space.Families.Select(family => Number(family.Classes[k].Median)),
                ]),
        ]);

    private static BarChart Bars(
        IReadOnlyList<(string Name, DecisionSpace Space)> spaces, IReadOnlyList<string> classes) => new()
    {
        Title = "How well each class is learned",
        Labels = [.. spaces[0].Space.Levels.Select((_, k) => Name(classes, k))],
        Bars = [.. spaces.Select(one => new ChartBars(one.Name, one.Space.Levels))],
        ValueLabel = "median distance of the class / of all samples, averaged over ray families",
        ValueFormat = "F2",
    };

    /// <summary>
    /// Creates the section about class pairs, for the adversarial family if it was measured, else for the first family.
    /// </summary>
    private static Section? Pairs(DecisionSpace space, IReadOnlyList<string> classes)
    {
        const int MaxClasses = 20;
        if ((space.Of("adversarial") ?? (space.Families is [var first, ..] ? first : null)) is not { } family
            || space.Counts.Count > MaxClasses)
        {
            return null;
        }

        int count = space.Counts.Count;
        string[] names = [.. Enumerable.Range(0, count).Select(k => Name(classes, k))];
        return new Section($"Class pairs, {family.Family.Name}",
        [
            new Paragraph("Mean distance from a class (row) to its boundary with another (column), and the number of "
                + "paths that reached it first."),
            new DataTable(["from", .. names.Select(name => $"#{name}")],
            [
                .. names.Select((name, k) => (string[])
                    [name, .. Enumerable.Range(0, count).Select(j => family.PairHits[k, j] == 0
                        ? ""
                        : $"{Number(family.PairDistances[k, j])} ({family.PairHits[k, j]})")]),
            ]),
            new ChartRow([new ConfusionChart
            {
                Title = "Which boundary is reached first",
                RowLabel = "from",
                ColumnLabel = "boundary with",
                Classes = names,
                Counts = [.. from k in Enumerable.Range(0, count) from j in Enumerable.Range(
                    0, count) select (long)family.PairHits[k, j]],
            }]),
        ]);
    }

    private static double Worst(AttackedAccuracy accuracy, MeasuredNetwork network) =>
        accuracy.OfClasses(network.Attacked!.Labels, network.Space.Counts.Count)
            .Where(double.IsFinite).DefaultIfEmpty(double.NaN).Min();

    private static string Name(IReadOnlyList<string> classes, int k) => k < classes.Count ? classes[k] : $"{k}";

    private static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Percent(double part) =>
        double.IsFinite(part) ? string.Create(CultureInfo.InvariantCulture, $"{part * 100:F2} %") : "-";

    private static string Number(double value) =>
        double.IsFinite(value) ? value.ToString("G4", CultureInfo.InvariantCulture) : "-";
}
