using Temper.Tensors;

namespace Temper.Compression.Quantization;

/// <summary>
/// Computes one scale per output of a weight. Quantized values are -127 to 127, so that the range is symmetric.
/// </summary>
internal static class WeightScales
{
    private const int Most = sbyte.MaxValue;
    private const int Tries = 40;
    private const float SmallestPart = 0.6f;

    /// <summary>Largest quantized bias, in multiples of the product of scales; well within 32 bits.</summary>
    private const float MaxBias = 1 << 30;

    /// <param name="weight">Weight <c>[O, ...]</c>.</param>
    /// <param name="bias">Bias <c>[O]</c>, or null.</param>
    /// <param name="inputScale">Scale of the layer's input.</param>
    /// <param name="method">
    /// For <see cref="CalibrationMethod.MeanSquaredError"/> the scale with the smallest error is chosen, otherwise that
    /// of the largest magnitude.
    /// </param>
    internal static Tensor Of(Tensor weight, Tensor? bias, float inputScale, CalibrationMethod method)
    {
        int outputs = weight.Shape[0], length = weight.Count / Math.Max(1, outputs);
        ReadOnlySpan<float> values = weight.AsSpan<float>(), biases = bias is null ? default : bias.AsSpan<float>();
        float[] scales = new float[outputs];
        for (int i = 0; i < outputs; i++)
        {
            ReadOnlySpan<float> row = values.Slice(i * length, length);
            float largest = 0;
            foreach (float value in row)
            {
                largest = Math.Max(largest, MathF.Abs(value));
            }

            float scale = largest / Most;
            scale =
                method == CalibrationMethod.MeanSquaredError && float.IsNormal(scale) ? MinError(row, scale) : scale;
            scale = biases.IsEmpty ? scale : Math.Max(scale, MathF.Abs(biases[i]) / inputScale / MaxBias);
            scales[i] = float.IsNormal(scale) ? scale : 1;
        }

        return Tensor.From(scales, [outputs]);
    }

    private static float MinError(ReadOnlySpan<float> row, float full)
    {
        (double Error, float Scale) best = (double.PositiveInfinity, full);
        for (int i = 0; i <= Tries; i++)
        {
            float scale = full * (1 - ((1 - SmallestPart) * i / Tries));
            double sum = 0;
            foreach (float value in row)
            {
                float error = value - (Math.Clamp(MathF.Round(value / scale), -Most, Most) * scale);
                sum += (double)error * error;
            }

            best = sum < best.Error ? (sum, scale) : best;
        }

        return best.Scale;
    }
}
