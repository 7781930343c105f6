using System.Globalization;

namespace Temper.Growth.Policies;

/// <summary>Numbers of samples on which two networks differ, for McNemar's test.</summary>
/// <param name="Gained">Samples that are correct now and were wrong before.</param>
/// <param name="Lost">Samples that are wrong now and were correct before.</param>
public readonly record struct PairedCounts(int Gained, int Lost)
{
    /// <summary>
    /// p-value of the improvement: the exact probability P(X ≥ gained), for X binomially distributed with gained + lost
    /// trials and probability ½. 1 if no prediction differs.
    /// </summary>
    public double BetterByChance => Tail(Gained, Gained + Lost);

    /// <summary>
    /// p-value of the deterioration: the exact probability P(X ≥ lost) under the same distribution as <see
    /// cref="BetterByChance"/>.
    /// </summary>
    public double WorseByChance => Tail(Lost, Gained + Lost);

    /// <summary>Compares the predictions of two networks.</summary>
    /// <param name="before">For each sample: whether the earlier network is correct.</param>
    /// <param name="now">For each sample: whether the current network is correct.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static PairedCounts Of(ReadOnlySpan<bool> before, ReadOnlySpan<bool> now)
    {
        if (before.Length != now.Length)
        {
            throw new ArgumentException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"PairedCounts.Of: the lengths differ (got {now.Length}, expected {before.Length})"),
                nameof(now));
        }

        (int gained, int lost) = (0, 0);
        for (int i = 0; i < now.Length; i++)
        {
            gained += now[i] && !before[i] ? 1 : 0;
            lost += before[i] && !now[i] ? 1 : 0;
        }

        return new PairedCounts(gained, lost);
    }

    private static double Tail(int min, int tries)
    {
        // Starts at C(n, 0) / 2^n and continues recursively in logarithms, because n may be in the thousands.
        double logarithm = -tries * Math.Log(2), sum = 0;
        for (int k = 0; k <= tries; k++)
        {
            sum += k >= min ? Math.Exp(logarithm) : 0;
            logarithm += Math.Log((double)(tries - k) / (k + 1));
        }

        return Math.Min(sum, 1);
    }
}
