using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Kernels;
using Temper.Privacy.Audit.Algebra;

namespace Temper.Privacy.Audit.Attacks;

/// <summary>
/// Matches morphed rows with pictures if an attacker has both sets without the pairing. The leverage <c>h = d (DᵀD)⁻¹
/// dᵀ</c> of a row in its set does not change under an invertible map, so both sides are first sorted by it. Then the
/// map is estimated and each row is matched with the nearest picture; these two steps are repeated.
/// </summary>
internal static class UnpairedMatching
{
    private const int RowsAtOnce = 256;

    /// <summary>Finds the picture of each row.</summary>
    /// <param name="pictures">Pictures, <c>[N, d]</c>, in any order; N must be more than d.</param>
    /// <param name="rows">Morphed rows, <c>[N, d]</c>, in another order.</param>
    /// <param name="inputs">Values per row, d.</param>
    /// <param name="rounds">Number of times the map and the matching are refined.</param>
    internal static int[] Find(float[] pictures, float[] rows, int inputs, int rounds = 2)
    {
        int count = rows.Length / inputs;
        double[] known = Leverage(pictures, inputs), seen = Leverage(rows, inputs);
        int[] byPicture = Order(known), byRow = Order(seen), found = new int[count];
        for (int i = 0; i < count; i++)
        {
            found[byRow[i]] = byPicture[i];
        }

        var map = new Morphing.MorphMap(1, 1, inputs);
        for (int round = 0; round < rounds; round++)
        {
            float[] paired = new float[pictures.Length];
            for (int i = 0; i < count; i++)
            {
                pictures.AsSpan(found[i] * inputs, inputs).CopyTo(paired.AsSpan(i * inputs));
            }

            found = Nearest(KnownPairs.Recover(map, paired, rows, rows), pictures, inputs);
        }

        return found;
    }

    /// <summary>
    /// Returns the index of the nearest picture for each row. Products are computed for some rows at a time, because
    /// those of all rows with all pictures would be too many for large sets.
    /// </summary>
    internal static int[] Nearest(float[] rows, float[] pictures, int inputs)
    {
        int count = rows.Length / inputs, all = pictures.Length / inputs;
        double[] lengths = [.. Enumerable.Range(0, all).Select(i =>
            (double)TensorPrimitives.SumOfSquares<float>(pictures.AsSpan(i * inputs, inputs)))];
        int[] nearest = new int[count];
        float[] products = new float[(long)Math.Min(RowsAtOnce, count) * all];
        for (int first = 0; first < count; first += RowsAtOnce)
        {
            int part = Math.Min(RowsAtOnce, count - first);
            Gemm.Multiply(
                new MatrixView(rows.AsSpan(first * inputs, part * inputs), part, inputs),
                new MatrixView(pictures, all, inputs).Transposed, products);
            for (int i = 0; i < part; i++)
            {
                nearest[first + i] = Nearest(products.AsSpan(i * all, all), lengths);
            }
        }

        return nearest;
    }

    private static int Nearest(ReadOnlySpan<float> products, double[] lengths)
    {
        (double min, int nearest) = (double.PositiveInfinity, 0);
        for (int i = 0; i < lengths.Length; i++)
        {
            double distance = lengths[i] - (2.0 * products[i]);
            if (distance < min)
            {
                (min, nearest) = (distance, i);
            }
        }

        return nearest;
    }

    private static int[] Order(double[] values) => [.. Enumerable.Range(0, values.Length).OrderBy(i => values[i])];

    private static double[] Leverage(float[] rows, int inputs)
    {
        int count = rows.Length / inputs;
        double[] wide = Array.ConvertAll(rows, value => (double)value);
        var factor = new Cholesky(DenseMatrix.TransposedProduct(wide, wide, count, inputs, inputs), inputs, 1e-11);
        double[] result = new double[count];
        WorkerPool.Current.Run(new Work(factor, wide, result, inputs), count);
        return result;
    }

    private sealed class Work(Cholesky factor, double[] rows, double[] result, int inputs) : IPoolWork
    {
        public void Run(int task, int thread)
        {
            Span<double> row = rows.AsSpan(task * inputs, inputs);
            factor.SolveLower(row);
            result[task] = TensorPrimitives.SumOfSquares<double>(row);
        }
    }
}
