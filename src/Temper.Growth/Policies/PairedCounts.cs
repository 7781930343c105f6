namespace Temper.Growth.Policies;

/// <summary>Samples that two networks answer differently: the base of McNemar's test.</summary>
/// <param name="Gained">Right now, wrong before.</param>
/// <param name="Lost">Wrong now, right before.</param>
public readonly record struct PairedCounts(int Gained, int Lost)
{
    /// <summary>
    /// How likely as many gains or more are if gains and losses are equally likely: P(X ≥ gained) for X binomial with
    /// gained + lost tries at ½, summed exactly. 1 where no answer differs.
    /// </summary>
    public double BetterByChance => Tail(Gained, Gained + Lost);

    /// <summary>The same for as many losses or more.</summary>
    public double WorseByChance => Tail(Lost, Gained + Lost);

    /// <summary>Compares answers.</summary>
    /// <param name="before">Whether each sample was right.</param>
    /// <param name="now">The same samples now.</param>
    /// <exception cref="ArgumentException">There are not as many.</exception>
    public static PairedCounts Of(ReadOnlySpan<bool> before, ReadOnlySpan<bool> now)
    {
        if (before.Length != now.Length)
        {
            throw new ArgumentException(
                $"PairedCounts.Of: not the same samples (got {now.Length}, expected {before.Length})", nameof(now));
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
        // Terms are multiplied up from the first, C(n, 0) / 2^n, in logarithms: n may be thousands.
        double logarithm = -tries * Math.Log(2), sum = 0;
        for (int k = 0; k <= tries; k++)
        {
            sum += k >= min ? Math.Exp(logarithm) : 0;
            logarithm += Math.Log((double)(tries - k) / (k + 1));
        }

        return Math.Min(sum, 1);
    }
}
