using System.Globalization;
using Temper.Formats;
using Temper.Networks;

namespace Temper.Data.Tables;

/// <summary>Computes the scaling with which the columns of training samples have mean 0 and deviation 1.</summary>
internal static class ColumnScaling
{
    /// <summary>Smallest deviation whose square, the variance, is a normal number in single precision.</summary>
    private const double Smallest = 1.1e-19;

    /// <summary>Largest deviation whose square is finite in single precision.</summary>
    private const double Largest = 1.8e19;

    /// <summary>
    /// The means and deviations of the columns. The deviation of a column with the same value in all samples is 1, so
    /// that the column is only shifted.
    /// </summary>
    /// <param name="path">File of the samples, for errors.</param>
    /// <param name="train">Training samples, at least one.</param>
    /// <exception cref="ModelFormatException">A deviation is too small or too large.</exception>
    internal static Normalize Of(string path, Dataset train)
    {
        int size = train.SampleShape.Count;
        double[] means = new double[size], deviations = new double[size];
        AddUp(train, means, (value, _) => value);
        AddUp(train, deviations, (value, i) => (value - means[i]) * (value - means[i]));
        for (int i = 0; i < size; i++)
        {
            double deviation = deviations[i] > 0 ? Math.Sqrt(deviations[i]) : 1;
            deviations[i] = deviation is >= Smallest and <= Largest
                ? deviation
                : throw new ModelFormatException(path, string.Create(
                    CultureInfo.InvariantCulture,
                    $"csv: the standard deviation of input column {i + 1} is out of range (got {deviation:G3}, "
                    + $"expected {Smallest} to {Largest}); give the column in another unit"));
        }

        return new Normalize
        {
            Mean = [.. means.Select(mean => (float)mean)], Deviation = [.. deviations.Select(value => (float)value)],
        };
    }

    /// <summary>Computes the mean of a function of each value over the samples.</summary>
    private static void AddUp(Dataset set, double[] means, Func<float, int, double> function)
    {
        float[] sample = new float[means.Length];
        for (int row = 0; row < set.Count; row++)
        {
            set.CopySample(row, sample);
            for (int i = 0; i < sample.Length; i++)
            {
                means[i] += function(sample[i], i);
            }
        }

        // Divided last: the sum of equal single-precision values is exact, so the mean of a constant is the constant.
        for (int i = 0; i < means.Length; i++)
        {
            means[i] /= Math.Max(set.Count, 1);
        }
    }
}
