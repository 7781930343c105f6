using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Compression.Shrinking;

/// <summary>Adds a constant to the output of a layer in the cheapest possible way.</summary>
internal static class ConstantAddition
{
    /// <summary>Differences within a channel that count as rounding, relative to its largest magnitude.</summary>
    private const float Rounding = 1e-6f;

    /// <summary>
    /// Adds a constant after a layer: to the bias of the layer, to the running mean of the normalization after it, or,
    /// if pixels differ, with an additional node.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="node">A convolution or linear layer.</param>
    /// <param name="addend">The constant, of the shape of the layer's output for a batch of one.</param>
    internal static Network Behind(Network network, Node node, Tensor addend)
    {
        if (!addend.ToRowMajor().AsSpan<float>().ContainsAnyExcept(0f))
        {
            return network;
        }

        // One value per channel suffices if the constant differs along the channel axis only.
        int axis = node.Operator is Linear ? addend.Rank - 1 : 1;
        return PerChannel(addend, axis) is not { } channels ? WithMap(network, node, addend)
            : Bias(network, node) is { } bias ? Shifted(network, bias, channels)
            : axis == 1 && Norm(network, node) is { } mean
                ? network.WithBuffers([KeyValuePair.Create(mean, network.Buffers[mean] - channels)])
            : WithBias(network, node, channels);
    }

    private static float[]? Numbers(Tensor addend, int axis)
    {
        int channels = addend.Shape[axis], inner = addend.Shape.CountOf(axis + 1, addend.Rank);
        ReadOnlySpan<float> values = addend.ToRowMajor().AsSpan<float>();
        float[] numbers = new float[channels];
        for (int channel = 0; channel < channels; channel++)
        {
            numbers[channel] = values[channel * inner];
        }

        for (int i = 0; i < values.Length; i++)
        {
            float number = numbers[i / inner % channels];
            if (Math.Abs(values[i] - number) > Rounding * Math.Max(Math.Abs(number), Math.Abs(values[i])))
            {
                return null;
            }
        }

        return numbers;
    }

    private static Tensor? PerChannel(Tensor addend, int axis) =>
        Numbers(addend, axis) is { } numbers ? Tensor.From(numbers, [numbers.Length]) : null;

    /// <summary>Returns the layer's bias if no other node uses it.</summary>
    private static string? Bias(Network network, Node node) =>
        node.Parameters.Count > 1 && Users(network, node.Parameters[1]) == 1 ? node.Parameters[1] : null;

    /// <summary>Returns the running mean of the normalization that is the only reader of the layer.</summary>
    private static string? Norm(Network network, Node node)
    {
        IReadOnlyList<Node> users = network.UsersOf(node.Name);
        bool isGivenOut =
            network.Outputs.Any(output => string.Equals(output.Value, node.Name, StringComparison.Ordinal));
        return !isGivenOut && users is [{ Operator: BatchNorm } norm] && Users(network, norm.Buffers[0]) == 1
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
    private static Network WithBias(Network network, Node node, Tensor channels)
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
            int axis = node.Operator is Linear ? 0 : network.Graph.ShapeOf(node.Name).Rank - 2;
            return WithMap(network, node, channels.Reshape([channels.Count, .. Enumerable.Repeat(1, axis)]));
        }

        Network changed = network.Replace(node.Name, withBias, RandomStream.FromSeed(0));
        return changed.WithParameters([changed.Parameters[name] with { Value = channels }]);
    }

    /// <summary>Adds a node after the layer that adds a constant without batch axis.</summary>
    private static Network WithMap(Network network, Node node, Tensor addend)
    {
        Tensor map = addend.Rank == network.Graph.ShapeOf(node.Name).Rank ? addend.Squeeze(0) : addend;
        string name = Free(network, $"{node.Name}.border");
        Network changed = network.Splice(node.Name, x =>
            x.Add(x.Builder.Add(new ConstantValue(map.Shape), name, parametersOf: null, []), $"{name}.sum"));
        return changed.WithParameters([changed.Parameters[$"{name}.value"] with { Value = map, IsTrainable = false }]);
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
