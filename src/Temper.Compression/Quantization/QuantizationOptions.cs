using System.Globalization;

namespace Temper.Compression.Quantization;

/// <summary>How the range of an activation is chosen from calibration samples.</summary>
public enum CalibrationMethod
{
    /// <summary>From the smallest to the largest value.</summary>
    MinMax,

    /// <summary>Excludes outliers at each end, as set by <see cref="QuantizationOptions.Percentile"/>.</summary>
    Percentile,

    /// <summary>The range with the smallest mean squared error of rounding and clamping.</summary>
    MeanSquaredError,
}

/// <summary>Options of quantization to 8 bits.</summary>
public sealed record QuantizationOptions
{
    /// <summary>How ranges are chosen.</summary>
    public CalibrationMethod Calibration { get; init; } = CalibrationMethod.MeanSquaredError;

    /// <summary>
    /// Percentage of the values kept when cutting outliers at each end, for <see cref="CalibrationMethod.Percentile"/>;
    /// above 50 to 100.
    /// </summary>
    public double Percentile { get; init; } = 99.99;

    /// <summary>Number of samples used to choose the ranges.</summary>
    public int Samples { get; init; } = 512;

    /// <summary>Number of fine-tuning epochs with rounded activations and weights; 0: none.</summary>
    public int TuneEpochs { get; init; } = 2;

    /// <summary>Factor on the optimizer's learning rate in fine-tuning, above 0.</summary>
    public float TuneRate { get; init; } = 0.1f;

    /// <summary>
    /// Layers that remain float32: names of nodes or parameters; <c>*</c> matches any text. A name that matches no
    /// layer with weights is an error.
    /// </summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    internal QuantizationOptions Validated()
    {
        Require(Percentile is > 50 and <= 100, nameof(Percentile), "above 50 to 100", Percentile);
        Require(Samples >= 1, nameof(Samples), "1 or more", Samples);
        Require(TuneEpochs >= 0, nameof(TuneEpochs), "0 or more", TuneEpochs);
        Require(TuneRate is > 0 and < float.PositiveInfinity, nameof(TuneRate), "above 0", TuneRate);
        ArgumentNullException.ThrowIfNull(Ignore);
        return this;
    }

    private static void Require(bool fits, string name, string expected, double got)
    {
        if (!fits)
        {
            throw new ArgumentOutOfRangeException(name, string.Create(
                CultureInfo.InvariantCulture,
                $"QuantizationOptions: {name} is out of range (got {got}, expected {expected})"));
        }
    }
}
