using Temper.Kernels;

namespace Temper.Compression.Calibration;

/// <summary>
/// Removes weights of one layer and moves the others so that the layer's outputs change least, in the least-squares
/// sense over calibration samples: the optimal brain surgeon in the order of columns (SparseGPT, arXiv:2301.00774,
/// equations 3 to 5).
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

        // The upper factor U of H⁻¹ = Uᵀ U: row i holds what the removal of weight i, those before it being fixed, does
        // to those behind it.
        _factor = new Cholesky(damped, width).UpperOfInverse();
    }

    /// <summary>
    /// How much worse the outputs get when one weight goes and those behind it make up for it: <c>w² / U_ii²</c>, in
    /// units of H.
    /// </summary>
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
