namespace Temper.Privacy.Audit.Algebra;

/// <summary>Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's rotations: slow for large ones, accurate for small eigenvalues.</summary>
internal static class SymmetricEigen
{
    private const int MostSweeps = 40;

    /// <summary>Decomposes a matrix.</summary>
    /// <param name="matrix"><c>[n, n]</c> row-major, symmetric; stays as it is.</param>
    /// <param name="n">Side.</param>
    /// <returns>Eigenvalues, falling, and the eigenvectors as rows, <c>[n, n]</c>.</returns>
    internal static (double[] Values, double[] Vectors) Of(ReadOnlySpan<double> matrix, int n)
    {
        double[] a = matrix.ToArray(), v = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            v[(i * n) + i] = 1;
        }

        for (int sweep = 0; sweep < MostSweeps && Rotate(a, v, n); sweep++)
        {
        }

        double[] values = [.. Enumerable.Range(0, n).Select(i => a[(i * n) + i])];
        int[] order = [.. Enumerable.Range(0, n).OrderByDescending(i => values[i])];
        double[] vectors = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            v.AsSpan(order[i] * n, n).CopyTo(vectors.AsSpan(i * n));
        }

        return ([.. order.Select(i => values[i])], vectors);
    }

    /// <summary>The projector on the space of the largest eigenvalues, <c>[n, n]</c>.</summary>
    internal static double[] Projector(ReadOnlySpan<double> matrix, int n, int rank)
    {
        (_, double[] vectors) = Of(matrix, n);
        double[] projector = new double[n * n];
        for (int k = 0; k < rank; k++)
        {
            ReadOnlySpan<double> v = vectors.AsSpan(k * n, n);
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j < n; j++)
                {
                    projector[(i * n) + j] += v[i] * v[j];
                }
            }
        }

        return projector;
    }

    /// <summary>Eigenvalues that are more than rounding: above 1e-10 of the largest.</summary>
    internal static int Rank(ReadOnlySpan<double> values, double tolerance = 1e-10)
    {
        int rank = 0;
        while (rank < values.Length && values[rank] > tolerance * values[0] && values[rank] > 0)
        {
            rank++;
        }

        return rank;
    }

    /// <summary>One sweep over all pairs; false when nothing was left to turn.</summary>
    private static bool Rotate(double[] a, double[] v, int n)
    {
        bool hasTurned = false;
        for (int p = 0; p < n - 1; p++)
        {
            for (int q = p + 1; q < n; q++)
            {
                double off = a[(p * n) + q], app = a[(p * n) + p], aqq = a[(q * n) + q];
                if (Math.Abs(off) <= 1e-16 * Math.Sqrt(Math.Abs(app * aqq)) || Math.Abs(off) < 1e-300)
                {
                    continue;
                }

                hasTurned = true;
                double theta = (aqq - app) / (2 * off), t = Math.CopySign(1, theta) / (Math.Abs(theta) + Math.Sqrt((theta * theta) + 1));
                double c = 1 / Math.Sqrt((t * t) + 1), s = t * c;
                Turn(a.AsSpan(p * n, n), a.AsSpan(q * n, n), c, s);
                for (int k = 0; k < n; k++)
                {
                    (double x, double y) = (a[(k * n) + p], a[(k * n) + q]);
                    (a[(k * n) + p], a[(k * n) + q]) = ((c * x) - (s * y), (s * x) + (c * y));
                }

                Turn(v.AsSpan(p * n, n), v.AsSpan(q * n, n), c, s);
            }
        }

        return hasTurned;
    }

    private static void Turn(Span<double> x, Span<double> y, double c, double s)
    {
        for (int k = 0; k < x.Length; k++)
        {
            (x[k], y[k]) = ((c * x[k]) - (s * y[k]), (s * x[k]) + (c * y[k]));
        }
    }
}
