using System.Numerics.Tensors;

namespace Temper.Privacy.Audit.Algebra;

/// <summary>
/// Eigenvalues and eigenvectors of a symmetric matrix, by Householder reduction to a tridiagonal matrix and the
/// implicit QL method (EISPACK's tred2 and tql2).
/// </summary>
internal static class SymmetricEigen
{
    private const int MaxSteps = 60;

    /// <summary>Decomposes a matrix.</summary>
    /// <param name="matrix">Symmetric matrix, <c>[n, n]</c>, row-major; not changed.</param>
    /// <param name="n">Number of rows and columns.</param>
    /// <returns>Eigenvalues in descending order, and the eigenvectors as rows, <c>[n, n]</c>.</returns>
    internal static (double[] Values, double[] Vectors) Of(ReadOnlySpan<double> matrix, int n)
    {
        // Row i of q is the i-th axis of the tridiagonal matrix. QL rotates neighboring rows, which are contiguous in
        // memory.
        double[] a = matrix.ToArray(), diagonal = new double[n], off = new double[n];
        double[] q = Reduce(a, diagonal, off, n);
        for (int i = 0; i < n; i++)
        {
            Iterate(diagonal, off, q, n, i);
        }

        int[] order = [.. Enumerable.Range(0, n).OrderByDescending(i => diagonal[i])];
        double[] vectors = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            q.AsSpan(order[i] * n, n).CopyTo(vectors.AsSpan(i * n));
        }

        return ([.. order.Select(i => diagonal[i])], vectors);
    }

    /// <summary>
    /// Returns the projector onto the space of the <paramref name="rank"/> largest eigenvalues, <c>[n, n]</c>.
    /// </summary>
    internal static double[] Projector(ReadOnlySpan<double> matrix, int n, int rank)
    {
        (_, double[] vectors) = Of(matrix, n);
        double[] projector = new double[n * n];
        for (int k = 0; k < rank; k++)
        {
            ReadOnlySpan<double> v = vectors.AsSpan(k * n, n);
            for (int i = 0; i < n; i++)
            {
                Span<double> row = projector.AsSpan(i * n, n);
                TensorPrimitives.MultiplyAdd(v, v[i], row, row);
            }
        }

        return projector;
    }

    /// <summary>Counts the eigenvalues that exceed rounding errors: above a fraction of the largest.</summary>
    internal static int Rank(ReadOnlySpan<double> values, double tolerance = 1e-10)
    {
        int rank = 0;
        while (rank < values.Length && values[rank] > tolerance * values[0] && values[rank] > 0)
        {
            rank++;
        }

        return rank;
    }

    /// <summary>
    /// Reduces <c>a</c> to tridiagonal form with Householder reflections <c>H a H</c>, column by column, and
    /// accumulates them.
    /// </summary>
    /// <returns>The axes as rows: <c>q a qᵀ</c> is tridiagonal.</returns>
    private static double[] Reduce(double[] a, double[] diagonal, double[] off, int n)
    {
        double[] q = new double[n * n], product = new double[n];
        for (int i = 0; i < n; i++)
        {
            q[(i * n) + i] = 1;
        }

        for (int k = 0; k < n - 2; k++)
        {
            double[] v = a.AsSpan((k * n) + k + 1, n - k - 1).ToArray();
            double length = Math.Sqrt(TensorPrimitives.Dot<double>(v, v));
            off[k] = v[0] < 0 ? length : -length;
            v[0] -= off[k];
            double norm = TensorPrimitives.Dot<double>(v, v);
            if (norm <= 1e-300)
            {
                off[k] = a[(k * n) + k + 1];
                continue;
            }

            // A' = A - v wᵀ - w vᵀ with p = 2 A v / vᵀv and w = p - v (pᵀ v) / vᵀv.
            int m = n - k - 1;
            Span<double> p = product.AsSpan(0, m);
            for (int i = 0; i < m; i++)
            {
                p[i] = 2 / norm * TensorPrimitives.Dot<double>(a.AsSpan(((k + 1 + i) * n) + k + 1, m), v);
            }

            TensorPrimitives.MultiplyAdd(v, -TensorPrimitives.Dot<double>(p, v) / norm, p, p);
            for (int i = 0; i < m; i++)
            {
                Span<double> row = a.AsSpan(((k + 1 + i) * n) + k + 1, m);
                TensorPrimitives.MultiplyAdd(p, -v[i], row, row);
                TensorPrimitives.MultiplyAdd(v, -p[i], row, row);
            }

            Turn(q, v, 2 / norm, k + 1, n);
        }

        for (int i = 0; i < n; i++)
        {
            diagonal[i] = a[(i * n) + i];
        }

        if (n > 1)
        {
            off[n - 2] = a[((n - 2) * n) + n - 1];
        }

        return q;
    }

    /// <summary>Reflects the rows of q from <paramref name="first"/> on: <c>q -= factor v (vᵀ q)</c>.</summary>
    private static void Turn(double[] q, double[] v, double factor, int first, int n)
    {
        double[] sums = new double[n];
        for (int i = 0; i < v.Length; i++)
        {
            TensorPrimitives.MultiplyAdd(q.AsSpan((first + i) * n, n), v[i], sums, sums);
        }

        for (int i = 0; i < v.Length; i++)
        {
            Span<double> row = q.AsSpan((first + i) * n, n);
            TensorPrimitives.MultiplyAdd(sums, -factor * v[i], row, row);
        }
    }

    /// <summary>Rotates until the off-diagonal element next to eigenvalue <paramref name="l"/> is zero.</summary>
    private static void Iterate(double[] d, double[] e, double[] q, int n, int l)
    {
        for (int step = 0; step < MaxSteps; step++)
        {
            int m = l;
            while (m < n - 1 && Math.Abs(e[m]) > 1e-16 * (Math.Abs(d[m]) + Math.Abs(d[m + 1])))
            {
                m++;
            }

            if (m == l)
            {
                return;
            }

            double g = (d[l + 1] - d[l]) / (2 * e[l]), r = Math.Sqrt((g * g) + 1);
            g = d[m] - d[l] + (e[l] / (g + Math.CopySign(r, g)));
            double s = 1, c = 1, p = 0;
            int i = m - 1;
            for (; i >= l; i--)
            {
                double f = s * e[i], b = c * e[i];
                r = Math.Sqrt((f * f) + (g * g));
                e[i + 1] = r;
                if (r == 0)
                {
                    d[i + 1] -= p;
                    e[m] = 0;
                    break;
                }

                (s, c) = (f / r, g / r);
                g = d[i + 1] - p;
                r = ((d[i] - g) * s) + (2 * c * b);
                p = s * r;
                d[i + 1] = g + p;
                g = (c * r) - b;
                Rotate(q.AsSpan(i * n, n), q.AsSpan((i + 1) * n, n), c, s);
            }

            if (r == 0 && i >= l)
            {
                continue;
            }

            d[l] -= p;
            e[l] = g;
            e[m] = 0;
        }
    }

    private static void Rotate(Span<double> x, Span<double> y, double c, double s)
    {
        for (int k = 0; k < x.Length; k++)
        {
            (x[k], y[k]) = ((c * x[k]) - (s * y[k]), (s * x[k]) + (c * y[k]));
        }
    }
}
