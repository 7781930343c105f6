using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Calibration;

/// <summary>
/// Moves the running statistics behind a layer as far as the layer's outputs have moved on some samples. Statistics of
/// the samples themselves would not do: the network was trained with augmented pictures, whose statistics are others.
/// </summary>
internal static class NormalizationShift
{
    /// <summary>A channel with less variance than this has no measurable change.</summary>
    private const double LeastVariance = 1e-12;

    /// <summary>The network with moved statistics, where a batch normalization alone reads the layer.</summary>
    /// <param name="network">With the changed layer.</param>
    /// <param name="layer">A convolution or linear layer.</param>
    /// <param name="before">Its outputs before the change.</param>
    /// <param name="samples">The samples they are of.</param>
    internal static Network Behind(Network network, Node layer, Tensor before, Tensor samples)
    {
        if (network.UsersOf(layer.Name) is not [{ Operator: BatchNorm } norm])
        {
            return network;
        }

        Pass pass = Pass.Evaluation.Tap(layer.Name);
        network.Forward(samples, pass);
        ((double[] oldMean, double[] oldVariance), (double[] mean, double[] variance)) =
            (Statistics(before), Statistics(pass[layer.Name]));
        float[] runningMean = network.Buffers[norm.Buffers[0]].ToArray<float>(),
            runningVariance = network.Buffers[norm.Buffers[1]].ToArray<float>();
        for (int channel = 0; channel < runningMean.Length; channel++)
        {
            runningMean[channel] += (float)(mean[channel] - oldMean[channel]);
            runningVariance[channel] *= oldVariance[channel] > LeastVariance
                ? (float)(variance[channel] / oldVariance[channel])
                : 1;
        }

        return network.WithBuffers(
        [
            KeyValuePair.Create(norm.Buffers[0], Tensor.From(runningMean, [runningMean.Length])),
            KeyValuePair.Create(norm.Buffers[1], Tensor.From(runningVariance, [runningVariance.Length])),
        ]);
    }

    /// <summary>Mean and variance of each channel (axis 1).</summary>
    private static (double[] Mean, double[] Variance) Statistics(Tensor x)
    {
        int channels = x.Shape[1], inner = x.Shape.CountOf(2, x.Rank);
        double[] sum = new double[channels], squares = new double[channels];
        float[] values = x.ToArray<float>();
        for (int i = 0; i < values.Length; i++)
        {
            int channel = i / inner % channels;
            sum[channel] += values[i];
            squares[channel] += (double)values[i] * values[i];
        }

        double count = values.Length / (double)channels;
        return (Array.ConvertAll(sum, s => s / count), [.. squares.Select((s, i) =>
            Math.Max(0, (s / count) - (sum[i] / count * (sum[i] / count))))]);
    }
}
