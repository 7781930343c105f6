using System.Numerics.Tensors;

namespace Temper.Privacy.Audit.Algebra;

/// <summary>Solves systems with a symmetric positive matrix, <c>A = L Lᵀ</c>; a ridge keeps matrices that are nearly singular solvable.</summary>
internal sealed class Cholesky
{
    private readonly double[] _lower;
    private readonly int _n;

    /// <param name="matrix"><c>[n, n]</c> row-major; its lower half is read.</param>
    /// <param name="n">Side.</param>
    /// <param name="ridge">Added to the diagonal, as a part of its mean.</param>
    internal Cholesky(ReadOnlySpan<double> matrix, int n, double ridge = 1e-13)
    {
        _n = n;
        _lower = new double[(long)n * n];
        double mean = 0;
        for (int i = 0; i < n; i++)
        {
            mean += matrix[(i * n) + i] / n;
        }

        double floor = Math.Max(mean * ridge, 1e-300);
        for (int i = 0; i < n; i++)
        {
            Span<double> row = _lower.AsSpan(i * n, n);
            for (int j = 0; j < i; j++)
            {
                row[j] = (matrix[(i * n) + j] - TensorPrimitives.Dot<double>(row[..j], _lower.AsSpan(j * n, j))) / _lower[(j * n) + j];
            }

            row[i] = Math.Sqrt(Math.Max(matrix[(i * n) + i] + floor - TensorPrimitives.Dot<double>(row[..i], row[..i]), floor));
        }
    }

    /// <summary><c>L⁻¹ x</c>, in place.</summary>
    internal void SolveLower(Span<double> x)
    {
        for (int i = 0; i < _n; i++)
        {
            x[i] = (x[i] - TensorPrimitives.Dot<double>(_lower.AsSpan(i * _n, i), x[..i])) / _lower[(i * _n) + i];
        }
    }

    /// <summary><c>A⁻¹ X</c> in place, for the columns of X, <c>[n, columns]</c> row-major.</summary>
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
}
