using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Compression.Calibration;

/// <summary>
/// Fits a layer's remaining weights to the outputs of the unpruned layer, given the inputs produced by the pruned
/// layers before it, so the layer also compensates for errors of earlier layers.
/// </summary>
/// <remarks>
/// For each output, let S be the remaining weights, H the moments of the inputs, and g = Σ x y the products with the
/// wanted outputs. The fit solves <c>min_w |y - x_S w|² + λ |w - w₀|²</c>, that is <c>(H_SS + λ) δ = g_S - H_SS w₀</c>
/// with <c>w = w₀ + δ</c>, by conjugate gradients.
/// </remarks>
internal static class LeastSquaresFit
{
    private const int MaxIterations = 64;

    /// <summary>Residual at which a fit ends, relative to the first residual.</summary>
    private const double Tolerance = 1e-6;

    /// <summary>Fits the remaining weights in place.</summary>
    /// <param name="weights">Weights <c>[O, D]</c>; those not kept are not read and are set to zero.</param>
    /// <param name="keeps">For each weight: whether it is kept.</param>
    /// <param name="moments">H, <c>[D, D]</c>.</param>
    /// <param name="products">g, <c>[D, O]</c>.</param>
    internal static void Fit(float[] weights, ReadOnlySpan<bool> keeps, double[] moments, double[] products)
    {
        int width = (int)Math.Sqrt(moments.Length), outputs = weights.Length / width;
        double ridge = LayerInputs.Ridge(moments, width);
        int[] support = new int[width];
        double[] matrix = new double[width * width];
        int count = 0;
        for (int output = 0; output < outputs; output++)
        {
            // Consecutive outputs often keep the same weights; H_SS is then reused.
            ReadOnlySpan<bool> kept = keeps.Slice(output * width, width);
            if (output == 0 || !kept.SequenceEqual(keeps.Slice((output - 1) * width, width)))
            {
                count = Support(kept, support);
                Take(moments, width, support.AsSpan(0, count), matrix);
            }

            Span<float> row = weights.AsSpan(output * width, width);
            double[] start = [.. support[..count].Select(i => (double)weights[(output * width) + i])];
            double[] residual = new double[count];
            for (int i = 0; i < count; i++)
            {
                residual[i] = products[(support[i] * outputs) + output]
                    - TensorPrimitives.Dot<double>(matrix.AsSpan(i * count, count), start);
            }

            double[] change = Solve(matrix, ridge, residual);
            row.Clear();
            for (int i = 0; i < count; i++)
            {
                row[support[i]] = (float)(start[i] + change[i]);
            }
        }
    }

    /// <summary>Writes the indices of the kept weights and returns their number.</summary>
    private static int Support(ReadOnlySpan<bool> kept, int[] support)
    {
        int count = 0;
        for (int i = 0; i < kept.Length; i++)
        {
            if (kept[i])
            {
                support[count++] = i;
            }
        }

        return count;
    }

    /// <summary>Copies H_SS, the rows and columns of the kept weights, to the start of a larger array.</summary>
    private static void Take(double[] moments, int width, ReadOnlySpan<int> support, double[] matrix)
    {
        for (int i = 0; i < support.Length; i++)
        {
            for (int j = 0; j < support.Length; j++)
            {
                matrix[(i * support.Length) + j] = moments[(support[i] * width) + support[j]];
            }
        }
    }

    /// <summary>Solves <c>(A + λ) x = b</c> by conjugate gradients, starting at zero.</summary>
    private static double[] Solve(double[] a, double ridge, double[] b)
    {
        int n = b.Length;
        double[] x = new double[n], residual = b, direction = [.. b], product = new double[n];
        double square = TensorPrimitives.Dot<double>(residual, residual), goal = square * Tolerance * Tolerance;
        for (int iteration = 0; iteration < MaxIterations && square > goal; iteration++)
        {
            for (int i = 0; i < n; i++)
            {
                product[i] = TensorPrimitives.Dot<double>(a.AsSpan(i * n, n), direction) + (ridge * direction[i]);
            }

            double step = square / TensorPrimitives.Dot<double>(direction, product);
            TensorPrimitives.MultiplyAdd(direction, step, x, x);
            TensorPrimitives.MultiplyAdd(product, -step, residual, residual);
            double next = TensorPrimitives.Dot<double>(residual, residual);
            TensorPrimitives.MultiplyAdd(direction, next / square, residual, direction);
            square = next;
        }

        return x;
    }
}
