namespace Temper.Robustness.Feedback;

/// <summary>
/// Distributes feedback examples among classes: N_k = N w_k / sum w with w_k = (mean m / m_k)^gamma, where m_k measures
/// how well class k is learned. Each quota is limited to 0.5 to 2 equal shares; gamma 0 gives equal shares.
/// </summary>
public static class ClassQuotas
{
    private const double Least = 0.5, Most = 2;

    /// <summary>Computes quotas that sum to N.</summary>
    /// <param name="levels">m_k; a class whose level is not finite or not above zero counts as average.</param>
    /// <param name="count">N, zero or more.</param>
    /// <param name="gamma">Strength of the compensation, zero or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are no classes, or a number is negative.</exception>
    public static int[] Of(IReadOnlyList<double> levels, int count, double gamma)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(levels.Count, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfNegative(gamma);
        double mean = levels.Where(IsKnown).DefaultIfEmpty(1).Average();
        double[] shares = Within([.. levels.Select(level => Math.Pow(IsKnown(level) ? mean / level : 1, gamma))]);
        return Rounded(shares, count);
    }

    private static bool IsKnown(double level) => level > 0 && double.IsFinite(level);

    /// <summary>
    /// Clips weights to the limits while scaling them to a mean of 1: finds by bisection the scale s with sum clip(s
    /// w_k) = K.
    /// </summary>
    private static double[] Within(double[] weights)
    {
        double low = 0, high = Most / weights.Min();
        for (int round = 0; round < 100; round++)
        {
            double middle = (low + high) / 2;
            (low, high) =
                weights.Sum(weight => Clip(middle * weight)) < weights.Length ? (middle, high) : (low, middle);
        }

        return [.. weights.Select(weight => Clip(high * weight))];
    }

    private static double Clip(double share) => Math.Clamp(share, Least, Most);

    /// <summary>Rounds down, then assigns the remaining examples to the largest remainders.</summary>
    private static int[] Rounded(double[] shares, int count)
    {
        double sum = shares.Sum();
        double[] exact = [.. shares.Select(share => count * share / sum)];
        int[] quotas = [.. exact.Select(value => (int)Math.Floor(value + 1e-9))];
        int[] order = [.. Enumerable.Range(0, quotas.Length).OrderByDescending(k => exact[k] - quotas[k]).ThenBy(
            k => k)];
        for (int i = 0, left = count - quotas.Sum(); i < left; i++)
        {
            quotas[order[i % order.Length]]++;
        }

        return quotas;
    }
}
