namespace Temper.Robustness.Attacks;

/// <summary>Percentiles of a few values.</summary>
internal static class Percentiles
{
    /// <summary>Computes a percentile of sorted values, with linear interpolation; NaN without values.</summary>
    /// <param name="sorted">The values, in ascending order.</param>
    /// <param name="part">Fraction of the values below the percentile, 0 to 1; 0.5 for the median.</param>
    internal static double Of(ReadOnlySpan<double> sorted, double part)
    {
        if (sorted.IsEmpty)
        {
            return double.NaN;
        }

        double place = part * (sorted.Length - 1);
        int low = (int)place;
        (double below, double above) = (sorted[low], sorted[Math.Min(low + 1, sorted.Length - 1)]);

        // Interpolated only where needed: 0 times infinity, and the difference of two infinite values, would be NaN.
        return place == low || below == above ? below : below + ((place - low) * (above - below));
    }
}
