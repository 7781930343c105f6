namespace Temper.Training.Evaluation;

/// <summary>An estimate with its 95 % confidence interval.</summary>
/// <param name="Value">The estimate.</param>
/// <param name="Low">Lower end of the interval.</param>
/// <param name="High">Upper end of the interval.</param>
public readonly record struct AccuracyInterval(double Value, double Low, double High)
{
    /// <summary>The 97.5 % quantile of the standard normal distribution.</summary>
    private const double Z = 1.959963984540054;

    /// <summary>
    /// Returns the accuracy on a random sample of a population, with Wilson's score interval, which is accurate near 0
    /// and 1 too.
    /// </summary>
    /// <param name="right">Number of correctly classified samples.</param>
    /// <param name="count">Number of samples; 1 or more.</param>
    public static AccuracyInterval OfAccuracy(long right, long count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        double p = (double)right / count, z2 = Z * Z;
        double middle = (p + (z2 / (2 * count))) / (1 + (z2 / count));
        double half = Z / (1 + (z2 / count)) * Math.Sqrt((p * (1 - p) / count) + (z2 / (4.0 * count * count)));

        // Only rounding can move an end beyond p, 0 or 1.
        return new AccuracyInterval(p, Math.Clamp(middle - half, 0, p), Math.Clamp(middle + half, p, 1));
    }

    /// <summary>
    /// Returns the difference of two accuracies measured on the same samples (paired), with Newcombe's interval, which
    /// combines Wilson's intervals of both accuracies. It has a width even if the two results never differ.
    /// </summary>
    /// <param name="before">For each sample: whether the first prediction is correct.</param>
    /// <param name="after">
    /// For each sample: whether the second prediction is correct; same length as <paramref name="before"/>.
    /// </param>
    /// <returns>The second accuracy minus the first.</returns>
    /// <remarks>
    /// R. G. Newcombe, Improved confidence intervals for the difference between binomial proportions based on paired
    /// data, Statistics in Medicine 17 (1998), 2635-2650, method 10.
    /// </remarks>
    public static AccuracyInterval OfDifference(IReadOnlyList<bool> before, IReadOnlyList<bool> after)
    {
        if (before.Count != after.Count || before.Count == 0)
        {
            throw new ArgumentException("AccuracyInterval: the two lists must describe the same samples (got "
                + $"{before.Count} and {after.Count} samples, expected equal counts of 1 or more)");
        }

        long both = 0, gained = 0, lost = 0, count = before.Count;
        for (int i = 0; i < before.Count; i++)
        {
            both += before[i] && after[i] ? 1 : 0;
            gained += !before[i] && after[i] ? 1 : 0;
            lost += before[i] && !after[i] ? 1 : 0;
        }

        AccuracyInterval first = OfAccuracy(both + lost, count), second = OfAccuracy(both + gained, count);
        double correlation = Correlation(both, gained, lost, count - both - gained - lost);
        double difference = (double)(gained - lost) / count;
        return new AccuracyInterval(
            difference,
            difference - Combined(second.Value - second.Low, first.High - first.Value, correlation),
            difference + Combined(second.High - second.Value, first.Value - first.Low, correlation));
    }

    /// <summary>Combines half widths of the intervals of two correlated values to that of their difference.</summary>
    private static double Combined(double a, double b, double correlation) =>
        Math.Sqrt(Math.Max(0, (a * a) - (2 * correlation * a * b) + (b * b)));

    /// <summary>
    /// Correlation of the results of the two networks (phi coefficient); a positive one is corrected for continuity, a
    /// reduction that makes the interval wider. 0 if one of the networks is always right or always wrong.
    /// </summary>
    private static double Correlation(double both, double gained, double lost, double neither)
    {
        double margins = (both + lost) * (gained + neither) * (both + gained) * (lost + neither);
        double product = (both * neither) - (gained * lost);
        double corrected = product > 0 ? Math.Max(0, product - ((both + gained + lost + neither) / 2)) : product;
        return margins > 0 ? corrected / Math.Sqrt(margins) : 0;
    }
}
