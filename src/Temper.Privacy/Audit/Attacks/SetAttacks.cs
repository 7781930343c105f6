using System.Globalization;
using Temper.Kernels;
using Temper.Privacy.Audit.Algebra;

namespace Temper.Privacy.Audit.Attacks;

/// <summary>Runs the attacks on whole sets of rows and returns their findings.</summary>
internal static class SetAttacks
{
    private const int MaxInputs = 1024;
    private const int GeometryRows = 500;
    private const int MinMomentRows = 200;

    /// <summary>Rows whose squared distance is below this fraction of the mean count as repeated.</summary>
    private const double Repeated = 1e-4;

    /// <summary>
    /// Standard deviations by which the rate of same-class neighbors must exceed chance to count as a leak.
    /// </summary>
    private const double Deviations = 4;

    /// <summary>Matches rows with pictures of the same set in another order.</summary>
    internal static AttackFinding Unpaired(AuditRows rows)
    {
        AttackFinding finding = new()
        {
            Name = "unpaired matching", Needs = "morphed rows and the same pictures in another order",
            Verdict = AttackFinding.NotRun, Detail = "the truth is not given (--truth)",
        };
        int inputs = rows.Map.Inputs;
        if (rows.Truth is not { } truth)
        {
            return finding;
        }

        if (inputs > MaxInputs || rows.SetCount < inputs * 3 / 2)
        {
            return finding with { Detail = $"needs {inputs * 3 / 2} rows and pictures of at most {MaxInputs} values, "
                + $"to finish in seconds (got {rows.SetCount} rows of {inputs} values)" };
        }

        // A fixed permutation: steps of about a third of the rows, coprime to their number.
        int count = rows.SetCount;
        int step = Enumerable.Range(count / 3, count)
            .First(candidate => System.Numerics.BigInteger.GreatestCommonDivisor(candidate, count) == 1);
        int[] order = [.. Enumerable.Range(0, count).Select(i => (int)((long)i * step % count))];
        float[] shuffled = new float[truth.Length];
        for (int i = 0; i < count; i++)
        {
            truth.AsSpan(order[i] * inputs, inputs).CopyTo(shuffled.AsSpan(i * inputs));
        }

        int[] found = UnpairedMatching.Find(shuffled, rows.Rows, inputs);
        double rate = found.Where((picture, row) => order[picture] == row).Count() / (double)count;
        return finding with
        {
            Identification = rate, Verdict = rate >= 0.9
                ? AttackFinding.Broken
                : rate >= 10.0 / count
                ? AttackFinding.Leaks
                : AttackFinding.NotBroken,
            Detail =
                string.Create(CultureInfo.InvariantCulture, $"{rate:P1} of {count} rows matched with their picture"),
        };
    }

    /// <summary>
    /// Recovers pictures from covariances. Half of the truth is used as the public data set; rows of the other half are
    /// attacked.
    /// </summary>
    internal static AttackFinding Moments(AuditRows rows)
    {
        AttackFinding finding = new()
        {
            Name = "second moments", Needs = "morphed rows and other pictures of the same kind",
            Verdict = AttackFinding.NotRun, Detail = "the truth is not given (--truth)",
            Size = (rows.Map.Channels, rows.Map.Height, rows.Map.Width),
        };
        int inputs = rows.Map.Inputs, half = rows.SetCount / 2;
        if (rows.Truth is not { } truth)
        {
            return finding;
        }

        if (inputs > MaxInputs || half < MinMomentRows)
        {
            return finding with { Detail = $"needs {2 * MinMomentRows} rows and pictures of at most {MaxInputs} "
                + $"values, to finish in seconds (got {rows.SetCount} rows of {inputs} values)" };
        }

        int count = Math.Min(rows.Count, half);
        (float[] pictures, int axes) = SecondMoments.Recover(
            truth[(half * inputs)..], rows.Rows[..(half * inputs)], rows.Rows[..(count * inputs)], inputs);
        return (finding with
        {
            Detail = $"{axes} of {inputs} axes distinguished with {half} rows; half of the truth is used as pictures "
                + "that an outsider finds elsewhere",
        }).Judged(pictures, truth[..(count * inputs)], rows.Mean);
    }

    /// <summary>Jigsaw solving, which is never run because no map of a bundle leaves intact pieces.</summary>
    internal static AttackFinding Jigsaw(AuditRows rows) => new()
    {
        Name = "jigsaw", Needs = "morphed rows of a map that only moves pixels or patches",
        Verdict = AttackFinding.NotRun,
        Detail = $"the map mixes all {rows.Map.CoreSide} values of a core, so there are no intact pieces",
    };

    /// <summary>
    /// Finds what distances between rows reveal: repeated rows, and neighbors of the same class according to the
    /// labels, which a bundle contains in the clear. If the truth is known, also reports how accurate the distances
    /// are.
    /// </summary>
    internal static AttackFinding Geometry(AuditRows rows)
    {
        AttackFinding finding = new()
        {
            Name = "geometry", Needs = "morphed rows", Verdict = AttackFinding.NotRun,
            Detail = "a single row has no neighbors",
        };
        int count = Math.Min(GeometryRows, rows.SetCount);
        if (count < 2)
        {
            return finding;
        }

        double[] seen = Distances(rows.Rows, count, rows.Map.Inputs);
        int[] neighbors = [.. Enumerable.Range(0, count).Select(i => Neighbor(seen, count, i))];
        double typical = seen.Sum() / ((double)count * (count - 1));
        int repeats = Enumerable.Range(0, count).Count(i => seen[(i * count) + neighbors[i]] <= Repeated * typical);
        double sameClass = neighbors.Where((other, i) => rows.Labels[other] == rows.Labels[i]).Count() / (double)count;
        double chance = ChanceOfOneClass(rows.Labels.AsSpan(0, count));
        bool isClustered = sameClass - chance > Deviations * Math.Sqrt(chance * (1 - chance) / count) && chance < 1;
        finding = finding with
        {
            Verdict = repeats > 0 || isClustered ? AttackFinding.Leaks : AttackFinding.NotBroken,
            Detail = string.Create(
                CultureInfo.InvariantCulture,
                $"{repeats} of {count} rows are within 1 % of another row; the nearest row is of the same "
                + $"class for {sameClass:P0} (by chance {chance:P0})"),
        };
        return rows.Truth is { } truth
            ? Scored(finding, seen, neighbors, Distances(truth, count, rows.Map.Inputs))
            : finding;
    }

    /// <summary>Adds how accurate the distances are. The truth is used for scoring only.</summary>
    private static AttackFinding Scored(AttackFinding finding, double[] seen, int[] neighbors, double[] real)
    {
        int count = neighbors.Length;
        double correlation = Correlation.Of<double>(seen, real);
        double agreement =
            Enumerable.Range(0, count).Count(i => neighbors[i] == Neighbor(real, count, i)) / (double)count;
        return finding with
        {
            Identification = agreement,
            Verdict =
                correlation >= 0.5 || agreement >= Math.Min(1, 10.0 / count) ? AttackFinding.Leaks : finding.Verdict,
            Detail = string.Create(
                CultureInfo.InvariantCulture,
                $"{finding.Detail}; the distances of rows and of pictures have a correlation of {correlation:F4}, the "
                    + $"nearest neighbor is the same for {agreement:P0}"),
        };
    }

    /// <summary>Computes the probability that two different random rows are of the same class.</summary>
    private static double ChanceOfOneClass(ReadOnlySpan<long> labels)
    {
        var counts = new Dictionary<long, long>();
        foreach (long label in labels)
        {
            counts[label] = counts.GetValueOrDefault(label) + 1;
        }

        return counts.Values.Sum(
            members => (double)members * (members - 1)) / ((double)labels.Length * (labels.Length - 1));
    }

    /// <summary>Computes the squared distances of all pairs, <c>[n, n]</c>.</summary>
    private static double[] Distances(float[] rows, int count, int inputs)
    {
        float[] products = new float[count * count];
        var view = new MatrixView(rows.AsSpan(0, count * inputs), count, inputs);
        Gemm.Multiply(view, view.Transposed, products);
        double[] distances = new double[count * count];
        for (int i = 0; i < distances.Length; i++)
        {
            (int a, int b) = Math.DivRem(i, count);
            distances[i] =
                Math.Max(0, (double)products[(a * count) + a] + products[(b * count) + b] - (2.0 * products[i]));
        }

        return distances;
    }

    private static int Neighbor(double[] distances, int count, int row) =>
        Enumerable.Range(0, count)
            .Where(other => other != row).DefaultIfEmpty(row).MinBy(other => distances[(row * count) + other]);
}
