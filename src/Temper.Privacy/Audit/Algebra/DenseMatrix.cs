using Temper.Kernels;

namespace Temper.Privacy.Audit.Algebra;

/// <summary>Products of dense row-major matrices, with the same bits on every machine.</summary>
internal static class DenseMatrix
{
    /// <summary>Computes <c>A B</c> of <c>[m, k]</c> and <c>[k, n]</c>.</summary>
    internal static double[] Product(double[] a, double[] b, int m, int k, int n)
    {
        double[] c = new double[m * n];
        FixedOrderProduct.Add(m, n, k, a, b, c);
        return c;
    }

    /// <summary>Computes <c>Aᵀ B</c> of <c>[k, m]</c> and <c>[k, n]</c>.</summary>
    internal static double[] TransposedProduct(double[] a, double[] b, int k, int m, int n) =>
        Product(Transposed(a, k, m), b, m, k, n);

    /// <summary>Returns <c>Aᵀ</c>, <c>[columns, rows]</c>.</summary>
    internal static double[] Transposed(double[] a, int rows, int columns)
    {
        double[] result = new double[a.Length];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
            {
                result[(j * rows) + i] = a[(i * columns) + j];
            }
        }

        return result;
    }

    /// <summary>Computes <c>Wᵀ W</c> of weights <c>[rows, columns]</c>, in double precision.</summary>
    internal static double[] Gram(ReadOnlySpan<float> weights, int rows, int columns)
    {
        double[] gram = new double[columns * columns];
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> w = weights.Slice(row * columns, columns);
            for (int a = 0; a < columns; a++)
            {
                for (int b = 0; b < columns; b++)
                {
                    gram[(a * columns) + b] += (double)w[a] * w[b];
                }
            }
        }

        return gram;
    }
}
