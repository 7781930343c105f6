using System.Numerics.Tensors;
using Temper.Tensors;
using Tensor = Temper.Tensors.Tensor;

namespace Temper.Networks;

/// <summary>
/// Batch normalization with running statistics as <c>gain x + offset</c> per channel, with
/// <c>gain = scale / √(variance + epsilon)</c> and <c>offset = gain (bias - mean) + shift</c>, where bias is that of
/// the preceding layer. This is the only implementation of the formula.
/// </summary>
/// <param name="Gains">Gain of each channel.</param>
/// <param name="Offset">Offset of each channel, <c>[C]</c>.</param>
internal readonly record struct BatchNormMap(float[] Gains, Tensor Offset)
{
    /// <summary>Computes gains and offsets of a normalization.</summary>
    /// <param name="norm">The normalization, for its epsilon.</param>
    /// <param name="parameters">Scale and shift, <c>[C]</c> each.</param>
    /// <param name="statistics">Running mean and variance, <c>[C]</c> each.</param>
    /// <param name="bias">Bias of the preceding layer, <c>[C]</c>; null: none.</param>
    internal static BatchNormMap Of(
        BatchNorm norm, ReadOnlySpan<Tensor> parameters, ReadOnlySpan<Tensor> statistics, Tensor? bias = null)
    {
        ReadOnlySpan<float> scale = parameters[0].AsSpan<float>(), shift = parameters[1].AsSpan<float>();
        ReadOnlySpan<float> mean = statistics[0].AsSpan<float>(), variance = statistics[1].AsSpan<float>();
        ReadOnlySpan<float> before = bias is null ? default : bias.AsSpan<float>();
        float[] gains = new float[scale.Length];
        Tensor offset = Tensor.Allocate([scale.Length]);
        Span<float> offsets = offset.Writable();
        for (int c = 0; c < gains.Length; c++)
        {
            gains[c] = scale[c] / MathF.Sqrt(variance[c] + norm.Epsilon);
            offsets[c] = (gains[c] * ((before.IsEmpty ? 0 : before[c]) - mean[c])) + shift[c];
        }

        return new BatchNormMap(gains, offset);
    }

    /// <summary>Multiplies each output channel (axis 0) of the preceding layer's weight by its gain.</summary>
    /// <param name="weight"><c>[C, ...]</c>, row-major.</param>
    internal Tensor Scaled(Tensor weight) => Scaled(weight, Gains);

    /// <summary>Multiplies each output channel (axis 0) of a weight by its gain.</summary>
    /// <param name="weight"><c>[C, ...]</c>, row-major.</param>
    /// <param name="gains">Gain of each channel.</param>
    internal static Tensor Scaled(Tensor weight, ReadOnlySpan<float> gains)
    {
        Tensor scaled = Tensor.Allocate(weight.Shape);
        int positions = weight.Count / Math.Max(gains.Length, 1);
        for (int c = 0; c < gains.Length; c++)
        {
            TensorPrimitives.Multiply(
                weight.Physical().Slice(c * positions, positions), gains[c],
                scaled.Writable().Slice(c * positions, positions));
        }

        return scaled;
    }
}
