using System.Globalization;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;

namespace Temper.Reinforcement.Agents;

/// <summary>
/// Creates the report section of a training run: the learning curve, next to a published one if there is one, and the
/// final score.
/// </summary>
public static class AgentSection
{
    /// <summary>Creates the section.</summary>
    /// <param name="environment">Name of the environment.</param>
    /// <param name="result">Result of the training.</param>
    /// <param name="final">Returns of the final policy in episodes not used before.</param>
    /// <param name="random">Returns of a random policy in the same number of episodes.</param>
    public static Section Of(string environment, AgentRunResult result, ReturnStatistics final, ReturnStatistics random)
    {
        ChartLine[] lines =
        [
            new("greedy policy, evaluation episodes", [.. result.Curve.Select(point =>
                new ChartPoint(point.Steps, point.Evaluated))]),
            new("while training", [.. result.Curve.Where(point => point.Episodes > 0).Select(point =>
                new ChartPoint(point.Steps, point.Trained))]),
            .. PublishedCurves.Of(environment).Select(curve => new ChartLine(
                curve.Name, [.. curve.Points.Where(point => point.Steps <= 1.5 * result.Steps).Select(
                    point => new ChartPoint(point.Steps, point.Return))])),
        ];
        Paragraph[] remark = lines.Skip(2).Any(line => line.Points.Count > 0) ? [new(PublishedCurves.Remark)] : [];
        return new Section("How the agent learned",
        [
            new KeyFigures(
            [
                new KeyFigure("mean return", Text(final.Mean), $"{Interval(final)}, greedy policy, new episodes"),
                new KeyFigure("random play", Text(random.Mean), "random actions, same episode seeds"),
                new KeyFigure("steps", Count(result.Steps)),
            ]),
            new ChartRow([new LineChart
            {
                Title = "Mean return", XLabel = "steps", YLabel = "return",
                Lines = [.. lines.Where(line => line.Points.Count > 0)],
            }]),
            .. remark,
            new DataTable(
                ["#steps", "#episodes", "#while training", "#greedy policy"],
                [.. result.Curve.Select(point => (string[])
                [
                    Count(point.Steps), Count(point.Episodes), point.Episodes > 0 ? Text(point.Trained) : "",
                    Text(point.Evaluated),
                ])]),
        ]);
    }

    private static string Interval(ReturnStatistics returns) => double.IsNaN(returns.Low)
        ? "no interval, one episode"
        : $"95 % interval {Text(returns.Low)} to {Text(returns.High)}";

    private static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string Text(double value) => value.ToString("F2", CultureInfo.InvariantCulture);
}

/// <summary>Published learning curves, for comparison.</summary>
internal static class PublishedCurves
{
    internal const string Remark =
        "Published curves: PPO of gymnax-blines, 2 x 256 units, learning rate 5e-4, no sticky actions, at most 1,000 "
        + "steps an episode: settings differ from this run unless noted.";

    private static readonly (string Environment, double[] Returns)[] Gymnax =
    [
        ("brick-break", [8.4, 16.6, 15.5, 22.9]), ("treasure-dash", [1.4, 1.8, 7.2, 15.0]),
        ("road-cross", [25, 29, 44, 58.8]), ("alien-rows", [19, 50, 90, 132]),
    ];

    private static readonly double[] Steps = [320_000, 960_000, 3_200_000, 9_900_000];

    internal static IEnumerable<(string Name, IReadOnlyList<(double Steps, double Return)> Points)> Of(
        string environment) => Gymnax
        .Where(row => string.Equals(row.Environment, environment, StringComparison.Ordinal))
        .Select(row => ("published PPO", (IReadOnlyList<(double, double)>)[.. Steps.Zip(row.Returns)]));
}
