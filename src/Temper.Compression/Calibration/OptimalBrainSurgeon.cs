using Temper.Kernels;

namespace Temper.Compression.Calibration;

/// <summary>
/// Prunes weights of one layer and adjusts the others to minimize the change of the layer's outputs on calibration
/// samples, in the least-squares sense. Implements the optimal brain surgeon column by column (SparseGPT,
/// arXiv:2301.00774, equations 3 to 5).
/// </summary>
internal sealed class OptimalBrainSurgeon
{
    private readonly int _width;
    private readonly double[] _factor;

    /// <param name="moments">H, <c>[D, D]</c>.</param>
    /// <param name="width">D, the number of weights per output.</param>
    /// <exception cref="ArithmeticException">The moments are not finite.</exception>
    internal OptimalBrainSurgeon(double[] moments, int width)
    {
        _width = width;
        double[] damped = (double[])moments.Clone();
        double ridge = LayerInputs.Ridge(moments, width);
        for (int i = 0; i < width; i++)
        {
            damped[(i * width) + i] += ridge;
        }

        // The upper factor U of H⁻¹ = Uᵀ U: row i holds the effect of removing weight i on the weights after it, with
        // the weights before it fixed.
        _factor = new Cholesky(damped, width).UpperOfInverse();
    }

    /// <summary>
    /// Returns the increase of the squared output error when one weight is removed and the weights after it compensate:
    /// <c>w² / U_ii²</c>, in units of H.
    /// </summary>
    internal double Cost(float weight, int column)
    {
        double u = _factor[(column * _width) + column];
        return weight * weight / (u * u);
    }

    /// <summary>Sets the weights excluded by a mask to zero and adjusts the others.</summary>
    /// <param name="weights">Weights <c>[O, D]</c>; changed in place.</param>
    /// <param name="keeps">For each weight: whether it is kept.</param>
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
