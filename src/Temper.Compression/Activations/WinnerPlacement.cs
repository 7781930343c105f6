using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Activations;

/// <summary>A place for winners-take-all: behind an activation function.</summary>
/// <param name="After">The node whose result is thinned.</param>
/// <param name="Unit">What competes there.</param>
/// <param name="Competitors">How many compete in a sample.</param>
/// <param name="Readers">The layers of weights that read the thinned value and skip what is zero.</param>
public sealed record WinnerPlace(string After, WinnerUnit Unit, int Competitors, IReadOnlyList<string> Readers)
{
    /// <summary>Name of the node that is put there.</summary>
    public string Node => $"{After}.winners";
}

/// <summary>Where winners-take-all may stand.</summary>
public static class WinnerPlacement
{
    /// <summary>
    /// Finds the places: behind an activation function (before pooling) of which layers of weights alone make use. So
    /// never on an output, and in residual networks never on the trunk: what an addition or concatenation reads keeps
    /// all its channels. Behind a depthwise convolution there is no place either; the pointwise convolution before it
    /// has one, and the depthwise convolution skips the same channels.
    /// </summary>
    /// <param name="network">Any network.</param>
    /// <param name="channels">Whether channels of images compete; if not, numbers do everywhere.</param>
    /// <param name="ignores">
    /// Layers whose outputs stay, by name of the activation function or of the layer; null: none.
    /// </param>
    /// <returns>In the network's order; empty where there is none.</returns>
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
    /// The layer of weights whose result an activation function takes, through normalization; null: something else.
    /// </summary>
    private static Node? Layer(Network network, Node node)
    {
        Node? maker =
            network.Nodes.FirstOrDefault(other => string.Equals(other.Name, node.Inputs[0], StringComparison.Ordinal));
        return maker?.Operator switch
        {
            Conv2d or Linear => maker,
            BatchNorm or GroupNorm or LayerNorm => Layer(network, maker),
            _ => null,
        };
    }

    private static bool IsDepthwise(Operator operation) => operation is Conv2d { Options.Groups: > 1 } layer
        && layer.Options.Groups == layer.Channels;

    /// <summary>Whether only layers of weights make use of a value, through what keeps zeros zero.</summary>
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
