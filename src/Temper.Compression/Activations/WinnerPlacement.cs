using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Activations;

/// <summary>A point in the network where winners-take-all can be inserted: after an activation function.</summary>
/// <param name="After">Name of the node whose output is thinned.</param>
/// <param name="Unit">What competes: channels or elements.</param>
/// <param name="Competitors">Number of competitors per sample.</param>
/// <param name="Readers">
/// Names of the weighted layers (linear, convolution) that read the thinned activations and skip their zeros.
/// </param>
public sealed record WinnerPlace(string After, WinnerUnit Unit, int Competitors, IReadOnlyList<string> Readers)
{
    /// <summary>Name of the winners node that is inserted.</summary>
    public string Node => $"{After}.winners";
}

/// <summary>Finds the points where winners-take-all can be inserted.</summary>
public static class WinnerPlacement
{
    /// <summary>
    /// Finds activation functions whose output is read only by weighted layers, possibly through pooling; winners are
    /// inserted before the pooling. Outputs are excluded, and so is the trunk of residual networks, because additions
    /// and concatenations need all channels. Activations after a depthwise convolution are excluded too: the pointwise
    /// convolution before it has a point, and the depthwise convolution then skips the same channels.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="channels">
    /// True: channels compete in image activations, elements elsewhere. False: elements compete everywhere.
    /// </param>
    /// <param name="ignores">
    /// Excludes layers, by name of the activation function or of the layer before it; null: none.
    /// </param>
    /// <returns>The points in network order; empty if there are none.</returns>
    public static IReadOnlyList<WinnerPlace> Of(Network network, bool channels, Func<string, bool>? ignores = null)
    {
        var places = new List<WinnerPlace>();
        foreach (Node node in network.Nodes.Where(IsActivation))
        {
            Shape shape = network.Graph.ShapeOf(node.Name);
            var readers = new List<string>();
            Node? maker = Layer(network, node);
            bool fits = shape.Rank is 2 or 4
                && maker is not null
                && !IsDepthwise(maker.Operator)
                && FindReaders(network, node.Name, readers)
                && readers.Count > 0;
            if (fits && ignores?.Invoke(node.Name) != true && ignores?.Invoke(maker!.Name) != true)
            {
                WinnerUnit unit = channels && shape.Rank == 4 ? WinnerUnit.Channels : WinnerUnit.Elements;
                places.Add(new WinnerPlace(node.Name, unit, Winners.Competitors(shape, unit), readers));
            }
        }

        return places;
    }

    private static bool IsActivation(Node node) => node.Operator
        is Relu
            or LeakyRelu
            or Tanh
            or Sigmoid
            or Elu
            or Celu
            or Selu
            or Gelu
            or Clip
            or HardSigmoid
            or Softplus
            or PRelu
        or Pointwise { Function: PointwiseFunction.Swish
            or PointwiseFunction.HardSwish or PointwiseFunction.Mish or PointwiseFunction.Softsign };

    /// <summary>
    /// Returns the weighted layer whose output an activation function reads, directly or through a normalization; null
    /// if there is none.
    /// </summary>
    private static Node? Layer(Network network, Node node)
    {
        Node? maker = network.Graph.FindNode(node.Inputs[0]);
        return maker?.Operator switch
        {
            Conv2d or Linear => maker,
            BatchNorm or GroupNorm or LayerNorm => Layer(network, maker),
            _ => null,
        };
    }

    private static bool IsDepthwise(Operator operation) => operation is Conv2d { Options.Groups: > 1 } layer
        && layer.Options.Groups == layer.Channels;

    /// <summary>
    /// Returns whether a value is read only by weighted layers, directly or through operators that map zeros to zeros;
    /// collects these layers.
    /// </summary>
    private static bool FindReaders(Network network, string value, List<string> readers)
    {
        if (network.Outputs.Any(output => string.Equals(output.Value, value, StringComparison.Ordinal)))
        {
            return false;
        }

        foreach (Node user in network.UsersOf(value))
        {
            bool fits = user.Operator switch
            {
                Conv2d or Linear => true,
                MaxPool2d
                    or AvgPool2d
                    or GlobalAvgPool2d
                    or AdaptiveAvgPool2d
                    or Flatten
                    or Reshape
                    or Dropout
                    or Winners => FindReaders(network, user.Name, readers),
                _ => false,
            };
            if (!fits)
            {
                return false;
            }

            if (user.Operator is Conv2d or Linear)
            {
                readers.Add(user.Name);
            }
        }

        return true;
    }
}
