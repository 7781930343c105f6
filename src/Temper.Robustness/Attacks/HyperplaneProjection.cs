namespace Temper.Robustness.Attacks;

/// <summary>Projects a point onto a hyperplane within the input bounds, in the 2-norm or L∞ norm.</summary>
internal static class HyperplaneProjection
{
    /// <summary>
    /// Finds the smallest d with <c>(w, d) = rise</c> and <c>low &lt;= x + d &lt;= high</c>. It has the form <c>d_i =
    /// clip(t v_i)</c> with v = w (2-norm) or sign w (L∞ norm). The inner product is concave and increasing in t, so
    /// Newton's method from t = 0 is exact after finitely many steps.
    /// </summary>
    /// <param name="norm"><see cref="Norm.L2"/> or <see cref="Norm.Linf"/>.</param>
    /// <param name="x">Point within the bounds.</param>
    /// <param name="w">Normal of the hyperplane.</param>
    /// <param name="rise">Required value of (w, d).</param>
    /// <param name="bounds">Smallest and largest value of an input.</param>
    /// <param name="d">
    /// Receives the step; if the bounds do not allow the full rise, the step with the largest possible rise.
    /// </param>
    internal static void Solve(
        Norm norm, ReadOnlySpan<float> x, ReadOnlySpan<float> w, double rise, (float Low, float High) bounds,
        Span<float> d)
    {
        double t = 0, sign = rise < 0 ? -1 : 1;
        rise = Math.Abs(rise);
        for (int round = 0; round < 100; round++)
        {
            (double sum, double slope) = At(norm, x, w, t, sign, bounds);
            double step = slope > 0 ? (rise - sum) / slope : 0;
            if (step <= 1e-12 * t || !double.IsFinite(step))
            {
                break;
            }

            t += step;
        }

        for (int i = 0; i < d.Length; i++)
        {
            d[i] = (float)Clipped(x[i], sign * t * Direction(norm, w[i]), bounds);
        }
    }

    private static double Direction(Norm norm, float w) => norm == Norm.L2 ? w : Perturbations.Sign(w);

    private static double Clipped(float x, double step, (float Low, float High) bounds) =>
        Math.Clamp(step, (double)bounds.Low - x, (double)bounds.High - x);

    /// <summary>Returns sign (w, d(t)) and its right derivative with respect to t.</summary>
    private static (double Sum, double Slope) At(
        Norm norm, ReadOnlySpan<float> x, ReadOnlySpan<float> w, double t, double sign, (float Low, float High) bounds)
    {
        double sum = 0, slope = 0;
        for (int i = 0; i < w.Length; i++)
        {
            double v = sign * Direction(norm, w[i]),
                room = v > 0 ? (double)bounds.High - x[i] : (double)x[i] - bounds.Low, size = Math.Abs(v);
            if (t * size < room)
            {
                sum += t * size * Math.Abs((double)w[i]);
                slope += size * Math.Abs((double)w[i]);
            }
            else
            {
                sum += room * Math.Abs((double)w[i]);
            }
        }

        return (sum, slope);
    }
}
