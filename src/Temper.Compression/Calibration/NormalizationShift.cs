using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Calibration;

/// <summary>
/// Adjusts the running statistics of a batch normalization after a layer by the change of the layer's outputs on
/// calibration samples, such that mean and variance of the normalized outputs stay the same on these samples. The
/// samples' own statistics would be wrong, because the network was trained on augmented images.
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
    internal static Network After(Network network, Node layer, Tensor before, Tensor samples)
    {
        if (network.UsersOf(layer.Name) is not [{ Operator: BatchNorm } norm])
        {
            return network;
        }

        Pass pass = Pass.Evaluation.Tap(layer.Name);
        network.Forward(samples, pass);
        (float[] oldMean, float[] oldVariance, _) = BatchStatistics.Of(before);
        (float[] mean, float[] variance, _) = BatchStatistics.Of(pass[layer.Name]);
        float[] runningMean = network.Buffers[norm.Buffers[0]].ToArray<float>(),
            runningVariance = network.Buffers[norm.Buffers[1]].ToArray<float>();
        for (int channel = 0; channel < runningMean.Length; channel++)
        {
            // A constant channel stays constant; scaling its variance would amplify its mean without limit.
            double ratio = oldVariance[channel] > MinVariance && variance[channel] > MinVariance
                ? (double)variance[channel] / oldVariance[channel]
                : 1;
            runningMean[channel] =
                (float)(mean[channel] - ((oldMean[channel] - runningMean[channel]) * Math.Sqrt(ratio)));
            runningVariance[channel] *= (float)ratio;
        }

        return network.WithBuffers(
        [
            KeyValuePair.Create(norm.Buffers[0], Tensor.From(runningMean, [runningMean.Length])),
            KeyValuePair.Create(norm.Buffers[1], Tensor.From(runningVariance, [runningVariance.Length])),
        ]);
    }
}
