using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// Merges a linear layer or convolution without bias and a following addition of one constant per output, which
/// exporters write as two nodes. Pruning, planning and layer counts then see one layer, as in the original network.
/// </summary>
internal static class BiasFusion
{
    internal static IReadOnlyList<Node> Apply(
        IReadOnlyList<Node> nodes, IReadOnlyList<NetworkOutput> outputs, Dictionary<string, Tensor> numbers)
    {
        var byName = nodes.ToDictionary(node => node.Name, StringComparer.Ordinal);
        var uses = nodes.SelectMany(node => node.Inputs).Concat(outputs.Select(output => output.Value))
            .GroupBy(name => name, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
        var parameterUses = nodes.SelectMany(node => node.Parameters)
            .GroupBy(name => name, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
        var gone = new HashSet<string>(StringComparer.Ordinal);
        var result = new List<Node>(nodes.Count);
        foreach (Node node in nodes)
        {
            result.Add(Joined(node) ?? node);
        }

        return [.. result.Where(node => !gone.Contains(node.Name))];

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
                    && uses[left] == 1 && uses[right] == 1 && byName.TryGetValue(right, out Node? constant)
                    && constant.Operator is ConstantValue { DType: DType.Float32 }
                    && parameterUses[constant.Parameters[0]] == 1
                    && WithBias(layer.Operator, numbers[constant.Parameters[0]].Shape) is { } joined)
                {
                    gone.Add(left);
                    string bias = constant.Parameters[0];
                    numbers[bias] = numbers[bias].Reshape([numbers[bias].Count]);
                    gone.Add(right);
                    return layer with { Name = sum.Name, Operator = joined, Parameters = [.. layer.Parameters, bias] };
                }
            }

            return null;
        }
    }

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
