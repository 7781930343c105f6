namespace Temper.Kernels.Flow;

/// <summary>
/// Approximates each pixel's neighborhood by a quadratic polynomial, by least squares with Gaussian weights (Farneback
/// 2003). Gives the coefficients of y, x, y^2, x^2 and xy; the constant is not needed.
/// </summary>
internal static unsafe class PolynomialExpansion
{
    private const int Reach = 5;

    private const double Sigma = 1.2;

    /// <summary>
    /// Weights and their moments for offsets 0 to <see cref="Reach"/>, and entries of the inverse normal matrix.
    /// </summary>
    private static readonly (float[] G, float[] Xg, float[] Xxg, float Ig11, float Ig03, float Ig33, float Ig55) Basis =
        MakeBasis();

    /// <summary>Computes the five coefficients of each pixel.</summary>
    internal static Plane<float>[] Of(Plane<float> image)
    {
        (int height, int width) = image.Size;
        Plane<float>[] result = [.. Enumerable.Range(0, 5).Select(_ => new Plane<float>(image.Size))];
        float[] rows = new float[3 * (width + (2 * Reach))];
        for (int y = 0; y < height; y++)
        {
            Vertical(image, y, rows);
            for (int x = 0; x < width; x++)
            {
                Horizontal(rows, x, width, y, result);
            }
        }

        return result;
    }

    /// <summary>
    /// Computes the vertical moments of order 0, 1 and 2 for a row. The image is extended by repeating its border
    /// pixels.
    /// </summary>
    private static void Vertical(Plane<float> image, int y, float[] rows)
    {
        (int height, int width) = image.Size;
        int length = width + (2 * Reach);
        for (int i = 0; i < length; i++)
        {
            int x = Math.Clamp(i - Reach, 0, width - 1);
            float zero = image.Row(y)[x] * Basis.G[0], one = 0, two = 0;
            for (int k = 1; k <= Reach; k++)
            {
                float up = image.Row(Math.Max(y - k, 0))[x], down = image.Row(Math.Min(y + k, height - 1))[x];
                zero += Basis.G[k] * (up + down);
                one += Basis.Xg[k] * (down - up);
                two += Basis.Xxg[k] * (up + down);
            }

            (rows[i], rows[length + i], rows[(2 * length) + i]) = (zero, one, two);
        }
    }

    private static void Horizontal(float[] rows, int x, int width, int y, Plane<float>[] result)
    {
        int length = width + (2 * Reach), at = x + Reach;
        ReadOnlySpan<float> zero = rows.AsSpan(0, length), one = rows.AsSpan(length, length),
            two = rows.AsSpan(2 * length, length);
        (float b1, float b2, float b3, float b4, float b5, float b6) =
            (zero[at] * Basis.G[0], 0, one[at] * Basis.G[0], 0, two[at] * Basis.G[0], 0);
        for (int k = 1; k <= Reach; k++)
        {
            float sum = zero[at + k] + zero[at - k];
            b1 += sum * Basis.G[k];
            b4 += sum * Basis.Xxg[k];
            b2 += (zero[at + k] - zero[at - k]) * Basis.Xg[k];
            b3 += (one[at + k] + one[at - k]) * Basis.G[k];
            b6 += (one[at + k] - one[at - k]) * Basis.Xg[k];
            b5 += (two[at + k] + two[at - k]) * Basis.G[k];
        }

        result[0].Row(y)[x] = b3 * Basis.Ig11;
        result[1].Row(y)[x] = b2 * Basis.Ig11;
        result[2].Row(y)[x] = (b1 * Basis.Ig03) + (b5 * Basis.Ig33);
        result[3].Row(y)[x] = (b1 * Basis.Ig03) + (b4 * Basis.Ig33);
        result[4].Row(y)[x] = b6 * Basis.Ig55;
    }

    /// <summary>
    /// Computes the weights, their moments and the inverse of the normal matrix of 1, x, y, x^2, y^2, xy. Only 1, x^2
    /// and y^2 are coupled, so the inverse has a closed form: a is the second moment, c the fourth, and b = a^2 that of
    /// x^2 y^2.
    /// </summary>
    private static (float[] G, float[] Xg, float[] Xxg, float Ig11, float Ig03, float Ig33, float Ig55) MakeBasis()
    {
        double[] g = [.. Enumerable.Range(0, Reach + 1).Select(k => Math.Exp(-k * k / (2 * Sigma * Sigma)))];
        double sum = g[0] + (2 * g.Skip(1).Sum()), a = 0, c = 0;
        for (int k = 0; k <= Reach; k++)
        {
            g[k] /= sum;
            a += 2 * g[k] * k * k;
            c += 2 * g[k] * k * k * k * k;
        }

        // [1 a a; a c b; a b c] with b = a^2: subtracting a times the first row leaves c - b on the diagonal, else 0.
        double ig33 = 1 / (c - (a * a)), ig03 = -a * ig33;
        return (
            [.. g.Select(w => (float)w)], [.. g.Select((w, k) => (float)(w * k))],
            [.. g.Select((w, k) => (float)(w * k * k))],
            (float)(1 / a), (float)ig03, (float)ig33, (float)(1 / (a * a)));
    }
}
