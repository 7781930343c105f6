using Temper.Tensors;

namespace Temper.Networks;

public sealed partial class Network
{
    /// <summary>
    /// Puts each batch normalization that stands alone behind a convolution or linear layer into the layer's weights:
    /// <c>w' = g w</c>, <c>b' = g (b - mean) + shift</c> with <c>g = scale / √(variance + epsilon)</c> for each output
    /// channel.
    /// </summary>
    /// <returns>
    /// A network with the same results in evaluation, up to rounding; masks stay. In training it differs: there is
    /// nothing left that would gather statistics. Layers whose parameters or values others use, or whose weight has 8
    /// bit, stay as they are.
    /// </returns>
    public Network FoldNormalization()
    {
        var state = new Folding(this);
        foreach (Node norm in Nodes.Where(node => node.Operator is BatchNorm))
        {
            state.TryFold(norm);
        }

        return state.Result();
    }

    /// <summary>
    /// Folds one normalization after another into the layers before them, and makes one graph of it all.
    /// </summary>
    private sealed class Folding(Network network)
    {
        private readonly Dictionary<string, Node> _nodes =
            network.Nodes.ToDictionary(node => node.Name, StringComparer.Ordinal);
        private readonly Dictionary<string, Parameter> _parameters =
            network.Parameters.ToDictionary(parameter => parameter.Name, StringComparer.Ordinal);
        private readonly Dictionary<string, int> _uses = Counted(
            network.Nodes.SelectMany(node => node.Inputs.Distinct(StringComparer.Ordinal))
                .Concat(network.Outputs.Select(output => output.Value)));
        private readonly Dictionary<string, int> _sharers = Counted(
            network.Nodes.SelectMany(node => node.Parameters.Distinct(StringComparer.Ordinal)));
        private readonly Dictionary<string, string> _layerOf = new(StringComparer.Ordinal);

        /// <summary>Leaves a normalization as it is where no layer of its own stands before it.</summary>
        public void TryFold(Node norm)
        {
            // A normalization behind one that is folded already goes into the same layer.
            string value = norm.Inputs[0], name = _layerOf.GetValueOrDefault(value, value);
            if (_uses[value] != 1 || !_nodes.TryGetValue(name, out Node? layer)
                || layer.Parameters.Any(parameter => _sharers.GetValueOrDefault(parameter, 1) != 1)
                || (layer.Parameters.Count == 1 && _parameters.ContainsKey($"{name}.bias"))
                || !(layer.Operator is Conv2d { HasInt8Weight: false }
                    || (layer.Operator is Linear { HasInt8Weight: false } && network.Graph.ShapeOf(name).Rank == 2)))
            {
                return;
            }

            _nodes[name] = Fold(layer, norm);
            _nodes.Remove(norm.Name);
            _layerOf[norm.Name] = name;
        }

        public Network Result()
        {
            string Redirect(string value) => _layerOf.GetValueOrDefault(value, value);
            return _layerOf.Count == 0 ? network : network.Rebuilt(
                network.GraphOf(
                    network.Nodes.Where(node => _nodes.ContainsKey(node.Name)).Select(node => _nodes[node.Name])
                        .Select(node => node with { Inputs = [.. node.Inputs.Select(Redirect)] }),
                    network.Outputs.Select(output => output with { Value = Redirect(output.Value) })),
                parameters: _parameters.Values);
        }

        private Node Fold(Node layer, Node norm)
        {
            Parameter weight = _parameters[layer.Parameters[0]];
            Tensor? bias = layer.Parameters.Count > 1 ? _parameters[layer.Parameters[1]].Value : null;
            BatchNormMap map = BatchNormMap.Of(
                (BatchNorm)norm.Operator,
                [_parameters[norm.Parameters[0]].Value, _parameters[norm.Parameters[1]].Value],
                [network.Buffers[norm.Buffers[0]], network.Buffers[norm.Buffers[1]]],
                bias);
            string biasName = bias is null ? $"{layer.Name}.bias" : layer.Parameters[1];
            _parameters[weight.Name] = weight with { Value = map.Scaled(weight.Value.ToRowMajor()) };
            _parameters[biasName] = new Parameter
            {
                Name = biasName, Value = map.Offset, Role = ParameterRole.Bias, IsTrainable = weight.IsTrainable,
            };
            Operator withBias = layer.Operator is Conv2d convolution
                ? convolution with { HasBias = true }
                : ((Linear)layer.Operator) with { HasBias = true };
            return layer with { Operator = withBias, Parameters = [layer.Parameters[0], biasName] };
        }

        private static Dictionary<string, int> Counted(IEnumerable<string> names) =>
            names.GroupBy(name => name, StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
    }
}
