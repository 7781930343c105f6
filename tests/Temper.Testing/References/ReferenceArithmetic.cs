namespace Temper.Testing.References;

/// <summary>
/// Reference implementations of elementwise arithmetic, reductions and matrix products, in plain loops and double
/// precision.
/// </summary>
public static class ReferenceArithmetic
{
    /// <summary>Applies f to each pair of elements; shapes broadcast.</summary>
    public static Grid Pairs(Grid x, Grid y, Func<double, double, double> f) =>
        Grid.Of(BroadcastShape(x.Lengths, y.Lengths), at => f(x.Repeated(at), y.Repeated(at)));

    public static int[] BroadcastShape(int[] x, int[] y)
    {
        int rank = Math.Max(x.Length, y.Length);
        int[] a = [.. Enumerable.Repeat(1, rank - x.Length), .. x], b = [.. Enumerable.Repeat(1, rank - y.Length), .. y];
        return [.. a.Zip(b, (p, q) => p == 1 ? q : p)];
    }

    /// <summary>Reduces along some axes (null: all axes); f maps the elements of a reduction to its result.</summary>
    public static Grid Reduce(Grid x, int[]? axes, bool keep, Func<double[], double> f)
    {
        bool[] isReduced = [.. Enumerable.Range(0, x.Rank).Select(axis => axes is null || axes.Contains(axis) || axes.Contains(axis - x.Rank))];
        int[] kept = [.. x.Lengths.Select((length, axis) => isReduced[axis] ? 1 : length)];
        Grid reduced = Grid.Of(kept, at => f(
            [.. Grid.Indices(x.Lengths).Where(i => i.Select((place, axis) => isReduced[axis] || place == at[axis]).All(same => same)).Select(i => x[i])]));
        return keep ? reduced : new Grid([.. x.Lengths.Where((_, axis) => !isReduced[axis])], reduced.Values);
    }

    /// <summary>Applies f to each element.</summary>
    public static Grid Map(Grid x, Func<double, double> f) => new(x.Lengths, [.. x.Values.Select(f)]);

    /// <summary>Computes erf(x) = 2/√π ∫₀ˣ exp(-t²) dt by Simpson's rule.</summary>
    public static double Erf(double x)
    {
        const int Steps = 2000;
        double h = x / Steps, sum = 1 + Math.Exp(-x * x);
        for (int i = 1; i < Steps; i++)
        {
            sum += (i % 2 == 0 ? 2 : 4) * Math.Exp(-i * h * i * h);
        }

        return 2 / Math.Sqrt(Math.PI) * sum * h / 3;
    }

    public static double Mean(double[] x) => x.Sum() / x.Length;

    public static double Variance(double[] x, int correction)
    {
        double mean = Mean(x);
        return x.Sum(v => (v - mean) * (v - mean)) / Math.Max(0, x.Length - correction);
    }

    /// <summary>
    /// Matrix product over the last two axes; leading axes broadcast; a left vector is a row, a right vector a column.
    /// </summary>
    public static Grid MatMul(Grid a, Grid b)
    {
        Grid left = a.Rank == 1 ? new Grid([1, a.Lengths[0]], a.Values) : a;
        Grid right = b.Rank == 1 ? new Grid([b.Lengths[0], 1], b.Values) : b;
        int inner = left.Lengths[^1];
        int[] batch = BroadcastShape(left.Lengths[..^2], right.Lengths[..^2]);
        Grid c = Grid.Of([.. batch, left.Lengths[^2], right.Lengths[^1]], at =>
        {
            double sum = 0;
            for (int k = 0; k < inner; k++)
            {
                int[] i = [.. at[..^1], k], j = [.. at[..^2], k, at[^1]];
                sum += left.Repeated(Own(i, left)) * right.Repeated(Own(j, right));
            }

            return sum;
        });
        int[] lengths = [.. batch, .. a.Rank == 1 ? (int[])[] : [c.Lengths[^2]], .. b.Rank == 1 ? (int[])[] : [c.Lengths[^1]]];
        return new Grid(lengths, c.Values);

        static int[] Own(int[] at, Grid x) => at[^x.Rank..];
    }

    /// <summary>y = x Wᵀ + b for each row.</summary>
    public static Grid Linear(Grid x, Grid weight, Grid? bias) => Grid.Of([.. x.Lengths[..^1], weight.Lengths[0]], at =>
    {
        double sum = bias?[at[^1]] ?? 0;
        for (int i = 0; i < weight.Lengths[1]; i++)
        {
            sum += x[[.. at[..^1], i]] * weight[at[^1], i];
        }

        return sum;
    });
}
