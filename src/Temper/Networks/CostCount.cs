using Temper.Tensors;

namespace Temper.Networks;

/// <summary>Counts the costs of a network's nodes.</summary>
internal sealed class CostCount
{
    private readonly Network _network;
    private readonly int _batch;
    private readonly ActivationDensity? _density;
    private readonly HashSet<string> _counted = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Shape> _shapes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _nonzero = new(StringComparer.Ordinal);

    internal CostCount(Network network, int batch, ActivationDensity? density)
    {
        (_network, _batch, _density) = (network, batch, density);
        foreach (InputSpec input in network.Inputs)
        {
            _shapes[input.Name] = input.BatchShape(batch);
        }
    }

    internal NetworkCost Count() => new(_batch, [.. _network.Nodes.Select(Of)]);

    /// <summary>
    /// Returns the weight of a node's multiply-accumulates; each of its elements is used equally often. Null: the node
    /// has no weight.
    /// </summary>
    internal static Parameter? WeightOf(Network network, Node node) =>
        node.Parameters.Select(name => network.Parameters[name])
        .FirstOrDefault(p => p.Role.IsLayerWeight() && p.Value.Count > 0);

    private NodeCost Of(Node node)
    {
        Shape[] inputs = [.. node.Inputs.Select(name => _shapes[name])];
        Shape output = node.Operator.InferShape(inputs, node.Name);
        _shapes[node.Name] = output;
        long macs = node.Operator.Macs(inputs, output);
        Parameter? weight = WeightOf(_network, node);
        string[] fresh = [.. node.Parameters.Where(_counted.Add)], buffers = [.. node.Buffers.Where(_counted.Add)];
        long parameters = fresh.Sum(name => (long)_network.Parameters[name].Value.Count);
        long moved = inputs.Sum(shape => (long)shape.Count) + output.Count + node.Parameters.Sum(
            name => (long)_network.Parameters[name].Value.Count);
        return new NodeCost(
            node.Name, node.Operator.Kind, output, macs, parameters, output.Count,
            (parameters * sizeof(float)) + buffers.Sum(BufferBytes))
        {
            NonzeroMacs = weight is null ? macs : macs / weight.Value.Count * Nonzero(weight.Name),
            ActiveMacs = _density is null
                ? null
                : weight is null
                ? macs
                : Active(_density, node, inputs[0].Rank, weight) * (macs / weight.Value.Count),
            NonzeroParameters = fresh.Sum(Nonzero),
            Traffic = (moved * sizeof(float)) + node.Buffers.Sum(BufferBytes),
        };
    }

    /// <summary>
    /// Sums, over the nonzero weights, the density of the input channel that each one multiplies. The density of the
    /// whole input is used if the layer has groups or if its features are on a later axis than 1.
    /// </summary>
    private static double Active(ActivationDensity density, Node node, int rank, Parameter weight)
    {
        Shape shape = weight.Value.Shape;
        int axis = node.Operator is ConvTranspose2d or ConvTranspose3d ? 0 : 1;
        IReadOnlyList<double> channels = density.Channels(node.Inputs[0]);
        if (channels.Count != shape[axis] || (node.Operator is Linear && rank > 2))
        {
            channels = [.. Enumerable.Repeat(density[node.Inputs[0]], shape[axis])];
        }

        ReadOnlySpan<float> values = weight.Value.AsSpan<float>();
        int inner = values.Length / shape.Take(axis + 1).Aggregate(1, (a, b) => a * b);
        double sum = 0;
        for (int i = 0; i < values.Length; i += inner)
        {
            sum += channels[i / inner % shape[axis]] * (inner - values.Slice(i, inner).Count(0f));
        }

        return sum;
    }

    private long Nonzero(string parameter)
    {
        if (!_nonzero.TryGetValue(parameter, out long nonzero))
        {
            ReadOnlySpan<float> values = _network.Parameters[parameter].Value.AsSpan<float>();
            _nonzero[parameter] = nonzero = values.Length - values.Count(0f);
        }

        return nonzero;
    }

    private long BufferBytes(string name) =>
        (long)_network.Buffers[name].Count * _network.Buffers[name].DType.SizeInBytes();
}
