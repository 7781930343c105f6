using Temper.Tensors;

namespace Temper.Networks;

public sealed partial class Network
{
    /// <summary>
    /// Puts each batch normalization that stands alone behind a convolution or linear layer into the layer's weights:
    /// <c>w' = g w</c>, <c>b' = g (b - mean) + shift</c> with <c>g = scale / √(variance + epsilon)</c> for each output channel.
    /// </summary>
    /// <returns>
    /// A network with the same results in evaluation, up to rounding; masks stay. In training it differs: there is nothing left that
    /// would gather statistics. Layers whose parameters or values others use stay as they are.
    /// </returns>
    public Network FoldNormalization()
    {
        Network result = this;
        foreach (string name in Nodes.Where(node => node.Operator is BatchNorm).Select(node => node.Name))
        {
            Node norm = result.Find("FoldNormalization", name);
            if (result.FindLayer(norm) is { } layer)
            {
                result = result.Fold(layer, norm);
            }
        }

        return result;
    }

    /// <summary>The layer that a normalization can go into; null if there is none.</summary>
    private Node? FindLayer(Node norm)
    {
        string value = norm.Inputs[0];
        Node? layer = Nodes.FirstOrDefault(node => string.Equals(node.Name, value, StringComparison.Ordinal));
        bool fits = layer is { Operator: Conv2d } || (layer is { Operator: Linear } && Graph.ShapeOf(value).Rank == 2);
        bool isAlone = Nodes.Count(node => node.Inputs.Contains(value, StringComparer.Ordinal)) == 1
            && !Outputs.Any(output => string.Equals(output.Value, value, StringComparison.Ordinal));
        return fits && isAlone && layer!.Parameters.All(name => Nodes.Count(node => node.Parameters.Contains(name, StringComparer.Ordinal)) == 1)
            ? layer
            : null;
    }

    private Network Fold(Node layer, Node norm)
    {
        Parameter weight = Parameters[layer.Parameters[0]];
        Tensor gain = Parameters[norm.Parameters[0]].Value / (Buffers[norm.Buffers[1]] + ((BatchNorm)norm.Operator).Epsilon).Sqrt();
        Tensor bias = layer.Parameters.Count > 1 ? Parameters[layer.Parameters[1]].Value : Tensor.Zeros(gain.Shape);
        Tensor scaled = FoldedNorm.Scaled(weight.Value.ToRowMajor(), gain.AsSpan<float>());
        Tensor shifted = (gain * (bias - Buffers[norm.Buffers[0]])) + Parameters[norm.Parameters[1]].Value;

        Operator withBias = layer.Operator is Conv2d convolution ? convolution with { HasBias = true } : ((Linear)layer.Operator) with { HasBias = true };
        string biasName = layer.Parameters.Count > 1 ? layer.Parameters[1] : $"{layer.Name}.bias";
        Node folded = layer with { Operator = withBias, Parameters = [layer.Parameters[0], biasName] };
        Parameter[] changed =
        [
            weight with { Value = scaled },
            new Parameter { Name = biasName, Value = shifted, Role = ParameterRole.Bias, IsTrainable = weight.IsTrainable },
        ];
        IEnumerable<Node> nodes = Nodes.Where(node => node != norm)
            .Select(node => node == layer ? folded : node with { Inputs = Redirected(node.Inputs, norm.Name, layer.Name) });
        return Rebuilt(
            nodes,
            RedirectedOutputs(norm.Name, layer.Name),
            parameters: [.. Parameters.Where(parameter => changed.All(other => !string.Equals(other.Name, parameter.Name, StringComparison.Ordinal))), .. changed]);
    }
}
