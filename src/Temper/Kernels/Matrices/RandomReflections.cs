namespace Temper.Kernels;

/// <summary>
/// Random orthogonal matrices: the factor Q of the QR decomposition of a matrix of standard normal numbers, with
/// positive diagonal of R. The Householder vectors of this decomposition are themselves normal, so they are drawn
/// directly and R is never computed (Stewart, SIAM J. Numer. Anal. 17, 1980). The same numbers give the same bytes on
/// every machine.
/// </summary>
internal static unsafe class RandomReflections
{
    private const int BlockWidth = 32;

    /// <summary>Returns an orthogonal matrix, row-major.</summary>
    /// <param name="side">Side length n.</param>
    /// <param name="next">
    /// Returns standard normal numbers: n for the first column, n - 1 for the second, and so on.
    /// </param>
    internal static double[] Orthogonal(int side, Func<double> next)
    {
        var (vectors, factors, signs) = Draw(side, next);
        double[] q = new double[checked((long)side * side)];
        for (int i = 0; i < side; i++)
        {
            q[((long)i * side) + i] = signs[i];
        }

        fixed (double* pointer = q)
        {
            for (int first = (side - 1) / BlockWidth * BlockWidth; first >= 0; first -= BlockWidth)
            {
                Reflect(
                    vectors, factors, first, Math.Min(BlockWidth, side - first), new DoubleRows((nint)pointer, side),
                    side);
            }
        }

        Array.ForEach(vectors, Array.Clear);
        return q;
    }

    /// <summary>
    /// Draws vectors v and factors of <c>H = I - factor v vᵀ</c>, and the signs that make the diagonal of R positive.
    /// </summary>
    private static (double[][] Vectors, double[] Factors, double[] Signs) Draw(int side, Func<double> next)
    {
        double[][] vectors = new double[side][];
        double[] factors = new double[side], signs = new double[side];
        for (int k = 0; k < side; k++)
        {
            double[] v = new double[side - k];
            double squares = 0;
            for (int i = 0; i < v.Length; i++)
            {
                v[i] = next();
                squares += v[i] * v[i];
            }

            // H v = -sign(v0) |v| e0 avoids cancellation. This is the diagonal element of R; its sign goes into the
            // column of Q.
            double length = Math.Sqrt(squares);
            double signed = v[0] < 0 ? -length : length;
            signs[k] = v[0] < 0 ? 1 : -1;
            v[0] += signed;
            double norm = squares + (2 * signed * (v[0] - signed)) + squares;
            factors[k] = v.Length == 1 || norm == 0 ? 0 : 2 / norm;
            vectors[k] = v;
            if (v.Length == 1)
            {
                signs[k] = -signs[k];
            }
        }

        return (vectors, factors, signs);
    }

    /// <summary>
    /// Applies a block of reflections from the left: <c>Q -= V T (Vᵀ Q)</c>, to the rows and columns from <paramref
    /// name="first"/> on.
    /// </summary>
    private static void Reflect(double[][] vectors, double[] factors, int first, int width, DoubleRows q, int side)
    {
        int rows = side - first;
        double[] v = new double[(long)rows * width], transposed = new double[(long)width * rows];
        for (int j = 0; j < width; j++)
        {
            for (int i = j; i < rows; i++)
            {
                double value = vectors[first + j][i - j];
                v[((long)i * width) + j] = value;
                transposed[((long)j * rows) + i] = value;
            }
        }

        double[] t = Triangle(transposed, v, factors.AsSpan(first, width), width, rows);
        double[] projected = new double[(long)width * rows], weighted = new double[(long)width * rows];
        fixed (double* pv = v, pt = transposed, pp = projected, pw = weighted, triangle = t)
        {
            var trailing = new DoubleRows((nint)q.At(first, first), q.Stride);
            FixedOrderProduct.Add(
                width, rows, rows, new DoubleRows((nint)pt, rows), trailing, new DoubleRows((nint)pp, rows));
            FixedOrderProduct.Add(
                width, rows, width, new DoubleRows((nint)triangle, width), new DoubleRows((nint)pp, rows),
                new DoubleRows((nint)pw, rows));
            FixedOrderProduct.Add(
                rows, rows, width, new DoubleRows((nint)pv, width), new DoubleRows((nint)pw, rows), trailing);
        }

        Array.Clear(v);
        Array.Clear(transposed);
    }

    /// <summary>Computes <c>-T</c> of <c>H_0 H_1 ... = I - V T Vᵀ</c>; T is upper triangular.</summary>
    private static double[] Triangle(double[] transposed, double[] v, ReadOnlySpan<double> factors, int width, int rows)
    {
        double[] products = new double[width * width], t = new double[width * width];
        FixedOrderProduct.Add(width, width, rows, transposed, v, products);
        for (int j = 0; j < width; j++)
        {
            t[(j * width) + j] = factors[j];
            for (int i = 0; i < j; i++)
            {
                double sum = 0;
                for (int k = i; k < j; k++)
                {
                    sum += t[(i * width) + k] * products[(k * width) + j];
                }

                t[(i * width) + j] = -factors[j] * sum;
            }
        }

        for (int i = 0; i < t.Length; i++)
        {
            t[i] = -t[i];
        }

        return t;
    }
}
