using Temper.Networks;
using Temper.Tensors;

namespace Temper.Privacy.Morphing;

/// <summary>The edit that makes a network one for morphed data.</summary>
public static class AugConvEdit
{
    /// <summary>
    /// Replaces the first convolution by an Aug-Conv layer. Its matrix is frozen; the convolution's bias stays and
    /// trains. What follows the layer must be trained from scratch or fine-tuned, since channels arrive in a secret
    /// order.
    /// </summary>
    /// <param name="network">A network whose only input goes into a convolution and nowhere else.</param>
    /// <param name="layer">The layer, from a bundle.</param>
    /// <returns>The changed network; takes morphed pictures of the same shape.</returns>
    /// <exception cref="ArgumentException">The first layer is no such convolution or has other sizes.</exception>
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
                $"Aug-Conv: the layer does not fit '{first.Name}' (got features {found}, expected {expected}); the "
                + "owner makes one for this network from its first weights, stride and padding: temper morph layer");
        }

        Network changed = network.Replace(first.Name, operation);
        string matrix = changed.Nodes.Single(node => node.Operator is AugConv).Parameters[0];
        return changed.WithParameters([changed.Parameters[matrix] with { Value = layer.Weight, IsTrainable = false }]);
    }

    private static Node First(Network network)
    {
        if (network.Inputs is not [InputSpec input])
        {
            throw new ArgumentException($"Aug-Conv: the network needs one input (got {network.Inputs.Count})");
        }

        IReadOnlyList<Node> users = network.UsersOf(input.Name);
        return users is [{ Operator: Conv2d { Options: { Groups: 1, Dilation: (1, 1) } } } only]
            ? only
            : throw new ArgumentException(
            "Aug-Conv: the input must go into one convolution without groups or dilation (got "
            + $"{string.Join(", ", users.Select(node => $"{node.Name}: {node.Operator.Kind}"))}); preprocessing "
                + "belongs before the morphing, at the owner");
    }
}
