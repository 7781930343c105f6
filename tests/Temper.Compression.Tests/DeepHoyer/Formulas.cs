namespace Temper.Compression.Tests.DeepHoyer;

/// <summary>The regularizers' values in plain double loops, as DeepHoyer (arXiv:1908.09979) writes them.</summary>
internal static class Formulas
{
    /// <summary>Σ|w|</summary>
    internal static double L1(double[] w, int[] shape) => w.Sum(Math.Abs);

    /// <summary>(Σ|w|)² / Σw²; 0 for zeros.</summary>
    internal static double HoyerSquare(double[] w, int[] shape)
    {
        double sum = w.Sum(Math.Abs), squares = w.Sum(x => x * x);
        return squares == 0 ? 0 : sum * sum / squares;
    }

    /// <summary>(Σ_g ‖w_g‖)² / Σw² with filters (rows) as groups, plus the same with input channels (columns).</summary>
    internal static double GroupHoyerSquare(double[] w, int[] shape)
    {
        if (shape.Length < 2)
        {
            return 0;
        }

        double squares = w.Sum(x => x * x);
        int taps = shape[2..].Aggregate(1, (a, b) => a * b);
        double rows = 0, columns = 0;
        for (int o = 0; o < shape[0]; o++)
        {
            rows += Length(Enumerable.Range(0, shape[1]).SelectMany(i => Taps(o, i)));
        }

        for (int i = 0; i < shape[1]; i++)
        {
            columns += Length(Enumerable.Range(0, shape[0]).SelectMany(o => Taps(o, i)));
        }

        return squares == 0 ? 0 : ((rows * rows) + (columns * columns)) / squares;

        IEnumerable<double> Taps(int o, int i) => Enumerable.Range(0, taps).Select(t => w[(((o * shape[1]) + i) * taps) + t]);

        static double Length(IEnumerable<double> group) => Math.Sqrt(group.Sum(x => x * x));
    }

    /// <summary>Central differences. At a kink that is symmetric, such as |w| at 0, they give 0, as sgn(0) = 0 does.</summary>
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
