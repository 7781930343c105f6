using Temper.Randomness;

namespace Temper.Snooping.Evaluation;

/// <summary>
/// Bootstrap 95 % confidence interval of a mean. Victims are resampled first, then the episodes of each victim, because
/// both are random samples.
/// </summary>
public static class BootstrapInterval
{
    private const int Draws = 2000;

    /// <summary>Computes the interval from 2000 resamples.</summary>
    /// <param name="returns">Returns of the episodes of each victim; at least one victim and one episode each.</param>
    /// <param name="random">Source of random numbers.</param>
    /// <returns>The ends of the interval; NaN if there is one episode only, which says nothing of the spread.</returns>
    public static (double Low, double High) Of(IReadOnlyList<IReadOnlyList<double>> returns, RandomStream random)
    {
        if (returns is [{ Count: 1 }])
        {
            return (double.NaN, double.NaN);
        }

        double[] means = new double[Draws];
        for (int draw = 0; draw < Draws; draw++)
        {
            // The number of random words differs between draws: a victim with many episodes may be drawn repeatedly.
            RandomCursor cursor = random.Split(draw).Cursor();
            double sum = 0;
            for (int i = 0; i < returns.Count; i++)
            {
                IReadOnlyList<double> victim = returns[cursor.NextInt32(returns.Count)];
                double own = 0;
                for (int episode = 0; episode < victim.Count; episode++)
                {
                    own += victim[cursor.NextInt32(victim.Count)];
                }

                sum += own / victim.Count;
            }

            means[draw] = sum / returns.Count;
        }

        Array.Sort(means);
        return (means[(int)(0.025 * Draws)], means[(int)(0.975 * Draws)]);
    }
}
