namespace Temper.Compression.Calibration;

/// <summary>
/// Removes weights of one layer and moves the others so that the layer's outputs change least, in the least-squares sense over calibration samples:
/// the optimal brain surgeon in the order of columns (SparseGPT, arXiv:2301.00774, equations 3 to 5).
/// </summary>
internal sealed class OptimalBrainSurgeon
{
    /// <summary>Added to the diagonal, as a part of its mean: inputs that are always zero have no moments.</summary>
    private const double Damping = 0.01;

    private readonly int _width;
    private readonly double[] _factor;

    /// <param name="moments">H, <c>[D, D]</c>.</param>
    /// <param name="width">D.</param>
    /// <exception cref="ArithmeticException">The moments are not those of finite samples.</exception>
    internal OptimalBrainSurgeon(double[] moments, int width)
    {
        _width = width;
        double[] damped = (double[])moments.Clone();
        double mean = 0;
        for (int i = 0; i < width; i++)
        {
            mean += damped[(i * width) + i] / width;
        }

        for (int i = 0; i < width; i++)
        {
            damped[(i * width) + i] += (Damping * mean) + 1e-10;
        }

        // The upper factor U of H⁻¹ = Uᵀ U: row i holds what the removal of weight i, those before it being fixed, does to those behind it.
        _factor = Cholesky.UpperOfInverse(damped, width);
    }

    /// <summary>How much worse the outputs get when one weight goes and those behind it make up for it: <c>w² / U_ii²</c>, in units of H.</summary>
    internal double Cost(float weight, int column)
    {
        double u = _factor[(column * _width) + column];
        return weight * weight / (u * u);
    }

    /// <summary>Zeroes the weights that a mask leaves out, and moves the others.</summary>
    /// <param name="weights"><c>[O, D]</c>; changed.</param>
    /// <param name="keeps">Whether each weight stays.</param>
    internal void Prune(Span<float> weights, ReadOnlySpan<bool> keeps)
    {
        double[] row = new double[_width];
        for (int start = 0; start < weights.Length; start += _width)
        {
            for (int i = 0; i < _width; i++)
            {
                row[i] = weights[start + i];
            }

            for (int i = 0; i < _width; i++)
            {
                if (!keeps[start + i] && row[i] != 0)
                {
                    // w_j -= w_i U_ij / U_ii for j ≥ i; j = i gives zero.
                    ReadOnlySpan<double> u = _factor.AsSpan(i * _width, _width);
                    double error = row[i] / u[i];
                    for (int j = i; j < _width; j++)
                    {
                        row[j] -= error * u[j];
                    }
                }
            }

            for (int i = 0; i < _width; i++)
            {
                weights[start + i] = keeps[start + i] ? (float)row[i] : 0;
            }
        }
    }
}

/// <summary>Cholesky's factors of symmetric positive definite matrices, row-major.</summary>
internal static class Cholesky
{
    /// <summary>U, upper triangular, with <c>A⁻¹ = Uᵀ U</c>.</summary>
    internal static double[] UpperOfInverse(double[] a, int n)
    {
        double[] inverse = Inverse(Lower(a, n), n);
        double[] lower = Lower(inverse, n), upper = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            for (int j = i; j < n; j++)
            {
                upper[(i * n) + j] = lower[(j * n) + i];
            }
        }

        return upper;
    }

    /// <summary>L with <c>A = L Lᵀ</c>.</summary>
    private static double[] Lower(double[] a, int n)
    {
        double[] l = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            Span<double> row = l.AsSpan(i * n, n);
            for (int j = 0; j <= i; j++)
            {
                double sum = a[(i * n) + j] - Dot(row[..j], l.AsSpan(j * n, j));
                row[j] = i != j ? sum / l[(j * n) + j]
                    : sum > 0 ? Math.Sqrt(sum)
                    : throw new ArithmeticException($"Cholesky: the matrix is not positive definite (pivot {i} is {sum}); the samples hold values that are not finite");
            }
        }

        return l;
    }

    /// <summary>A⁻¹ of <c>A = L Lᵀ</c>, column by column.</summary>
    private static double[] Inverse(double[] l, int n)
    {
        // Rows of L⁻¹ first, then A⁻¹ = L⁻ᵀ L⁻¹; kept transposed so that sums run along rows.
        double[] inverse = new double[n * n];
        for (int column = 0; column < n; column++)
        {
            Span<double> x = inverse.AsSpan(column * n, n);
            x[column] = 1 / l[(column * n) + column];
            for (int i = column + 1; i < n; i++)
            {
                x[i] = -Dot(l.AsSpan((i * n) + column, i - column), x[column..i]) / l[(i * n) + i];
            }
        }

        double[] result = new double[n * n];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = Dot(inverse.AsSpan((i * n) + i, n - i), inverse.AsSpan((j * n) + i, n - i));
                (result[(i * n) + j], result[(j * n) + i]) = (sum, sum);
            }
        }

        return result;
    }

    private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b) => System.Numerics.Tensors.TensorPrimitives.Dot(a, b);
}
