using System.Numerics;

namespace Temper.Privacy.Audit.Algebra;

/// <summary>Computes Pearson's correlation coefficient.</summary>
internal static class Correlation
{
    /// <summary>Returns the correlation of two vectors of the same length; 0 if one of them is constant.</summary>
    internal static double Of<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b)
        where T : INumber<T>
    {
        (double meanA, double meanB) = (Mean(a), Mean(b));
        double product = 0, squaresA = 0, squaresB = 0;
        for (int i = 0; i < a.Length; i++)
        {
            (double x, double y) = (double.CreateTruncating(a[i]) - meanA, double.CreateTruncating(b[i]) - meanB);
            (product, squaresA, squaresB) = (product + (x * y), squaresA + (x * x), squaresB + (y * y));
        }

        return product / Math.Max(Math.Sqrt(squaresA * squaresB), 1e-300);
    }

    private static double Mean<T>(ReadOnlySpan<T> values)
        where T : INumber<T>
    {
        double sum = 0;
        foreach (T value in values)
        {
            sum += double.CreateTruncating(value);
        }

        return sum / values.Length;
    }
}
