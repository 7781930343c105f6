using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Calibration;

/// <summary>
/// Adjusts the running statistics of a batch normalization after a layer by the change of the layer's outputs on
/// calibration samples. The samples' own statistics would be wrong, because the network was trained on augmented
/// images.
/// </summary>
internal static class NormalizationShift
{
    /// <summary>Variance below which a channel's change of variance cannot be measured.</summary>
    private const double MinVariance = 1e-12;

    /// <summary>
    /// Returns the network with adjusted statistics if a batch normalization is the only reader of the layer.
    /// </summary>
    /// <param name="network">The network with the changed layer.</param>
    /// <param name="layer">A convolution or linear layer.</param>
    /// <param name="before">Outputs of the layer on the samples before the change.</param>
    /// <param name="samples">Calibration inputs.</param>
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
            runningVariance[channel] *= oldVariance[channel] > MinVariance
                ? (float)(variance[channel] / oldVariance[channel])
                : 1;
        }

        return network.WithBuffers(
        [
            KeyValuePair.Create(norm.Buffers[0], Tensor.From(runningMean, [runningMean.Length])),
            KeyValuePair.Create(norm.Buffers[1], Tensor.From(runningVariance, [runningVariance.Length])),
        ]);
    }

    /// <summary>Computes mean and variance of each channel (axis 1).</summary>
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
