using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Pruning;

/// <summary>Pruning as an edit: network in, network out.</summary>
public static class NetworkPruning
{
    /// <summary>
    /// Sets small weights of convolutions and linear layers to zero and masks them, so that training leaves them zero. What was
    /// masked before stays so. Biases and normalization are left alone.
    /// </summary>
    /// <param name="network">Not changed.</param>
    /// <param name="rule">Which weights go.</param>
    /// <returns>A network that shares all other parameters.</returns>
    public static Network Prune(this Network network, PruningRule rule) =>
        network.WithParameters(network.Parameters.Where(SparsityReport.IsWeight).Select(p => Pruned(p, rule)));

    /// <summary>Masks the weights that are zero, as a file without masks has them.</summary>
    /// <param name="network">Not changed.</param>
    public static Network MaskZeros(this Network network) => network.Prune(PruningRule.Absolute(0));

    private static Parameter Pruned(Parameter parameter, PruningRule rule)
    {
        float[] values = parameter.Value.ToArray<float>();
        float[] mask = new float[values.Length];
        float threshold = values.Length == 0 ? 0 : rule.Threshold(values);
        for (int i = 0; i < values.Length; i++)
        {
            bool stays = Math.Abs(values[i]) >= threshold && values[i] != 0;
            mask[i] = stays ? 1 : 0;
            values[i] = stays ? values[i] : 0;
        }

        Shape shape = parameter.Value.Shape;
        return parameter with { Value = Tensor.From(values, shape), Mask = Tensor.From(mask, shape) };
    }
}
