namespace Temper.Training.Tracking;

/// <summary>Counts of values in 30 equal bins between the minimum and the maximum.</summary>
internal sealed record Histogram(
    double Minimum, double Maximum, double Count, double Sum, double SumOfSquares, double[] UpperLimits,
    double[] Counts)
{
    private const int Bins = 30;

    internal static Histogram Of(ReadOnlySpan<float> values)
    {
        double minimum = double.PositiveInfinity, maximum = double.NegativeInfinity, sum = 0, squares = 0;
        long count = 0;
        foreach (float value in values)
        {
            if (float.IsFinite(value))
            {
                minimum = Math.Min(minimum, value);
                maximum = Math.Max(maximum, value);
                sum += value;
                squares += (double)value * value;
                count++;
            }
        }

        if (count == 0)
        {
            return new Histogram(0, 0, 0, 0, 0, [0], [0]);
        }

        double width = (maximum - minimum) / Bins;
        if (width == 0)
        {
            return new Histogram(minimum, maximum, count, sum, squares, [maximum], [count]);
        }

        double[] limits = new double[Bins];
        for (int i = 0; i < Bins; i++)
        {
            limits[i] = minimum + (width * (i + 1));
        }

        double[] counts = new double[Bins];
        foreach (float value in values)
        {
            if (float.IsFinite(value))
            {
                counts[Math.Min((int)((value - minimum) / width), Bins - 1)]++;
            }
        }

        return new Histogram(minimum, maximum, count, sum, squares, limits, counts);
    }
}
