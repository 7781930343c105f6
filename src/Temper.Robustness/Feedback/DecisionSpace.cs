using Temper.Robustness.Attacks;

namespace Temper.Robustness.Feedback;

/// <summary>Statistics of the distances to the decision boundary along some paths.</summary>
/// <param name="Count">Number of paths.</param>
/// <param name="Mean">Mean distance. This and the other statistics are NaN without paths.</param>
/// <param name="Median">Median distance.</param>
/// <param name="TenthPercentile">10th percentile of the distances.</param>
/// <param name="Coverage">Fraction of paths with a distance of at least tau, 0 to 1.</param>
public sealed record DistanceSummary(int Count, double Mean, double Median, double TenthPercentile, double Coverage)
{
    internal static DistanceSummary Of(double[] distances, double tau)
    {
        Array.Sort(distances);
        return new DistanceSummary(
            distances.Length, distances.DefaultIfEmpty(double.NaN).Average(), Percentiles.Of(distances, 0.5),
            Percentiles.Of(distances, 0.1),
            distances.Length == 0
                ? double.NaN
                : distances.Count(distance => distance >= tau) / (double)distances.Length);
    }
}

/// <summary>Measures of inequality between classes.</summary>
/// <param name="Range">(max - min) / mean.</param>
/// <param name="Gini">Gini coefficient; 0: all classes are equal.</param>
public readonly record struct Inequality(double Range, double Gini)
{
    /// <summary>Computes the inequality of one value per class, ignoring values that are not finite.</summary>
    /// <param name="values">Values of zero or more.</param>
    /// <returns>NaN if fewer than two finite values remain or their sum is zero.</returns>
    public static Inequality Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Where(double.IsFinite).Order()];
        double sum = sorted.Sum();
        if (sorted.Length < 2 || sum == 0)
        {
            return new Inequality(double.NaN, double.NaN);
        }

        // sum over pairs |a - b| / (2 n sum) = sum_i (2 i - n + 1) x_i / (n sum), with x sorted
        double weighted = sorted.Select((value, i) => ((2 * i) - sorted.Length + 1) * value).Sum();
        return new Inequality((sorted[^1] - sorted[0]) / (sum / sorted.Length), weighted / (sorted.Length * sum));
    }
}

/// <summary>The decision boundary, measured along one family of directions.</summary>
/// <param name="Family">Family of directions.</param>
/// <param name="Tau">
/// Distance at which a path counts as well learned: the given distance, or the median of the best-learned class.
/// </param>
/// <param name="All">Distances of all classes together.</param>
/// <param name="Classes">Distances of each class.</param>
/// <param name="ExitRate">Fraction of paths that leave their class before the cap, 0 to 1.</param>
/// <param name="Islands">Number of paths whose first exit would have been missed by doubling alone.</param>
/// <param name="Inequality">Inequality of the medians of the classes.</param>
/// <param name="PairDistances">
/// Mean distance from class k (row) to the boundary with class j (column), <c>[K, K]</c>; NaN if it was never reached.
/// </param>
/// <param name="PairHits">Number of paths that reached the boundary of each pair, <c>[K, K]</c>.</param>
public sealed record FamilyCriteria(
    DirectionFamily Family, double Tau, DistanceSummary All, IReadOnlyList<DistanceSummary> Classes, double ExitRate,
    int Islands, Inequality Inequality,
    double[,] PairDistances, int[,] PairHits)
{
    /// <summary>
    /// Number of paths without a direction, because the gradient at the sample is zero or not finite. They count with
    /// the largest possible distance, so that a network that hides its gradients seems more robust than it is.
    /// </summary>
    public int WithoutGradient { get; init; }

    internal static FamilyCriteria Of(DirectionFamily family, IReadOnlyList<ProbedPath> paths, int classes, double? tau)
    {
        double[][] distances = [.. Enumerable.Range(0, classes).Select(
            k => paths.Where(path => path.Label == k).Select(path => path.Distance).ToArray())];
        double best = tau ?? distances.Select(own => DistanceSummary.Of(own, 0).Median)
            .Where(double.IsFinite).DefaultIfEmpty(double.NaN).Max();
        DistanceSummary[] own = [.. distances.Select(values => DistanceSummary.Of(values, best))];
        var sums = new double[classes, classes];
        var hits = new int[classes, classes];
        foreach (ProbedPath path in paths.Where(path => path.Exited))
        {
            sums[path.Label, path.Winner] += path.Distance;
            hits[path.Label, path.Winner]++;
        }

        for (int k = 0; k < classes; k++)
        {
            for (int j = 0; j < classes; j++)
            {
                sums[k, j] = hits[k, j] == 0 ? double.NaN : sums[k, j] / hits[k, j];
            }
        }

        double exits = paths.Count == 0 ? double.NaN : paths.Count(path => path.Exited) / (double)paths.Count;
        return new FamilyCriteria(
            family, best, DistanceSummary.Of([.. paths.Select(path => path.Distance)], best), own, exits,
            paths.Count(path => path.IsIsland),
            Inequality.Of(own.Select(one => one.Median)), sums, hits)
        {
            WithoutGradient = paths.Count(path => path.LacksGradient),
        };
    }
}

/// <summary>
/// Measures how well each region of the decision space is learned: the criteria of a probe by family and class.
/// </summary>
/// <param name="Families">Criteria of each measured family.</param>
/// <param name="Counts">Number of samples of each class.</param>
/// <param name="Accuracies">Accuracy of each class, 0 to 1; NaN for a class without samples.</param>
/// <param name="Levels">
/// m_k: how well class k is learned, relative to all samples. Ratio of the class's median distance to that of all
/// samples, averaged over the ray families; 1: average.
/// </param>
public sealed record DecisionSpace(
    IReadOnlyList<FamilyCriteria> Families, IReadOnlyList<int> Counts, IReadOnlyList<double> Accuracies,
    IReadOnlyList<double> Levels)
{
    /// <summary>Inequality of <see cref="Levels"/>.</summary>
    public Inequality Inequality => Inequality.Of(Levels);

    /// <summary>
    /// Mean distance in random directions divided by mean distance in the adversarial direction; NaN if one of them was
    /// not measured. About the square root of the input dimension for a flat boundary.
    /// </summary>
    public double Asymmetry => Mean("random") / Mean("adversarial");

    /// <summary>Computes the criteria of a probe.</summary>
    /// <param name="found">Result of the probe.</param>
    /// <param name="tau">
    /// Distance at which a path counts as well learned; null: for each family the median of its best-learned class.
    /// </param>
    public static DecisionSpace Of(ProbeResult found, double? tau = null)
    {
        ILookup<string, ProbedPath> paths = found.Paths.ToLookup(path => path.Family, StringComparer.Ordinal);
        FamilyCriteria[] families = [.. found.Families.Select(
            family => FamilyCriteria.Of(family, [.. paths[family.Name]], found.Classes, tau))];
        int[] counts = [.. Enumerable.Range(0, found.Classes).Select(k => found.Labels.Count(label => label == k))];
        double[] accuracies =
        [
            .. counts.Select((count, k) => count == 0
                ? double.NaN
                : found.Labels.Zip(found.Predictions)
                    .Count(pair => pair.First == k && pair.Second == k) / (double)count),
        ];
        FamilyCriteria[] rays = [.. families.Where(family => family.Family.IsRay && family.All.Median > 0)];
        FamilyCriteria[] basis = rays.Length > 0 ? rays : [.. families.Where(family => family.All.Median > 0)];
        double[] levels =
        [
            .. Enumerable.Range(0, found.Classes).Select(
                k => basis.Select(family => family.Classes[k].Median / family.All.Median)
                    .DefaultIfEmpty(double.NaN).Average()),
        ];
        return new DecisionSpace(families, counts, accuracies, levels);
    }

    /// <summary>
    /// Compares with an earlier measurement: returns the ratio of the families' median distances to the earlier ones,
    /// averaged over families; 1: unchanged.
    /// </summary>
    /// <param name="before">Earlier measurement of the same families.</param>
    /// <param name="which">Selects the families to compare; null: all.</param>
    public double ScoreAgainst(DecisionSpace before, Func<DirectionFamily, bool>? which = null) => Families
        .Where(family => which?.Invoke(family.Family) ?? true)
        .Select(family => family.All.Median / before.Of(family.Family.Name)!.All.Median)
        .Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();

    /// <summary>Returns the criteria of a family; null if it was not measured.</summary>
    /// <param name="family">Name of the family.</param>
    public FamilyCriteria? Of(string family) =>
        Families.FirstOrDefault(one => string.Equals(one.Family.Name, family, StringComparison.Ordinal));

    private double Mean(string family) => Of(family)?.All.Mean ?? double.NaN;
}
