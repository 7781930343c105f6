using Temper.Tensors;

namespace Temper.Compression.Quantization;

/// <summary>
/// A scale for each output of a weight: whole numbers from -127 to 127, so that a number and its negative are both
/// there.
/// </summary>
internal static class WeightScales
{
    private const int Most = sbyte.MaxValue;
    private const int Tries = 40;
    private const float SmallestPart = 0.6f;

    /// <summary>Multiples of the product of scales that a bias may be: well inside 32 bit.</summary>
    private const float MostBias = 1 << 30;

    /// <param name="weight"><c>[O, ...]</c>.</param>
    /// <param name="bias"><c>[O]</c> or null.</param>
    /// <param name="inputScale">The input's scale.</param>
    /// <param name="method">
    /// The largest magnitude decides, or, for <see cref="CalibrationMethod.MeanSquaredError"/>, the least error.
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
                method == CalibrationMethod.MeanSquaredError && float.IsNormal(scale) ? LeastError(row, scale) : scale;
            scale = biases.IsEmpty ? scale : Math.Max(scale, MathF.Abs(biases[i]) / inputScale / MostBias);
            scales[i] = float.IsNormal(scale) ? scale : 1;
        }

        return Tensor.From(scales, [outputs]);
    }

    private static float LeastError(ReadOnlySpan<float> row, float full)
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
