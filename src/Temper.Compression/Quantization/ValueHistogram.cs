using System.Numerics.Tensors;
using Temper.Networks;

namespace Temper.Compression.Quantization;

/// <summary>
/// Distribution of the elements of one activation: a first pass over the samples finds the range, a second pass counts
/// values in equal bins.
/// </summary>
internal sealed class ValueHistogram(string value)
{
    private const int Bins = 2048;

    private const int Steps = byte.MaxValue;

    /// <summary>
    /// Number of steps, down to <see cref="SmallestPart"/>, in which fractions of the range are tried as ranges.
    /// </summary>
    private const int Tries = 80;

    private const double SmallestPart = 0.2;

    private readonly long[] _counts = new long[Bins];

    /// <summary>The range. It includes 0, because padding and rectified values must be exact.</summary>
    private (float Low, float High) _range;

    private double Width => ((double)_range.High - _range.Low) / Bins;

    /// <summary>First pass: extends the range.</summary>
    /// <exception cref="ArgumentException">A value is not finite.</exception>
    internal void Widen(ReadOnlySpan<float> numbers)
    {
        if (numbers.ContainsAnyExceptInRange(float.MinValue, float.MaxValue))
        {
            throw new ArgumentException(
                $"quantize: value '{value}' is not finite on the calibration samples; check the data and the network");
        }

        if (numbers.Length > 0)
        {
            _range = (Math.Min(_range.Low, TensorPrimitives.Min(numbers)), Math.Max(
                _range.High, TensorPrimitives.Max(numbers)));
        }
    }

    /// <summary>Second pass, over the same values: counts them in bins.</summary>
    internal void Count(ReadOnlySpan<float> numbers)
    {
        if (Width == 0)
        {
            return;
        }

        float inverse = (float)(1 / Width);
        foreach (float number in numbers)
        {
            _counts[Math.Clamp((int)((number - _range.Low) * inverse), 0, Bins - 1)]++;
        }
    }

    /// <summary>Returns the grid of unsigned bytes chosen by the calibration method.</summary>
    internal FakeQuantize Grid(QuantizationOptions options) => GridOf(options.Calibration switch
    {
        CalibrationMethod.Percentile => Inside(options.Percentile / 100),
        CalibrationMethod.MeanSquaredError => MinError(),
        _ => _range,
    });

    /// <summary>
    /// Returns the grid whose 256 values cover a range that includes 0. A range of zero width gets scale 1.
    /// </summary>
    internal static FakeQuantize GridOf((float Low, float High) range)
    {
        float scale = (range.High - range.Low) / Steps;
        return float.IsNormal(scale)
            ? new FakeQuantize(scale, (int)Math.Clamp(MathF.Round(-range.Low / scale), 0, Steps))
            : new FakeQuantize(1, 0);
    }

    /// <summary>Returns the range that excludes the given fraction of outliers at each end.</summary>
    private (float Low, float High) Inside(double part)
    {
        long total = _counts.Sum(), most = (long)((1 - part) * total);
        int first = 0, last = Bins - 1;
        for (long left = most; first < last && (left -= _counts[first]) >= 0; first++)
        {
        }

        for (long left = most; last > first && (left -= _counts[last]) >= 0; last--)
        {
        }

        return ((float)Math.Min(0, _range.Low + (first * Width)), (float)Math.Max(
            0, _range.Low + ((last + 1) * Width)));
    }

    private (float Low, float High) MinError()
    {
        (double Error, (float, float) Range) best = (double.PositiveInfinity, _range);
        for (int i = 0; i <= Tries; i++)
        {
            float part = (float)(1 - ((1 - SmallestPart) * i / Tries));
            (float, float) range = (_range.Low * part, _range.High * part);
            double error = Error(GridOf(range));
            best = error < best.Error ? (error, range) : best;
        }

        return best.Range;
    }

    /// <summary>Computes the sum of squared errors, with all values of a bin at its center.</summary>
    private double Error(FakeQuantize grid)
    {
        double sum = 0;
        for (int i = 0; i < Bins; i++)
        {
            if (_counts[i] > 0)
            {
                double number = _range.Low + ((i + 0.5) * Width),
                    whole = Math.Clamp(Math.Round(number / grid.Scale), -grid.Zero, Steps - grid.Zero);
                double error = number - (whole * grid.Scale);
                sum += _counts[i] * error * error;
            }
        }

        return sum;
    }
}
