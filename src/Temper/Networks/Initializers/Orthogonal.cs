using System.Numerics.Tensors;
using Temper.Randomness;

namespace Temper.Networks;

/// <summary>
/// Orthonormal rows, or orthonormal columns if there are more rows than columns: Gaussian values orthogonalized by
/// Gram-Schmidt (arXiv:1312.6120). Axis 0 gives the rows; all other axes are flattened into the columns.
/// </summary>
public sealed record Orthogonal : Initializer
{
    /// <inheritdoc/>
    public override string Name => "orthogonal";

    /// <inheritdoc/>
    public override void Fill(Span<float> values, in Fan fan, RandomStream stream)
    {
        if (values.IsEmpty)
        {
            return;
        }

        int rows = fan.Shape.Rank == 0 ? 1 : fan.Shape[0];
        int columns = values.Length / rows;
        (int vectors, int length) = rows <= columns ? (rows, columns) : (columns, rows);
        double[] basis = new double[vectors * length];
        float[] numbers = new float[basis.Length];
        stream.FillGaussian(numbers);
        TensorPrimitives.ConvertTruncating<float, double>(numbers, basis);
        Orthogonalize(basis, vectors, length);
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                values[(row * columns) + column] =
                    (float)(rows <= columns ? basis[(row * length) + column] : basis[(column * length) + row]);
            }
        }
    }

    /// <summary>
    /// Modified Gram-Schmidt. Each vector is orthogonalized twice; the second pass removes the rounding errors of the
    /// first.
    /// </summary>
    private static void Orthogonalize(double[] basis, int vectors, int length)
    {
        for (int i = 0; i < vectors; i++)
        {
            Span<double> vector = basis.AsSpan(i * length, length);
            for (int pass = 0; pass < 2; pass++)
            {
                for (int j = 0; j < i; j++)
                {
                    ReadOnlySpan<double> earlier = basis.AsSpan(j * length, length);
                    TensorPrimitives.MultiplyAdd(
                        earlier, -TensorPrimitives.Dot<double>(vector, earlier), vector, vector);
                }

                TensorPrimitives.Divide(vector, TensorPrimitives.Norm<double>(vector), vector);
            }
        }
    }
}
