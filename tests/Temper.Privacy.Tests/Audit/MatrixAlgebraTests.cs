using Temper.Privacy.Audit.Attacks;
using Temper.Privacy.Morphing;
using Temper.Tensors;

namespace Temper.Privacy.Tests.Audit;

/// <summary>Matrix decompositions that the attacks use.</summary>
public sealed class MatrixAlgebraTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(40)]
    public void Eigenvectors_are_orthonormal_and_give_the_matrix_again(int n)
    {
        float[] random = MorphSamples.Weights(n, n, 1).ToArray<float>();
        double[] matrix = new double[n * n];
        for (int i = 0; i < n * n; i++)
        {
            matrix[i] = random[i] + random[(i % n * n) + (i / n)];
        }

        (double[] values, double[] vectors) = Temper.Privacy.Audit.Algebra.SymmetricEigen.Of(matrix, n);
        Assert.Equal(values.OrderDescending(), values);
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                Assert.Equal(i == j ? 1 : 0, Enumerable.Range(0, n).Sum(k => vectors[(i * n) + k] * vectors[(j * n) + k]), 1e-12);
                Assert.Equal(matrix[(i * n) + j], Enumerable.Range(0, n).Sum(k => values[k] * vectors[(k * n) + i] * vectors[(k * n) + j]), 1e-11);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(30)]
    public void Cholesky_solves_inverts_and_refuses_what_is_not_positive(int n)
    {
        float[] random = MorphSamples.Weights(n, n, 1).ToArray<float>();
        double[] matrix = new double[n * n];
        for (int i = 0; i < n * n; i++)
        {
            matrix[i] = Enumerable.Range(0, n).Sum(k => (double)random[(i / n * n) + k] * random[(i % n * n) + k]) + (i / n == i % n ? 0.5 : 0);
        }

        var factor = new Temper.Kernels.Cholesky(matrix, n);
        double[] inverse = factor.Inverse(), upper = factor.UpperOfInverse(), solved = [.. matrix];
        factor.Solve(solved, n);
        for (int i = 0; i < n * n; i++)
        {
            (int row, int column) = Math.DivRem(i, n);
            double one = row == column ? 1 : 0;
            Assert.Equal(one, solved[i], 1e-9);
            Assert.Equal(one, Enumerable.Range(0, n).Sum(k => matrix[(row * n) + k] * inverse[(k * n) + column]), 1e-9);
            Assert.Equal(inverse[i], Enumerable.Range(0, n).Sum(k => upper[(k * n) + row] * upper[(k * n) + column]), 1e-9);
        }

        matrix[0] = -1;
        Assert.Throws<ArithmeticException>(() => new Temper.Kernels.Cholesky(matrix, n));
        // With a ridge term even a zero matrix can be solved.
        Assert.True(double.IsFinite(new Temper.Kernels.Cholesky(new double[n * n], n, 1e-9).Inverse()[0]));
    }
}
