using Temper.Compression.Pruning;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Quantization;

/// <summary>Quantizes networks to 8 bits.</summary>
public static class NetworkQuantization
{
    /// <summary>
    /// Quantizes a network to 8 bits without training and without labels: weights with one scale per output, and the
    /// inputs of convolutions, linear layers and the additions after them. The ranges are taken from samples.
    /// </summary>
    /// <param name="network">
    /// The network in float32; not changed. Normalizations are folded into the weights of the layers before them.
    /// </param>
    /// <param name="samples">Typical inputs <c>[N, ...]</c>, 1 or more; some hundreds suffice.</param>
    /// <param name="options">
    /// How ranges are chosen, and which layers remain float32; other options are ignored. Null: defaults.
    /// </param>
    /// <returns>
    /// A network that computes in float32 with the results of 8-bit arithmetic. When compiled, saved or exported it
    /// uses bytes.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The network has no layer that can be quantized, is quantized already, or has values that are not finite; or an
    /// ignored name matches no layer with weights.
    /// </exception>
    public static Network Quantize(this Network network, Tensor samples, QuantizationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(samples);
        options = (options ?? new QuantizationOptions()).Validated();
        ArgumentOutOfRangeException.ThrowIfLessThan(samples.Shape[0], 1);
        _ = NetworkPruning.Ignored(network, options.Ignore, "quantize");
        QuantizationPlan plan = QuantizationPlan.Of(network, samples, options);
        return QuantizationPlan.WithRoundedWeights(plan.Apply(plan.Layers));
    }
}
