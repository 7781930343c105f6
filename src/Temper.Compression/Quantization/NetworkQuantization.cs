using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Quantization;

/// <summary>Quantizes networks to 8 bit.</summary>
public static class NetworkQuantization
{
    /// <summary>
    /// The network with 8-bit weights, a scale for each output, and 8-bit values before its convolutions and linear
    /// layers and around the additions behind them, the ranges taken from samples. Nothing is trained, and no labels
    /// are needed.
    /// </summary>
    /// <param name="network">
    /// In float32; not changed. Normalizations go into the weights of the layers before them.
    /// </param>
    /// <param name="samples">Typical inputs <c>[N, ...]</c>, one or more; some hundreds do.</param>
    /// <param name="options">
    /// How ranges are chosen, and which layers stay float32; null for the defaults. Nothing else is read.
    /// </param>
    /// <returns>
    /// A network in float32 arithmetic whose results are those of 8 bit; compiled, saved or exported it is of bytes.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The network has no layer that can have 8 bit, has one already, or values are not finite.
    /// </exception>
    public static Network Quantize(this Network network, Tensor samples, QuantizationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        options = (options ?? new QuantizationOptions()).Validated();
        ArgumentOutOfRangeException.ThrowIfLessThan(samples.Shape[0], 1);
        QuantizationPlan plan = QuantizationPlan.Of(network, samples, options);
        return QuantizationPlan.Snapped(plan.Apply(plan.Layers));
    }
}
