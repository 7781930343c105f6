using Temper.Networks;
using Temper.Tensors;

namespace Temper.Testing;

/// <summary>A network of pictures with preprocessing before it, and the same with the preprocessing multiplied into its first layer.</summary>
public static class NormalizedNetworks
{
    /// <summary>Means and deviations of the first channels of ImageNet.</summary>
    private static readonly float[] Means = [0.485f, 0.456f, 0.406f], Deviations = [0.229f, 0.224f, 0.225f];

    /// <summary>The network behind <c>(x - mean) / deviation</c>.</summary>
    /// <param name="network">A network of one picture.</param>
    /// <param name="asNode">As one node; if not, as a difference and a quotient with constants, as other programs write it.</param>
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
    /// The first layer takes the place of the preprocessing: <c>w' = w / deviation</c>, <c>b' = b - Σ w' mean</c>. Its padding then is zeros
    /// of the picture, not of what was normalized, so values at borders differ where it pads; the work is the same.
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
