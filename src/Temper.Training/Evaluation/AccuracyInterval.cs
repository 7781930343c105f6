namespace Temper.Training.Evaluation;

/// <summary>An estimate with the interval in which the truth lies with a probability of 95 %.</summary>
/// <param name="Value">The estimate.</param>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
public readonly record struct AccuracyInterval(double Value, double Low, double High)
{
    /// <summary>The 97.5 % quantile of the standard normal distribution.</summary>
    private const double Z = 1.959963984540054;

    /// <summary>Accuracy of a sample of a population (Wilson's interval, which holds near 0 and 1 too).</summary>
    /// <param name="right">Samples that were right.</param>
    /// <param name="count">Samples, one or more.</param>
    public static AccuracyInterval OfAccuracy(long right, long count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        double p = (double)right / count, z2 = Z * Z;
        double middle = (p + (z2 / (2 * count))) / (1 + (z2 / count));
        double half = Z / (1 + (z2 / count)) * Math.Sqrt((p * (1 - p) / count) + (z2 / (4.0 * count * count)));
        return new AccuracyInterval(p, middle - half, middle + half);
    }

    /// <summary>
    /// Difference of two accuracies on the same samples; what both have right or wrong says nothing about it.
    /// </summary>
    /// <param name="before">Whether each sample was right before.</param>
    /// <param name="after">Whether it is right after; as many.</param>
    /// <returns>After minus before.</returns>
    public static AccuracyInterval OfDifference(IReadOnlyList<bool> before, IReadOnlyList<bool> after)
    {
        if (before.Count != after.Count || before.Count == 0)
        {
            throw new ArgumentException("AccuracyInterval: expected the same samples twice, one or more (got "
                + $"{before.Count} and {after.Count})");
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
