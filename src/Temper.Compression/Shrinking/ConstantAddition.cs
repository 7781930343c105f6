using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Compression.Shrinking;

/// <summary>Adds a constant to the output of a layer in the cheapest possible way.</summary>
internal static class ConstantAddition
{
    /// <summary>
    /// Adds constants after a layer: to the bias of the layer, to the running mean of the normalization after it, or,
    /// if pixels differ, with additional nodes.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="node">A convolution or linear layer.</param>
    /// <param name="map">The constants.</param>
    internal static Network After(Network network, Node node, BorderMap map) => map.Channels is not { } channels
        ? map.AddAfter(network, node.Name, Free(network, $"{node.Name}.border"))
        : Bias(network, node) is { } bias ? Shifted(network, bias, channels)
        : Norm(network, node, map) is { } mean
            ? network.WithBuffers([KeyValuePair.Create(mean, network.Buffers[mean] - channels)])
        : WithBias(network, node, map, channels);

    /// <summary>Returns how many numbers the network has to store in addition for constants after a layer.</summary>
    internal static int Cost(Network network, Node node, BorderMap map) =>
        map.Channels is not null && (Bias(network, node) ?? Norm(network, node, map)) is not null ? 0 : map.Nonzero;

    /// <summary>Returns the layer's bias if no other node uses it.</summary>
    private static string? Bias(Network network, Node node) =>
        node.Parameters.Count > 1 && Users(network, node.Parameters[1]) == 1 ? node.Parameters[1] : null;

    /// <summary>
    /// Returns the running mean of the normalization that is the only reader of the layer and has its channels.
    /// </summary>
    private static string? Norm(Network network, Node node, BorderMap map)
    {
        IReadOnlyList<Node> users = network.UsersOf(node.Name);
        bool isGivenOut =
            network.Outputs.Any(output => string.Equals(output.Value, node.Name, StringComparison.Ordinal));
        return map.ChannelAxis == 1
            && !isGivenOut && users is [{ Operator: BatchNorm } norm] && Users(network, norm.Buffers[0]) == 1
            ? norm.Buffers[0]
            : null;
    }

    private static int Users(Network network, string name) => network.Nodes.Count(
        node => node.Parameters.Contains(name, StringComparer.Ordinal)
            || node.Buffers.Contains(name, StringComparer.Ordinal));

    private static Network Shifted(Network network, string bias, Tensor channels)
    {
        Parameter parameter = network.Parameters[bias];

        // The contribution of a removed channel is not a zero that pruning meant to keep, so it is unmasked.
        return network.WithParameters([parameter with
        {
            Value = parameter.Value + channels, Mask = parameter.Mask?.Maximum(channels.Abs().Sign()),
        }]);
    }

    /// <summary>Adds a bias to the layer; if that is not possible, adds a node after the layer.</summary>
    private static Network WithBias(Network network, Node node, BorderMap map, Tensor channels)
    {
        Operator? withBias = node.Operator switch
        {
            Conv2d { HasBias: false } layer => layer with { HasBias = true },
            ConvTranspose2d { HasBias: false } layer => layer with { HasBias = true },
            Linear { HasBias: false } layer => layer with { HasBias = true },
            _ => null,
        };
        string name = $"{node.Name}.bias";
        if (withBias is null || network.Parameters.Contains(name))
        {
            return map.AddAfter(network, node.Name, Free(network, $"{node.Name}.border"));
        }

        Network changed = network.Replace(node.Name, withBias, RandomStream.FromSeed(0));
        return changed.WithParameters([changed.Parameters[name] with { Value = channels }]);
    }

    private static string Free(Network network, string wanted)
    {
        string name = wanted;
        for (int number = 2; network.Graph.NumberOf(name) >= 0; number++)
        {
            name = $"{wanted}{number}";
        }

        return name;
    }
}
