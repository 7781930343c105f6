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
        return new AccuracyInterval(p, middle - half, middle + half);
    }

    /// <summary>
    /// Returns the difference of two accuracies measured on the same samples (paired). Only samples on which the two
    /// results differ contribute.
    /// </summary>
    /// <param name="before">For each sample: whether the first prediction is correct.</param>
    /// <param name="after">
    /// For each sample: whether the second prediction is correct; same length as <paramref name="before"/>.
    /// </param>
    /// <returns>The second accuracy minus the first.</returns>
    public static AccuracyInterval OfDifference(IReadOnlyList<bool> before, IReadOnlyList<bool> after)
    {
        if (before.Count != after.Count || before.Count == 0)
        {
            throw new ArgumentException("AccuracyInterval: the two lists must describe the same samples (got "
                + $"{before.Count} and {after.Count} samples, expected equal counts of 1 or more)");
        }

        double gained = 0, lost = 0, count = before.Count;
        for (int i = 0; i < before.Count; i++)
        {
            gained += !before[i] && after[i] ? 1 : 0;
            lost += before[i] && !after[i] ? 1 : 0;
        }

        double difference = (gained - lost) / count;
        double half = Z * Math.Sqrt(Math.Max(0, ((gained + lost) / count) - (difference * difference)) / count);
        return new AccuracyInterval(difference, difference - half, difference + half);
    }
}
