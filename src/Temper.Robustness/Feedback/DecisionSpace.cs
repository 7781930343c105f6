namespace Temper.Robustness.Feedback;

/// <summary>Distances to the boundary of some paths.</summary>
/// <param name="Count">Paths.</param>
/// <param name="Mean">Mean; NaN without paths, as the others.</param>
/// <param name="Median">Median.</param>
/// <param name="TenthPercentile">A tenth of the paths is nearer.</param>
/// <param name="Coverage">Part of the paths that is at least as long as tau.</param>
public sealed record DistanceSummary(int Count, double Mean, double Median, double TenthPercentile, double Coverage)
{
    internal static DistanceSummary Of(double[] distances, double tau)
    {
        Array.Sort(distances);
        return new DistanceSummary(
            distances.Length, distances.DefaultIfEmpty(double.NaN).Average(), Percentile(distances, 0.5),
            Percentile(distances, 0.1),
            distances.Length == 0
                ? double.NaN
                : distances.Count(distance => distance >= tau) / (double)distances.Length);
    }

    /// <summary>Linear between neighbors, of sorted values.</summary>
    internal static double Percentile(ReadOnlySpan<double> sorted, double part)
    {
        if (sorted.IsEmpty)
        {
            return double.NaN;
        }

        double place = part * (sorted.Length - 1);
        int low = (int)place;
        return sorted[low] + ((place - low) * (sorted[Math.Min(low + 1, sorted.Length - 1)] - sorted[low]));
    }
}

/// <summary>How unequal the classes are.</summary>
/// <param name="Range">(max - min) / mean.</param>
/// <param name="Gini">Gini coefficient: 0 where all are equal.</param>
public readonly record struct Inequality(double Range, double Gini)
{
    /// <summary>Of one value a class; those that are not finite are left out.</summary>
    /// <param name="values">Zero or more.</param>
    /// <returns>NaN where fewer than two classes are left.</returns>
    public static Inequality Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Where(double.IsFinite).Order()];
        double sum = sorted.Sum();
        if (sorted.Length < 2 || sum == 0)
        {
            return new Inequality(double.NaN, double.NaN);
        }

        // sum over pairs |a - b| / (2 n sum) = sum_i (2 i - n + 1) x_i / (n sum), x sorted
        double weighted = sorted.Select((value, i) => ((2 * i) - sorted.Length + 1) * value).Sum();
        return new Inequality((sorted[^1] - sorted[0]) / (sum / sorted.Length), weighted / (sorted.Length * sum));
    }
}

/// <summary>The boundary as one family of directions meets it.</summary>
/// <param name="Family">The family.</param>
/// <param name="Tau">
/// What counts as well learned: the median distance of the best-learned class, or what was asked for.
/// </param>
/// <param name="All">All classes together.</param>
/// <param name="Classes">Each class.</param>
/// <param name="ExitRate">Part of the paths that leaves the class before its cap.</param>
/// <param name="Islands">Paths whose first exit doubling alone would have missed.</param>
/// <param name="Inequality">Of the classes' medians.</param>
/// <param name="PairDistances">
/// Mean distance from class k (row) to the boundary with class j, <c>[K, K]</c>; NaN where it was never met.
/// </param>
/// <param name="PairHits">How often it was met, <c>[K, K]</c>.</param>
public sealed record FamilyCriteria(
    DirectionFamily Family, double Tau, DistanceSummary All, IReadOnlyList<DistanceSummary> Classes, double ExitRate,
    int Islands, Inequality Inequality,
    double[,] PairDistances, int[,] PairHits)
{
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
            Inequality.Of(own.Select(one => one.Median)), sums, hits);
    }
}

/// <summary>
/// How well each region of the decision space is learned: the criteria of a probe, by family and class.
/// </summary>
/// <param name="Families">One for each family that was measured.</param>
/// <param name="Counts">Samples of each class.</param>
/// <param name="Accuracies">Accuracy of each class, 0 to 1; NaN for a class without samples.</param>
/// <param name="Levels">
/// m_k: how well class k is learned beside all samples. The median distance of the class divided by that of all, mean
/// over the ray families; 1 for a class like all.
/// </param>
public sealed record DecisionSpace(
    IReadOnlyList<FamilyCriteria> Families, IReadOnlyList<int> Counts, IReadOnlyList<double> Accuracies,
    IReadOnlyList<double> Levels)
{
    /// <summary>Of the classes' levels.</summary>
    public Inequality Inequality => Inequality.Of(Levels);

    /// <summary>
    /// A = mean distance at random / mean distance to adversarials: about the root of the dimension for a flat
    /// boundary; NaN where one was not measured.
    /// </summary>
    public double Asymmetry => Mean("random") / Mean("adversarial");

    /// <summary>The criteria of a probe.</summary>
    /// <param name="found">What the probe found.</param>
    /// <param name="tau">
    /// Distance from which a path counts as well learned; null: in each family the median of the best-learned class.
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
    /// The mean of the criteria beside those of another measurement: of each family's median over the other's, 1 where
    /// nothing changed.
    /// </summary>
    /// <param name="before">A measurement of the same families.</param>
    /// <param name="which">The families to take; null: all.</param>
    public double ScoreAgainst(DecisionSpace before, Func<DirectionFamily, bool>? which = null) => Families
        .Where(family => which?.Invoke(family.Family) ?? true)
        .Select(family => family.All.Median / before.Of(family.Family.Name)!.All.Median)
        .Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();

    /// <summary>The criteria of a family; null where it was not measured.</summary>
    /// <param name="family">Its name.</param>
    public FamilyCriteria? Of(string family) =>
        Families.FirstOrDefault(one => string.Equals(one.Family.Name, family, StringComparison.Ordinal));

    private double Mean(string family) => Of(family)?.All.Mean ?? double.NaN;
}
