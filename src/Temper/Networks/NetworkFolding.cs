using Temper.Tensors;

namespace Temper.Networks;

public sealed partial class Network
{
    /// <summary>
    /// Folds each batch normalization that directly follows a convolution or linear layer into that layer's weights:
    /// <c>w' = g w</c>, <c>b' = g (b - mean) + shift</c> with <c>g = scale / √(variance + epsilon)</c> per output
    /// channel.
    /// </summary>
    /// <returns>
    /// A network with the same outputs in evaluation, up to rounding. Masks are kept. Training behaves differently, as
    /// no batch statistics are gathered any more. A layer is left unchanged if its output or its parameters are used
    /// elsewhere or if its weight is int8.
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
    /// Folds normalizations one after another into their preceding layers, and builds one graph at the end.
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

        /// <summary>Folds a normalization if only it uses the layer before it; otherwise leaves it unchanged.</summary>
        public void TryFold(Node norm)
        {
            // Of two normalizations in a row, the second is folded into the same layer.
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
