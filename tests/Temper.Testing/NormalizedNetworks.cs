using Temper.Networks;
using Temper.Tensors;

namespace Temper.Testing;

/// <summary>
/// Image networks with preprocessing before the first layer, or with the preprocessing folded into it.
/// </summary>
public static class NormalizedNetworks
{
    /// <summary>Means and standard deviations of the color channels of ImageNet.</summary>
    private static readonly float[] Means = [0.485f, 0.456f, 0.406f], Deviations = [0.229f, 0.224f, 0.225f];

    /// <summary>Returns the network with <c>(x - mean) / deviation</c> before its input.</summary>
    /// <param name="network">Network with one image input.</param>
    /// <param name="asNode">
    /// As one node; otherwise as a subtraction and a division with constants, as other programs export it.
    /// </param>
    public static Network Normalized(Network network, bool asNode)
    {
        InputSpec input = network.Inputs[0];
        int channels = input.SampleShape[0];
        float[] mean = Means[..channels], deviation = Deviations[..channels];
        if (asNode)
        {
            return network.Prepend(input, x => x.Normalize(mean, deviation));
        }

        Value Constant(Value x, string name) => x.Builder.Add(new ConstantValue([channels, 1, 1]), name, parametersOf: null, []);
        Network longer = network.Prepend(input, x => (x - Constant(x, "mean")) / Constant(x, "deviation"));
        return longer.WithParameters(longer.Parameters.Where(parameter => parameter.Role == ParameterRole.Other).Select(parameter => parameter with
        {
            Value = Tensor.From(parameter.Name.Contains("mean", StringComparison.Ordinal) ? mean : deviation, [channels, 1, 1]),
        }));
    }

    /// <summary>
    /// Returns the network with the preprocessing folded into the first layer: <c>w' = w / deviation</c>,
    /// <c>b' = b - Σ w' mean</c>. The layer then pads the raw picture with zeros instead of the normalized one, so
    /// values near the border differ if it pads; the amount of work is the same.
    /// </summary>
    public static Network Folded(Network network)
    {
        Node first = network.Nodes.First(node => node.Operator is Conv2d or Linear);
        Parameter weight = network.Parameters[first.Parameters[0]];
        int rows = weight.Value.Shape[0], depth = weight.Value.Count / rows, channels = network.Inputs[0].SampleShape[0];
        float[] weights = weight.Value.ToArray<float>(), biases = first.Parameters.Count > 1 ? network.Parameters[first.Parameters[1]].Value.ToArray<float>() : new float[rows];
        for (int i = 0; i < weights.Length; i++)
        {
            int channel = i % depth / (depth / channels);
            weights[i] /= Deviations[channel];
            biases[i / depth] -= weights[i] * Means[channel];
        }

        IEnumerable<Parameter> changed = [weight with { Value = Tensor.From(weights, weight.Value.Shape) }];
        return network.WithParameters(first.Parameters.Count > 1
            ? changed.Append(network.Parameters[first.Parameters[1]] with { Value = Tensor.From(biases, [rows]) })
            : changed);
    }
}
