using System.Globalization;

namespace Temper.Compression.Pipeline;

/// <summary>
/// Detects held-out samples that the network was trained on; accuracy on them cannot guide the search.
/// </summary>
public static class HeldOutCheck
{
    /// <summary>
    /// Number of standard errors by which accuracy on held-out samples may exceed that on test samples.
    /// </summary>
    private const double Errors = 3;

    /// <summary>Smallest difference of accuracy that is reported.</summary>
    private const double Least = 0.005;

    /// <summary>
    /// Returns a warning if the original network is clearly more accurate on held-out training samples than on test
    /// samples; otherwise null.
    /// </summary>
    /// <param name="heldOut">Accuracy on the held-out samples, 0 to 1.</param>
    /// <param name="heldOutCount">Number of held-out samples.</param>
    /// <param name="test">Accuracy on the test samples, 0 to 1.</param>
    /// <param name="testCount">Number of test samples.</param>
    public static string? Warning(double heldOut, int heldOutCount, double test, int testCount)
    {
        if (heldOutCount < 1 || testCount < 1)
        {
            return null;
        }

        double error = Math.Sqrt(Variance(heldOut, heldOutCount) + Variance(test, testCount));
        return heldOut - test > Math.Max(Least, Errors * error)
            ? string.Create(CultureInfo.InvariantCulture,
                $"The held-out samples look memorized: the original network classifies {heldOut * 100:F2} % of them "
                + $"and {test * 100:F2} % of the test samples correctly, so it was trained on them and they cannot be "
                + $"used to choose; choose on half of the test samples instead")
            : null;
    }

    /// <summary>
    /// Variance of a fraction, with one correct and one wrong sample added so that it is not zero at 0 or 1.
    /// </summary>
    private static double Variance(double part, int count)
    {
        double p = ((part * count) + 1) / (count + 2);
        return p * (1 - p) / count;
    }
}
