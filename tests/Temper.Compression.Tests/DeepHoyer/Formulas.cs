namespace Temper.Compression.Tests.DeepHoyer;

/// <summary>
/// Reference implementation of the regularizers in double precision, as written in DeepHoyer (arXiv:1908.09979).
/// </summary>
internal static class Formulas
{
    /// <summary>Σn</summary>
    internal static double L1(double[] norms, double squares) => norms.Sum();

    /// <summary>Σ 2n / (1 + n)</summary>
    internal static double TransformedL1(double[] norms, double squares) => norms.Sum(n => 2 * n / (1 + n));

    /// <summary>Σn / √Σw²; 0 for zeros.</summary>
    internal static double Hoyer(double[] norms, double squares) => squares == 0 ? 0 : norms.Sum() / Math.Sqrt(squares);

    /// <summary>(Σn)² / Σw²; 0 for zeros.</summary>
    internal static double HoyerSquare(double[] norms, double squares) => squares == 0 ? 0 : norms.Sum() * norms.Sum() / squares;

    /// <summary>
    /// Applies a formula to the norms of groups and sums over the partitions of the weights by a grouping.
    /// </summary>
    internal static double Of(Func<double[], double, double> formula, double[] w, int[] shape, string grouping)
    {
        if (string.Equals(grouping, "element", StringComparison.Ordinal))
        {
            return formula([.. w.Select(Math.Abs)], w.Sum(x => x * x));
        }

        if (shape.Length < 2 || w.Length == 0)
        {
            return 0;
        }

        int taps = shape[2..].Aggregate(1, (a, b) => a * b), width = shape[1] * taps;
        Func<int, int>[] partitions = grouping switch
        {
            "filter-channel" => [i => i / width, i => i % width / taps],
            "row-column" => [i => i / width, i => i % width],
            _ => [i => (i / width / (grouping[0] - '0') * width) + (i % width / (grouping[2] - '0'))],
        };
        return partitions.Sum(groupOf => formula(
            [.. w.Select((x, i) => (x, Group: groupOf(i))).GroupBy(p => p.Group).Select(g => Math.Sqrt(g.Sum(p => p.x * p.x)))], w.Sum(x => x * x)));
    }

    /// <summary>
    /// Central differences. At a symmetric kink, such as |w| at 0, they return 0, consistent with sgn(0) = 0.
    /// </summary>
    internal static double[] Gradient(Func<double[], int[], double> formula, double[] w, int[] shape)
    {
        double step = 1e-6 * Math.Max(w.Max(Math.Abs), 1e-30);
        return [.. w.Select((x, i) =>
        {
            double[] moved = [.. w];
            moved[i] = x + step;
            double above = formula(moved, shape);
            moved[i] = x - step;
            return (above - formula(moved, shape)) / (2 * step);
        })];
    }
}
