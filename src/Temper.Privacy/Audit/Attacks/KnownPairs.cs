using Temper.Kernels;
using Temper.Privacy.Audit.Algebra;
using Temper.Privacy.Morphing;

namespace Temper.Privacy.Audit.Attacks;

/// <summary>
/// Recovers pictures from known pairs of a picture and its morphed row. For each core it computes the minimum-norm map
/// from the known rows to the known pictures. Each pair gives one equation for every row of a core, so q pairs
/// determine distinct cores, and ceil(q / kappa) pairs a repeated core.
/// </summary>
internal static class KnownPairs
{
    /// <summary>Returns the number of pairs that determine the map.</summary>
    internal static int Predicted(MorphMap map) =>
        map.IsRepeated ? (map.CoreSide + map.Cores - 1) / map.Cores : map.CoreSide;

    /// <summary>Recovers pictures.</summary>
    /// <param name="map">Sizes of the map.</param>
    /// <param name="pictures">Known pictures, <c>[k, d]</c>.</param>
    /// <param name="rows">Morphed rows of the known pictures, <c>[k, d]</c>.</param>
    /// <param name="unseen">Other morphed rows, <c>[n, d]</c>.</param>
    /// <param name="ridge">
    /// Ridge as a fraction of the mean squared length of a row; nearly 0 for the minimum-norm map, larger for learned
    /// inversion.
    /// </param>
    internal static float[] Recover(
        MorphMap map, ReadOnlySpan<float> pictures, ReadOnlySpan<float> rows, ReadOnlySpan<float> unseen,
        double ridge = 1e-13)
    {
        int inputs = map.Inputs, side = map.CoreSide, pairs = rows.Length / inputs, count = unseen.Length / inputs;
        float[] result = new float[unseen.Length];
        if (map.IsRepeated)
        {
            Solve(pictures.ToArray(), rows.ToArray(), unseen.ToArray(), side, ridge).CopyTo(result.AsSpan());
            return result;
        }

        for (int core = 0; core < map.Cores; core++)
        {
            float[] part = Solve(Part(pictures, core), Part(rows, core), Part(unseen, core), side, ridge);
            for (int i = 0; i < count; i++)
            {
                part.AsSpan(i * side, side).CopyTo(result.AsSpan((i * inputs) + (core * side)));
            }
        }

        return result;

        float[] Part(ReadOnlySpan<float> all, int core)
        {
            float[] part = new float[all.Length / inputs * side];
            for (int i = 0; i < all.Length / inputs; i++)
            {
                all.Slice((i * inputs) + (core * side), side).CopyTo(part.AsSpan(i * side));
            }

            return part;
        }
    }

    /// <summary>
    /// Computes <c>U Y⁺ X</c>, through <c>Y Yᵀ</c> if there are fewer rows than columns, else through <c>Yᵀ Y</c>.
    /// </summary>
    private static float[] Solve(float[] x, float[] y, float[] unseen, int side, double ridge)
    {
        int pairs = y.Length / side, count = unseen.Length / side;
        double[] known = Wide(x), rows = Wide(y), other = Wide(unseen), result;
        if (pairs < side)
        {
            double[] transposed = DenseMatrix.Transposed(rows, pairs, side),
                gram = DenseMatrix.Product(rows, transposed, pairs, side, pairs);
            new Cholesky(gram, pairs, ridge).Solve(known, side);
            result = DenseMatrix.Product(
                DenseMatrix.Product(other, transposed, count, side, pairs), known, count, pairs, side);
        }
        else
        {
            double[] gram = DenseMatrix.TransposedProduct(rows, rows, pairs, side, side),
                map = DenseMatrix.TransposedProduct(rows, known, pairs, side, side);
            new Cholesky(gram, side, ridge).Solve(map, side);
            result = DenseMatrix.Product(other, map, count, side, side);
        }

        return Array.ConvertAll(result, value => (float)value);
    }

    private static double[] Wide(float[] values) => Array.ConvertAll(values, value => (double)value);
}
