namespace Temper.Compression.Quantization;

/// <summary>How the range of a value's grid is chosen from typical samples.</summary>
public enum CalibrationMethod
{
    /// <summary>From the least to the largest number that was seen.</summary>
    MinMax,

    /// <summary>
    /// Without the part of the numbers farthest out that <see cref="QuantizationOptions.Percentile"/> leaves.
    /// </summary>
    Percentile,

    /// <summary>The range whose mean squared rounding error is least, clamped numbers included.</summary>
    MeanSquaredError,
}

/// <summary>How a network is quantized to 8 bit.</summary>
public sealed record QuantizationOptions
{
    /// <summary>How ranges are chosen.</summary>
    public CalibrationMethod Calibration { get; init; } = CalibrationMethod.MeanSquaredError;

    /// <summary>
    /// Percent of the numbers that lie inside the range of <see cref="CalibrationMethod.Percentile"/>, above 50 to 100.
    /// </summary>
    public double Percentile { get; init; } = 99.99;

    /// <summary>Samples whose values choose the ranges.</summary>
    public int Samples { get; init; } = 512;

    /// <summary>Epochs of fine-tuning with rounded values and weights; 0: none.</summary>
    public int TuneEpochs { get; init; } = 2;

    /// <summary>The rate of fine-tuning beside the optimizer's own, above 0.</summary>
    public float TuneRate { get; init; } = 0.1f;

    /// <summary>Names of layers that stay float32; a star stands for any text.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    internal QuantizationOptions Validated()
    {
        Require(Percentile is > 50 and <= 100, nameof(Percentile), "above 50 to 100", Percentile);
        Require(Samples >= 1, nameof(Samples), "1 or more", Samples);
        Require(TuneEpochs >= 0, nameof(TuneEpochs), "0 or more", TuneEpochs);
        Require(TuneRate is > 0 and < float.PositiveInfinity, nameof(TuneRate), "above 0", TuneRate);
        return this;
    }

    private static void Require(bool fits, string name, string expected, double got)
    {
        if (!fits)
        {
            throw new ArgumentOutOfRangeException(
                name, $"QuantizationOptions: does not fit (got {got}, expected {expected})");
        }
    }
}
