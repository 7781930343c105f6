using System.Globalization;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;

namespace Temper.Snooping.Evaluation;

/// <summary>Results of a snooping evaluation, with the conditions under which they were measured.</summary>
/// <param name="Rows">The rows; the row without an attack first.</param>
/// <param name="RandomReturn">Mean return of a random policy.</param>
/// <param name="Conditions">
/// Names and values of the conditions: stack mode, precision, scale of observations, sticky actions, proxies and their
/// fidelity.
/// </param>
public sealed record SnoopingTable(
    IReadOnlyList<SnoopingRow> Rows, double RandomReturn, IReadOnlyList<KeyValuePair<string, string>> Conditions)
{
    /// <summary>Shown in place of a number that is not known.</summary>
    private const string Unknown = "-";

    private const string ProxyAttack = "an attack through a proxy";

    /// <summary>Required baselines for which there is no row.</summary>
    public IReadOnlyList<Baseline> Missing =>
        [.. Enum.GetValues<Baseline>().Where(baseline => Rows.All(row => row.Baseline != baseline))];

    /// <summary>
    /// Display names of what a complete table contains and this one lacks: required baselines, and an attack through a
    /// proxy, which is a row without a baseline.
    /// </summary>
    public IReadOnlyList<string> MissingRows =>
    [
        .. Missing.Select(Name), .. Rows.Any(row => row.Baseline is null) ? Array.Empty<string>() : [ProxyAttack],
    ];

    /// <summary>Mean return without an attack; NaN if there is no such row.</summary>
    public double CleanReturn => Rows.FirstOrDefault(row => row.Baseline == Baseline.Clean)?.MeanReturn ?? double.NaN;

    /// <summary>
    /// Computes (clean - attacked) / (clean - random). 1 means that the attacked agent is no better than random play.
    /// NaN if the clean return is missing or not above the random return.
    /// </summary>
    /// <param name="row">A row of the table.</param>
    public double Drop(SnoopingRow row) =>
        CleanReturn > RandomReturn ? (CleanReturn - row.MeanReturn) / (CleanReturn - RandomReturn) : double.NaN;

    /// <summary>
    /// Smallest epsilon at which an attack reduces the return halfway from clean to random play, linearly interpolated
    /// between measured values; null: no measured epsilon does, or the clean return is missing.
    /// </summary>
    /// <param name="attack">Name of the attack.</param>
    /// <param name="defense">Defense of the rows to use; empty: rows without a defense.</param>
    public double? HalfEpsilon(string attack, string defense = "")
    {
        (double Epsilon, double Drop) before = (0, 0);
        foreach (SnoopingRow row in Rows.Where(row => string.Equals(row.Defense, defense, StringComparison.Ordinal)
            && string.Equals(row.Attack, attack, StringComparison.Ordinal)).OrderBy(row => row.Epsilon))
        {
            double drop = Drop(row);
            if (drop >= 0.5)
            {
                return before.Epsilon + ((0.5 - before.Drop) / (drop - before.Drop) * (row.Epsilon - before.Epsilon));
            }

            before = (row.Epsilon, drop);
        }

        return null;
    }

    /// <summary>Converts the table to a report section.</summary>
    public Section ToSection()
    {
        List<Block> blocks = [];
        if (MissingRows is { Count: > 0 } missing)
        {
            blocks.Add(new Warning($"Incomplete: this table lacks {string.Join(", ", missing)}."
                + (Missing.Count > 0 ? " The results cannot be interpreted without these baselines." : "")));
        }

        blocks.Add(new Facts([.. Conditions.Select(condition => new Fact(condition.Key, condition.Value)), new Fact(
            "mean return of random play", Number(RandomReturn))]));
        blocks.Add(new ChartRow(
        [
            new LineChart
            {
                Title = "Mean return by epsilon", XLabel = "epsilon", YLabel = "mean return",
                Lines = [.. Rows.Where(row => row.Epsilon > 0).GroupBy(FullName, StringComparer.Ordinal).Select(
                    group => new ChartLine(
                    group.Key, [new ChartPoint(0, CleanReturn), .. group.OrderBy(row => row.Epsilon).Select(row =>
                        new ChartPoint(row.Epsilon, row.MeanReturn))]))],
            },
        ]));
        blocks.Add(new DataTable(
            [
                "attack", "defense", "#epsilon", "#mean return", "#95 % interval", "#drop", "#frames attacked",
                "#alarms", "#ms per frame", "note",
            ],
            [.. Rows.Select(row => (string[])
            [
                row.Attack, row.Defense, row.Epsilon.ToString("G3", CultureInfo.InvariantCulture),
                Number(row.MeanReturn),
                double.IsNaN(row.Interval.Low)
                    ? Unknown
                    : $"{Number(row.Interval.Low)} to {Number(row.Interval.High)}",
                Percent(Drop(row)), Percent(row.AttackedFrames), Percent(row.Alarms), Number(row.MillisecondsPerFrame),
                row.IsNoOperation ? "epsilon is below the channel's precision: no effect" : "",
            ])]));
        return new Section("Returns under attack", blocks);
    }

    /// <summary>Returns the display name of a baseline.</summary>
    /// <param name="baseline">The baseline.</param>
    public static string Name(Baseline baseline) => baseline switch
    {
        Baseline.Clean => "clean play",
        Baseline.RandomSign => "random sign noise",
        Baseline.UniformNoise => "uniform noise",
        Baseline.WhiteBoxFgsm => "white-box FGSM",
        Baseline.WhiteBoxPgd => "white-box PGD",
        Baseline.Transfer => "transfer from an independent agent",
        Baseline.OtherMethod => "transfer from an agent of another method",
        Baseline.LearnedAdversary => "a learned adversary",
        _ => "the rounding defense",
    };

    private static string FullName(SnoopingRow row) =>
        row.Defense.Length > 0 ? $"{row.Attack}, {row.Defense}" : row.Attack;

    private static string Number(double value) =>
        double.IsNaN(value) ? Unknown : value.ToString("0.###", CultureInfo.InvariantCulture);

    private static string Percent(double part) =>
        double.IsNaN(part) ? Unknown : (part * 100).ToString("F0", CultureInfo.InvariantCulture) + " %";
}
