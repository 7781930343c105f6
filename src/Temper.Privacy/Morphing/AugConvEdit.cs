using Temper.Networks;
using Temper.Tensors;

namespace Temper.Privacy.Morphing;

/// <summary>Edits a network so that it takes morphed data.</summary>
public static class AugConvEdit
{
    /// <summary>
    /// Replaces the first convolution with an Aug-Conv layer. The layer's matrix is frozen; the convolution's bias is
    /// kept and stays trainable. The layers after it must be trained from scratch or fine-tuned, because the channels
    /// are in a secret order.
    /// </summary>
    /// <param name="network">A network whose only input is used by one convolution and nothing else.</param>
    /// <param name="layer">The layer, from a bundle.</param>
    /// <returns>The edited network; it takes morphed pictures of the same shape.</returns>
    /// <exception cref="ArgumentException">
    /// The first layer is not such a convolution, or its sizes differ from the layer's.
    /// </exception>
    public static Network WithAugConv(this Network network, AugConvLayer layer)
    {
        Node first = First(network);
        var convolution = (Conv2d)first.Operator;
        AugConv operation = layer.Operator with { HasBias = convolution.HasBias };
        Shape expected = network.Graph.ShapeOf(first.Name),
            found = operation.InferShape([network.Inputs[0].BatchShape(1)], first.Name);
        if (!expected.Equals(found))
        {
            throw new ArgumentException(
                $"Aug-Conv: the layer does not match '{first.Name}' (got features {found}, expected {expected}); the "
                + "owner must create one from this network's first weights, stride and padding with temper morph "
                + "layer");
        }

        Network changed = network.Replace(first.Name, operation);
        string matrix = changed.Nodes.Single(node => node.Operator is AugConv).Parameters[0];
        return changed.WithParameters([changed.Parameters[matrix] with { Value = layer.Weight, IsTrainable = false }]);
    }

    /// <summary>
    /// Returns the convolution that the layer replaces; throws if the only input is not used by one convolution and
    /// nothing else.
    /// </summary>
    internal static Node First(Network network)
    {
        if (network.Inputs is not [InputSpec input])
        {
            throw new ArgumentException($"Aug-Conv: the network needs one input (got {network.Inputs.Count})");
        }

        IReadOnlyList<Node> users = network.UsersOf(input.Name);
        return users is [{ Operator: Conv2d { Options: { Groups: 1, Dilation: (1, 1) } } } only]
            ? only
            : throw new ArgumentException(
            "Aug-Conv: the input must be used by exactly one convolution without groups or dilation (got "
            + $"{string.Join(", ", users.Select(node => $"{node.Name}: {node.Operator.Kind}"))}); preprocessing "
            + "must be done by the owner, before morphing");
    }
}
