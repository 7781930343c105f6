namespace Temper.Kernels;

/// <summary>The error function erf(x) = 2/√π ∫₀ˣ exp(-t²) dt, in double precision.</summary>
internal static class ErrorFunction
{
    private const double Near = 1;

    internal static void Chunk(ReadOnlySpan<float> x, Span<float> y)
    {
        for (int i = 0; i < y.Length; i++)
        {
            double magnitude = Math.Abs((double)x[i]);
            double value = magnitude < Near ? Series(magnitude) : 1 - Complement(magnitude);
            y[i] = (float)Math.CopySign(value, x[i]);
        }
    }

    /// <summary>
    /// Computes the cumulative distribution function of the standard normal distribution, erfc(-x/√2) / 2. Also
    /// accurate for very negative x, where the value is tiny.
    /// </summary>
    internal static void NormalChunk(ReadOnlySpan<float> x, Span<float> y)
    {
        for (int i = 0; i < y.Length; i++)
        {
            double scaled = x[i] * Math.Sqrt(0.5), magnitude = Math.Abs(scaled);
            double tail = magnitude < Near ? 1 - Series(magnitude) : Complement(magnitude);
            y[i] = (float)(0.5 * (scaled < 0 ? tail : 2 - tail));
        }
    }

    /// <summary>
    /// Computes 2/√π Σ (-1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1)). For x below 1 the truncation error is less than 1e-12.
    /// </summary>
    private static double Series(double x)
    {
        const int Terms = 15;
        double power = x, sum = x, square = x * x;
        for (int n = 1; n < Terms; n++)
        {
            power *= -square / n;
            sum += power / ((2 * n) + 1);
        }

        return 2 / Math.Sqrt(Math.PI) * sum;
    }

    /// <summary>
    /// Computes 1 - erf(x) with a relative error of at most 1.2e-7 (Press et al., Numerical Recipes, 6.2: a Chebyshev
    /// fit in t = 1 / (1 + x/2)).
    /// </summary>
    private static double Complement(double x)
    {
        ReadOnlySpan<double> fit =
        [
            -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
            -0.82215223, 0.17087277,
        ];
        double t = 1 / (1 + (0.5 * x)), sum = 0;
        for (int i = fit.Length - 1; i >= 0; i--)
        {
            sum = (sum * t) + fit[i];
        }

        return t * Math.Exp(sum - (x * x));
    }
}
