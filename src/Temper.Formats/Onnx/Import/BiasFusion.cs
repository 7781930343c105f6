using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// Merges a linear layer or convolution without bias and a following addition of one constant per output, which
/// exporters write as two nodes. Pruning, planning and layer counts then see one layer, as in the original network.
/// </summary>
internal static class BiasFusion
{
    /// <summary>Returns the nodes with merged layers; nodes that are no longer used are not removed.</summary>
    /// <param name="nodes">The nodes.</param>
    /// <param name="outputs">The outputs of the network.</param>
    /// <param name="numbers">The parameters and buffers.</param>
    /// <param name="ownCopy">
    /// Returns the parameter that is a layer's own copy of a constant, given the constant and the layer's weight.
    /// </param>
    internal static IReadOnlyList<Node> Apply(
        IReadOnlyList<Node> nodes, IReadOnlyList<NetworkOutput> outputs, Dictionary<string, Tensor> numbers,
        Func<string, string, string> ownCopy)
    {
        var byName = nodes.ToDictionary(node => node.Name, StringComparer.Ordinal);
        Dictionary<string, int> uses =
            Counts(nodes.SelectMany(node => node.Inputs).Concat(outputs.Select(output => output.Value)));
        Dictionary<string, int> parameterUses = Counts(nodes.SelectMany(node => node.Parameters));
        return [.. nodes.Select(node => Joined(node) ?? node)];

        Node? Joined(Node sum)
        {
            if (sum.Operator is not Add || sum.Inputs.Count != 2)
            {
                return null;
            }

            foreach ((string left, string right) in new[]
            {
                (sum.Inputs[0], sum.Inputs[1]), (sum.Inputs[1], sum.Inputs[0]),
            })
            {
                if (byName.TryGetValue(left, out Node? layer)
                    && uses[left] == 1 && byName.TryGetValue(right, out Node? constant)
                    && constant.Operator is ConstantValue { DType: DType.Float32 }
                    && WithBias(layer.Operator, numbers[constant.Parameters[0]].Shape) is { } joined
                    && OwnBias(layer, constant) is { } bias)
                {
                    numbers[bias] = numbers[bias].Reshape([numbers[bias].Count]);
                    return layer with { Name = sum.Name, Operator = joined, Parameters = [.. layer.Parameters, bias] };
                }
            }

            return null;
        }

        string? OwnBias(Node layer, Node constant)
        {
            string name = constant.Parameters[0];
            return uses[constant.Name] == 1 && parameterUses[name] == 1 ? name
                : Weight.IsUniform(numbers[name]) ? ownCopy(name, layer.Parameters[0])
                : null;
        }
    }

    private static Dictionary<string, int> Counts(IEnumerable<string> names) =>
        names.GroupBy(name => name, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);

    /// <summary>
    /// Returns the layer with a bias if a constant of this shape has one element per output; else null.
    /// </summary>
    private static Operator? WithBias(Operator layer, Shape constant)
    {
        switch (layer)
        {
            case Linear { HasBias: false } linear
                when constant.Count == linear.Features && constant.Rank is 1 or 2 && constant[-1] == linear.Features:
                return linear with { HasBias = true };
            case Conv2d { HasBias: false } convolution when constant.Count == convolution.Channels
                && constant.Rank is 3 or 4
                && constant[-3] == convolution.Channels:
                return convolution with { HasBias = true };
            default:
                return null;
        }
    }
}
