using System.Numerics.Tensors;
using Temper.Tensors;
using Temper.Tensors.Memory;
using Tensor = Temper.Tensors.Tensor;

namespace Temper.Networks;

/// <summary>
/// A convolution that does the work of the normalization behind it: <c>w' = g w</c>, <c>b' = g (b - mean) + shift</c> with
/// <c>g = scale / √(variance + epsilon)</c> for each output channel. Kept by the network until a value of it is written.
/// </summary>
internal sealed record FoldedNorm(Tensor Weight, Tensor Bias, long Version)
{
    internal static FoldedNorm Of(FusedStep step, Network network)
    {
        long version = VersionOf(step, network);
        ref FoldedNorm? kept = ref network.FoldedNorms[step.NormIndex];
        FoldedNorm? found = Volatile.Read(ref kept);
        if (found is null || found.Version != version)
        {
            // Kept beyond this pass and shared by threads, so it must not belong to the pass's memory.
            using (MemoryScope.Enter(null))
            {
                found = Fold(step, network, version);
            }

            Volatile.Write(ref kept, found);
        }

        return found;
    }

    private static FoldedNorm Fold(FusedStep step, Network network, long version)
    {
        Tensor weight = network.ParameterValues[step.HeadParameters[0]];
        ReadOnlySpan<float> bias = step.HeadParameters.Length > 1 ? network.ParameterValues[step.HeadParameters[1]].Physical() : default;
        ReadOnlySpan<float> scale = network.ParameterValues[step.NormParameters[0]].Physical();
        ReadOnlySpan<float> shift = network.ParameterValues[step.NormParameters[1]].Physical();
        ReadOnlySpan<float> mean = network.BufferValues[step.NormBuffers[0]].Physical();
        ReadOnlySpan<float> variance = network.BufferValues[step.NormBuffers[1]].Physical();
        float epsilon = ((BatchNorm)step.Norm!.Operator).Epsilon;

        float[] gains = new float[scale.Length];
        Tensor offset = Tensor.Allocate([scale.Length]);
        for (int c = 0; c < scale.Length; c++)
        {
            gains[c] = scale[c] / MathF.Sqrt(variance[c] + epsilon);
            offset.Writable()[c] = (gains[c] * ((bias.IsEmpty ? 0 : bias[c]) - mean[c])) + shift[c];
        }

        return new FoldedNorm(Scaled(weight, gains), offset, version);
    }

    /// <summary>Each output channel of a weight, axis 0, times its gain.</summary>
    internal static Tensor Scaled(Tensor weight, ReadOnlySpan<float> gains)
    {
        Tensor scaled = Tensor.Allocate(weight.Shape);
        int taps = weight.Count / Math.Max(gains.Length, 1);
        for (int c = 0; c < gains.Length; c++)
        {
            TensorPrimitives.Multiply(weight.Physical().Slice(c * taps, taps), gains[c], scaled.Writable().Slice(c * taps, taps));
        }

        return scaled;
    }

    private static long VersionOf(FusedStep step, Network network)
    {
        long sum = 0;
        foreach (int parameter in step.HeadParameters)
        {
            sum += network.ParameterValues[parameter].Storage.Version;
        }

        foreach (int parameter in step.NormParameters)
        {
            sum += network.ParameterValues[parameter].Storage.Version;
        }

        foreach (int buffer in step.NormBuffers)
        {
            sum += network.BufferValues[buffer].Storage.Version;
        }

        return sum;
    }
}
