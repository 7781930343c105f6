using System.Globalization;
using Temper.Cli.CommandLine;
using Temper.Compression.Quantization;

namespace Temper.Cli.Runs;

/// <summary>Settings of quantization; each sets one option of <see cref="QuantizationOptions"/>.</summary>
internal static class QuantizationSettings
{
    private const string None = "none", Int8 = "int8";

    private const int DefaultSamples = 512;

    private static readonly Setting<string> Quantize = Setting.Choice(
        "quantize", "Quantization: none (float32) or int8 (8-bit weights and activations)", None, None, Int8);

    private static readonly Setting<string> Range =
        Setting.Choice("quantize-range", "How the ranges of 8-bit activations are calibrated: min-max, percentile "
            + "(99.99 % of the values) or mse (smallest squared error)", "mse", "min-max", "percentile", "mse");

    private static readonly Setting<int?> Samples = new(
        "quantize-samples", "Training samples for calibrating the ranges [default: 512, or as many as --calibrate]",
        null, text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= 1
            ? value
            : throw new FormatException("a whole number of at least 1"));

    internal static Setting<int> Epochs { get; } = Setting.Integer(
        "quantize-epochs", "Epochs of quantization-aware fine-tuning, at a tenth of the learning rate; 0 = off",
        defaultValue: 2, minimum: 0);

    internal static IReadOnlyList<Setting> All { get; } = [Quantize, Range, Samples, Epochs];

    /// <summary>Throws if a setting of quantization is given but nothing is quantized.</summary>
    internal static void RefuseUnused(CommandContext context)
    {
        if (context.Get(Quantize) is None)
        {
            context.RefuseUnused($"{Quantize.Flag} {None}", [Range, Samples, Epochs]);
        }
    }

    /// <summary>The quantization options; null: no quantization.</summary>
    internal static QuantizationOptions? Options(CommandContext context) => context.Get(Quantize) is None ? null : new()
    {
        Calibration = context.Get(Range) switch
        {
            "min-max" => CalibrationMethod.MinMax,
            "percentile" => CalibrationMethod.Percentile,
            _ => CalibrationMethod.MeanSquaredError,
        },
        Samples = context.Get(Samples)
            ?? (context.Get(CompressionSettings.Calibrate) is > 0 and var count ? count : DefaultSamples),
        TuneEpochs = context.Get(Epochs),
    };
}
