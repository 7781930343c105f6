using System.Numerics.Tensors;
using Temper.Kernels;

namespace Temper.Privacy.Audit.Algebra;

/// <summary>
/// Solves linear systems with a symmetric positive definite band matrix by Cholesky factorization. The work per row
/// depends on the band width, not on the matrix size.
/// </summary>
internal sealed class BandedCholesky
{
    private const int ColumnsAtOnce = 64;

    private readonly double[] _band;                    // row i: elements i - width .. i of L
    private readonly int _n;
    private readonly int _width;

    /// <param name="band">
    /// The lower band, <c>[n, width + 1]</c>: row i holds columns i - width to i, the diagonal last. Overwritten by the
    /// factor.
    /// </param>
    /// <param name="n">Number of rows and columns.</param>
    /// <param name="width">Number of elements per row before the diagonal.</param>
    /// <param name="ridge">Value added to the diagonal, as a fraction of its mean.</param>
    internal BandedCholesky(double[] band, int n, int width, double ridge)
    {
        (_band, _n, _width) = (band, n, width);
        int stride = width + 1;
        double floor = Math.Max(ridge * Enumerable.Range(0, n).Average(i => band[(i * stride) + width]), 1e-300);
        for (int i = 0; i < n; i++)
        {
            int first = Math.Max(0, i - width);
            Span<double> row = band.AsSpan(i * stride, stride);
            for (int j = first; j < i; j++)
            {
                int from = Math.Max(first, j - width);
                double sum = TensorPrimitives.Dot<double>(
                    row.Slice(from - i + width, j - from), band.AsSpan((j * stride) + from - j + width, j - from));
                row[j - i + width] = (row[j - i + width] - sum) / band[(j * stride) + width];
            }

            Span<double> own = row[(first - i + width)..width];
            row[width] = Math.Sqrt(Math.Max(row[width] + floor - TensorPrimitives.Dot<double>(own, own), floor));
        }
    }

    /// <summary>Computes <c>A⁻¹ xᵀ</c> for each row x, in place.</summary>
    /// <param name="rows">Right-hand sides, <c>[N, n]</c>.</param>
    internal void Solve(double[] rows) =>
        WorkerPool.Current.Run(new Work(this, rows), Chunks.Count(rows.Length / _n, ColumnsAtOnce));

    private sealed class Work(BandedCholesky factor, double[] rows) : IPoolWork
    {
        public void Run(int task, int thread)
        {
            int n = factor._n, first = task * ColumnsAtOnce, count = Math.Min(ColumnsAtOnce, (rows.Length / n) - first);
            double[] x = new double[n * count];
            for (int i = 0; i < count; i++)
            {
                for (int j = 0; j < n; j++)
                {
                    x[(j * count) + i] = rows[((first + i) * n) + j];
                }
            }

            Substitute(x, count);
            for (int i = 0; i < count; i++)
            {
                for (int j = 0; j < n; j++)
                {
                    rows[((first + i) * n) + j] = x[(j * count) + i];
                }
            }
        }

        private void Substitute(Span<double> x, int count)
        {
            int width = factor._width, stride = width + 1;
            for (int i = 0; i < factor._n; i++)
            {
                Span<double> row = x.Slice(i * count, count);
                for (int j = Math.Max(0, i - width); j < i; j++)
                {
                    TensorPrimitives.MultiplyAdd(
                        x.Slice(j * count, count), -factor._band[(i * stride) + j - i + width], row, row);
                }

                TensorPrimitives.Multiply(row, 1 / factor._band[(i * stride) + width], row);
            }

            for (int i = factor._n - 1; i >= 0; i--)
            {
                Span<double> row = x.Slice(i * count, count);
                TensorPrimitives.Multiply(row, 1 / factor._band[(i * stride) + width], row);
                for (int j = Math.Max(0, i - width); j < i; j++)
                {
                    Span<double> other = x.Slice(j * count, count);
                    TensorPrimitives.MultiplyAdd(row, -factor._band[(i * stride) + j - i + width], other, other);
                }
            }
        }
    }
}
