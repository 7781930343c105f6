using System.Globalization;
using System.Numerics.Tensors;

namespace Temper.Kernels;

/// <summary>
/// Cholesky factor L of a symmetric positive definite matrix, <c>A = L Lᵀ</c>, in float64, with solvers that use it.
/// Matrices are row-major.
/// </summary>
internal sealed class Cholesky
{
    private readonly double[] _lower;
    private readonly int _n;

    /// <summary>Factors a matrix.</summary>
    /// <param name="matrix"><c>[n, n]</c>; only the lower triangle is read.</param>
    /// <param name="n">Side length.</param>
    /// <param name="ridge">
    /// Amount added to the diagonal, as a fraction of its mean, and lower bound of a squared pivot; it allows solving
    /// nearly singular matrices. 0: none; a matrix that is not positive definite is then an error.
    /// </param>
    /// <exception cref="ArithmeticException">There is no ridge, and a pivot is not positive.</exception>
    internal Cholesky(ReadOnlySpan<double> matrix, int n, double ridge = 0)
    {
        (_n, _lower) = (n, new double[(long)n * n]);
        double mean = 0;
        for (int i = 0; i < n; i++)
        {
            mean += matrix[(i * n) + i] / n;
        }

        double floor = ridge > 0 ? Math.Max(mean * ridge, 1e-300) : 0;
        for (int i = 0; i < n; i++)
        {
            Span<double> row = _lower.AsSpan(i * n, n);
            for (int j = 0; j < i; j++)
            {
                row[j] = (matrix[(i * n) + j] - TensorPrimitives.Dot<double>(
                    row[..j], _lower.AsSpan(j * n, j))) / _lower[(j * n) + j];
            }

            double pivot = matrix[(i * n) + i] + floor - TensorPrimitives.Dot<double>(row[..i], row[..i]);
            row[i] = floor > 0 ? Math.Sqrt(Math.Max(pivot, floor))
                : pivot > 0 ? Math.Sqrt(pivot)
                : throw new ArithmeticException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"Cholesky: the matrix is not positive definite (pivot {i} is {pivot}); check the samples for "
                    + $"values that are not finite"));
        }
    }

    /// <summary>Computes <c>L⁻¹ x</c> in place.</summary>
    internal void SolveLower(Span<double> x)
    {
        for (int i = 0; i < _n; i++)
        {
            x[i] = (x[i] - TensorPrimitives.Dot<double>(_lower.AsSpan(i * _n, i), x[..i])) / _lower[(i * _n) + i];
        }
    }

    /// <summary>Computes <c>A⁻¹ X</c> in place, for X of shape <c>[n, columns]</c>.</summary>
    internal void Solve(Span<double> x, int columns)
    {
        for (int i = 0; i < _n; i++)
        {
            Span<double> row = x.Slice(i * columns, columns);
            for (int j = 0; j < i; j++)
            {
                TensorPrimitives.MultiplyAdd(x.Slice(j * columns, columns), -_lower[(i * _n) + j], row, row);
            }

            TensorPrimitives.Multiply(row, 1 / _lower[(i * _n) + i], row);
        }

        for (int i = _n - 1; i >= 0; i--)
        {
            Span<double> row = x.Slice(i * columns, columns);
            TensorPrimitives.Multiply(row, 1 / _lower[(i * _n) + i], row);
            for (int j = 0; j < i; j++)
            {
                Span<double> other = x.Slice(j * columns, columns);
                TensorPrimitives.MultiplyAdd(row, -_lower[(i * _n) + j], other, other);
            }
        }
    }

    /// <summary>Returns <c>A⁻¹</c>, with both triangles filled.</summary>
    internal double[] Inverse()
    {
        // First the rows of L⁻¹, then A⁻¹ = L⁻ᵀ L⁻¹; stored transposed, so that sums run along contiguous rows.
        double[] inverse = new double[_n * _n], result = new double[_n * _n];
        for (int column = 0; column < _n; column++)
        {
            Span<double> x = inverse.AsSpan(column * _n, _n);
            x[column] = 1 / _lower[(column * _n) + column];
            for (int i = column + 1; i < _n; i++)
            {
                x[i] = -TensorPrimitives.Dot<double>(
                    _lower.AsSpan((i * _n) + column, i - column), x[column..i]) / _lower[(i * _n) + i];
            }
        }

        for (int i = 0; i < _n; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = TensorPrimitives.Dot<double>(
                    inverse.AsSpan((i * _n) + i, _n - i), inverse.AsSpan((j * _n) + i, _n - i));
                (result[(i * _n) + j], result[(j * _n) + i]) = (sum, sum);
            }
        }

        return result;
    }

    /// <summary>Returns the upper triangular matrix U with <c>A⁻¹ = Uᵀ U</c>.</summary>
    internal double[] UpperOfInverse()
    {
        double[] lower = new Cholesky(Inverse(), _n)._lower, upper = new double[_n * _n];
        for (int i = 0; i < _n; i++)
        {
            for (int j = i; j < _n; j++)
            {
                upper[(i * _n) + j] = lower[(j * _n) + i];
            }
        }

        return upper;
    }
}
