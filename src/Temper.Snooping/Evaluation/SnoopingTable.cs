using System.Globalization;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;

namespace Temper.Snooping.Evaluation;

/// <summary>All rows of a report, with the conditions that every figure depends on.</summary>
/// <param name="Rows">The rows; the clean one first.</param>
/// <param name="RandomReturn">What random play earns.</param>
/// <param name="Conditions">
/// Names and values: stack mode, precision, scale of observations, stickiness, proxies and how good they are.
/// </param>
public sealed record SnoopingTable(
    IReadOnlyList<SnoopingRow> Rows, double RandomReturn, IReadOnlyList<KeyValuePair<string, string>> Conditions)
{
    /// <summary>Mandatory baselines that no row is of.</summary>
    public IReadOnlyList<Baseline> Missing =>
        [.. Enum.GetValues<Baseline>().Where(baseline => Rows.All(row => row.Baseline != baseline))];

    /// <summary>What agents earn when nothing is changed.</summary>
    public double CleanReturn => Rows.First(row => row.Baseline == Baseline.Clean).MeanReturn;

    /// <summary>
    /// (clean - attacked) / (clean - random): 1 is play no better than random; NaN where clean play is no better
    /// either.
    /// </summary>
    /// <param name="row">One of the rows.</param>
    public double Drop(SnoopingRow row) =>
        CleanReturn > RandomReturn ? (CleanReturn - row.MeanReturn) / (CleanReturn - RandomReturn) : double.NaN;

    /// <summary>
    /// Smallest epsilon at which an attack takes half of the way from clean to random play, between measured ones by a
    /// line; null: none does.
    /// </summary>
    /// <param name="attack">The attack's name; rows without a defense.</param>
    public double? HalfEpsilon(string attack)
    {
        (double Epsilon, double Drop) before = (0, 0);
        foreach (SnoopingRow row in Rows.Where(row => row.Defense.Length == 0
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

    /// <summary>The table as a section of a report.</summary>
    public Section ToSection()
    {
        List<Block> blocks = [];
        if (Missing.Count > 0)
        {
            blocks.Add(new Warning($"Incomplete: this table lacks {string.Join(", ", Missing.Select(Name))}. Without "
                + "them the attack's rows say little."));
        }

        blocks.Add(new Facts([.. Conditions.Select(condition => new Fact(condition.Key, condition.Value)), new Fact(
            "random play earns", Number(RandomReturn))]));
        blocks.Add(new ChartRow(
        [
            new LineChart
            {
                Title = "Mean return by size of the change", XLabel = "epsilon", YLabel = "mean return",
                Lines = [.. Rows.Where(row => row.Epsilon > 0).GroupBy(FullName, StringComparer.Ordinal).Select(
                    group => new ChartLine(
                    group.Key, [new ChartPoint(0, CleanReturn), .. group.OrderBy(row => row.Epsilon).Select(row =>
                        new ChartPoint(row.Epsilon, row.MeanReturn))]))],
            },
        ]));
        blocks.Add(new DataTable(
            [
                "attack", "defense", "#epsilon", "#mean return", "#95 % interval", "#drop", "#frames attacked",
                "#alarms", "#ms a frame", "note",
            ],
            [.. Rows.Select(row => (string[])
            [
                row.Attack, row.Defense, Number(row.Epsilon), Number(row.MeanReturn),
                $"{Number(row.Interval.Low)} to {Number(row.Interval.High)}",
                Percent(Drop(row)), Percent(row.AttackedFrames), Percent(row.Alarms),
                double.IsNaN(row.MillisecondsPerFrame) ? "" : Number(row.MillisecondsPerFrame),
                row.IsNoOperation ? "below the channel's precision: changes nothing" : "",
            ])]));
        return new Section("Returns under attack", blocks);
    }

    /// <summary>What a baseline is called.</summary>
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
        _ => "the rounding defense",
    };

    private static string FullName(SnoopingRow row) =>
        row.Defense.Length > 0 ? $"{row.Attack}, {row.Defense}" : row.Attack;

    private static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    private static string Percent(double part) =>
        double.IsNaN(part) ? "" : (part * 100).ToString("F0", CultureInfo.InvariantCulture) + " %";
}
