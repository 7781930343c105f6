using System.Globalization;

namespace Temper.Reporting.Charts;

/// <summary>A value range with ticks at round values, mapped to pixels.</summary>
internal sealed class Axis
{
    private const int WantedTicks = 5;
    private const int MaxTicks = 100;

    /// <summary>Above it, adding one to a double may not change it.</summary>
    private const double LargestIndex = 1L << 52;

    private Axis(double minimum, double maximum, double step) => (Minimum, Maximum, Step) = (minimum, maximum, step);

    internal double Minimum { get; }

    internal double Maximum { get; }

    internal double Step { get; }

    internal IEnumerable<double> Ticks
    {
        get
        {
            double first = Math.Ceiling((Minimum / Step) - 1e-9);
            if (!(Math.Abs(first) <= LargestIndex))
            {
                yield break;                         // also if it is not a number
            }

            double last = Math.Min(Maximum + (Step * 1e-9), double.MaxValue);
            for (int i = 0; i < MaxTicks && (first + i) * Step <= last; i++)
            {
                yield return (first + i) * Step;
            }
        }
    }

    /// <summary>Creates an axis that covers the finite values; 0 to 1 if there are none.</summary>
    /// <param name="values">The values; those that are not finite are ignored.</param>
    /// <param name="isRounded">Whether the range is extended to the next ticks.</param>
    /// <param name="isWhole">Whether ticks are only at integers.</param>
    internal static Axis Over(IEnumerable<double> values, bool isRounded, bool isWhole = false)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        (double low, double high) = finite.Length == 0 ? (0, 1) : (finite.Min(), finite.Max());
        if (high - low <= Math.Abs(high) * 1e-12)
        {
            double room = low == 0 ? 1 : Math.Abs(low) * 0.1;
            (low, high) = isWhole ? (low - 1, high + 1) : (Finite(low - room), Finite(high + room));
        }

        double step = RoundStep(
            double.IsFinite(high - low) ? (high - low) / WantedTicks : (high / WantedTicks) - (low / WantedTicks));
        step = isWhole ? Math.Max(1, Math.Round(step)) : step;
        return isRounded
            ? new Axis(
                Finite(Math.Floor((low / step) + 1e-9) * step), Finite(Math.Ceiling((high / step) - 1e-9) * step), step)
            : new Axis(low, high, step);
    }

    /// <summary>Maps a value to a pixel position.</summary>
    internal double Place(double value, double from, double to)
    {
        // Halved where the range is beyond the largest double.
        double part = double.IsFinite(Maximum - Minimum)
            ? (value - Minimum) / (Maximum - Minimum)
            : ((value / 2) - (Minimum / 2)) / ((Maximum / 2) - (Minimum / 2));
        return from + (part * (to - from));
    }

    /// <summary>Returns the label of a tick, with as many digits as the step needs.</summary>
    internal string Label(double tick)
    {
        int digits = Math.Clamp((int)Math.Ceiling(-Math.Log10(Step) - 1e-9), 0, 12);
        double clean = Math.Abs(tick) < Step / 2 ? 0 : tick;
        return Math.Abs(Maximum) >= 1e6 || digits > 6
            ? clean.ToString("0.##E0", CultureInfo.InvariantCulture)
            : clean.ToString($"N{digits}", CultureInfo.InvariantCulture);
    }

    private static double Finite(double value) => Math.Clamp(value, double.MinValue, double.MaxValue);

    /// <summary>Returns the smallest of 1, 2, 5, 10, ... (times a power of ten) that is not below a value.</summary>
    private static double RoundStep(double rough)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double part = rough / power;
        return power * (part <= 1.0001 ? 1 : part <= 2.0001 ? 2 : part <= 5.0001 ? 5 : 10);
    }
}
