using Temper.Training.Evaluation;

namespace Temper.Training.Tests.Evaluation;

/// <summary>Intervals of accuracies and of their differences, against published values and exact probabilities.</summary>
public sealed class AccuracyIntervalTests
{
    /// <summary>
    /// Published intervals: R. G. Newcombe, Statistics in Medicine 17 (1998), 2635-2650 (36, 12, 2, 0); D. G. Altman et al.,
    /// Statistics with Confidence (2000), table 6.2 (14, 5, 0, 22); M. W. Fagerland et al., Statistics in Medicine 33 (2014),
    /// 2850-2875 (1, 1, 7, 12 and 59, 6, 16, 80).
    /// </summary>
    [Theory]
    [InlineData(36, 12, 2, 0, 0.0569, 0.3404, 1e-4)]
    [InlineData(14, 5, 0, 22, 0.011, 0.226, 1e-3)]
    [InlineData(1, 1, 7, 12, -0.507, -0.026, 1e-3)]
    [InlineData(59, 6, 16, 80, -0.1186, -0.0046, 1e-4)]
    public void Interval_of_a_paired_difference_has_the_published_values(int both, int gained, int lost, int neither, double low, double high, double digits)
    {
        AccuracyInterval found = Difference(both, gained, lost, neither);
        Assert.Equal((gained - lost) / (double)(both + gained + lost + neither), found.Value, 1e-12);
        Assert.Equal(low, found.Low, 0.51 * digits);
        Assert.Equal(high, found.High, 0.51 * digits);
    }

    /// <summary>Without care, rounding gives ends of -6.9e-18 for 0 of 27 samples and 1.0000000000000002 for 16 of 16.</summary>
    [Fact]
    public void Interval_of_an_accuracy_is_within_0_and_1()
    {
        for (int count = 1; count <= 3000; count++)
        {
            AccuracyInterval none = AccuracyInterval.OfAccuracy(0, count), all = AccuracyInterval.OfAccuracy(count, count);
            Assert.Equal((0, 1), (none.Low, all.High));
            Assert.Equal(none.High, 1 - all.Low, 1e-12);
        }
    }

    /// <summary>Without a difference in 66 samples, up to z^2 / (66 + z^2) may still differ: Wilson's bound for 0 of 66.</summary>
    [Fact]
    public void Interval_of_networks_that_never_differ_has_a_width()
    {
        AccuracyInterval found = Difference(66, 0, 0, 0);
        Assert.Equal(0, found.Value);
        Assert.Equal(3.841459 / 69.841459, found.High, 1e-6);
        Assert.Equal(-found.High, found.Low, 1e-12);
        Assert.InRange(Difference(60, 0, 0, 6).High, 0.04, 0.07);
    }

    /// <summary>The probability of all tables whose interval has the true difference, over all tables of 20 samples.</summary>
    [Theory]
    [InlineData(0.85, 0.01, 0.05)]
    [InlineData(0.6, 0.2, 0.1)]
    [InlineData(0.5, 0.04, 0.02)]
    [InlineData(0.4, 0.1, 0.1)]
    [InlineData(0.7, 0.1, 0.0)]
    public void Interval_has_the_true_difference_in_95_percent_of_the_samples(double both, double gained, double lost)
    {
        const int Count = 20;
        double covered = 0, neither = 1 - both - gained - lost;
        for (int a = 0; a <= Count; a++)
        {
            for (int b = 0; a + b <= Count; b++)
            {
                for (int c = 0; a + b + c <= Count; c++)
                {
                    int d = Count - a - b - c;
                    AccuracyInterval found = Difference(a, b, c, d);
                    if (found.Low <= gained - lost && gained - lost <= found.High)
                    {
                        covered += Ways(Count, a) * Ways(Count - a, b) * Ways(Count - a - b, c)
                            * Math.Pow(both, a) * Math.Pow(gained, b) * Math.Pow(lost, c) * Math.Pow(neither, d);
                    }
                }
            }
        }

        Assert.InRange(covered, 0.95, 1 + 1e-9);
    }

    private static double Ways(int count, int chosen) =>
        Enumerable.Range(1, chosen).Aggregate(1.0, (product, i) => product * (count - chosen + i) / i);

    private static AccuracyInterval Difference(int both, int gained, int lost, int neither) => AccuracyInterval.OfDifference(
        [.. Of(true, both), .. Of(false, gained), .. Of(true, lost), .. Of(false, neither)],
        [.. Of(true, both), .. Of(true, gained), .. Of(false, lost), .. Of(false, neither)]);

    private static IEnumerable<bool> Of(bool isRight, int count) => Enumerable.Repeat(isRight, count);
}
