using System.Globalization;

namespace Temper.Experiments;

/// <summary>Means over seeds with 95 % intervals of Student's t distribution.</summary>
internal static class SeedStatistics
{
    /// <summary>Two-sided 95 % points of Student's t for 1 to 9 degrees of freedom.</summary>
    private static readonly double[] Student = [12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

    /// <summary>Returns the mean and half the width of the interval.</summary>
    /// <param name="values">One or more values; the interval of a single value is infinite.</param>
    internal static (double Mean, double Half) Of(IReadOnlyList<double> values)
    {
        double mean = values.Average();
        if (values.Count < 2)
        {
            return (mean, double.PositiveInfinity);
        }

        double deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
        return (mean, Student[Math.Min(values.Count - 2, Student.Length - 1)] * deviation / Math.Sqrt(values.Count));
    }

    /// <summary>
    /// Returns the mean and interval as text, such as <c>91.20 ± 0.34</c>; a single value has no interval.
    /// </summary>
    internal static string Text(IReadOnlyList<double> values, string format = "F2")
    {
        (double mean, double half) = Of(values);
        string text = mean.ToString(format, CultureInfo.InvariantCulture);
        return double.IsFinite(half) ? $"{text} ± {half.ToString(format, CultureInfo.InvariantCulture)}" : text;
    }
}
