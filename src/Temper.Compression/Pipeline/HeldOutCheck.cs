using System.Globalization;

namespace Temper.Compression.Pipeline;

/// <summary>
/// Whether samples that are to choose are fit to: a network that was trained on them knows them by heart.
/// </summary>
public static class HeldOutCheck
{
    /// <summary>Standard errors by which held-out samples may do better than test samples.</summary>
    private const double Errors = 3;

    /// <summary>Smallest difference that matters.</summary>
    private const double Least = 0.005;

    /// <summary>
    /// A warning where the incoming network does clearly better on held-out training samples than on test samples;
    /// null: nothing to say.
    /// </summary>
    /// <param name="heldOut">Accuracy on the held-out samples, 0 to 1.</param>
    /// <param name="heldOutCount">How many they are.</param>
    /// <param name="test">Accuracy on samples of the test set.</param>
    /// <param name="testCount">How many they are.</param>
    public static string? Warning(double heldOut, int heldOutCount, double test, int testCount)
    {
        if (heldOutCount < 1 || testCount < 1)
        {
            return null;
        }

        double error = Math.Sqrt(Variance(heldOut, heldOutCount) + Variance(test, testCount));
        return heldOut - test > Math.Max(Least, Errors * error)
            ? string.Create(CultureInfo.InvariantCulture,
                $"The held-out samples look memorised: the network that came in has {heldOut * 100:F2} % of them right "
                + $"and {test * 100:F2} % of the test samples, so it was trained on them and they choose nothing. Take "
                    + $"--validation test:0.5.")
            : null;
    }

    /// <summary>Of a part, with one more right and one more wrong, so that it is not zero at 0 or 1.</summary>
    private static double Variance(double part, int count)
    {
        double p = ((part * count) + 1) / (count + 2);
        return p * (1 - p) / count;
    }
}
