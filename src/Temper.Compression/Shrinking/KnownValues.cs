using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Shrinking;

/// <summary>
/// Finds the elements inside a network that are the same for every input. For example, a zero filter followed by a
/// shift and an activation gives a constant, and another constant at the border after a padded convolution. One pass on
/// a batch of one computes the values; a second pass alongside it computes where they depend on the input.
/// </summary>
internal sealed class KnownValues
{
    private readonly Network _network;
    private readonly Dictionary<string, KnownValue> _values = new(StringComparer.Ordinal);

    private KnownValues(Network network)
    {
        _network = network;
        foreach (InputSpec input in network.Inputs)
        {
            _values.Add(input.Name, KnownValue.Nothing(network.Graph.ShapeOf(input.Name), input.DType));
        }

        foreach (Node node in network.Nodes)
        {
            _values.Add(node.Name, Find(node, [.. node.Inputs.Select(input => _values[input])]));
        }
    }

    /// <summary>Gets what is known about an input or the output of a node.</summary>
    internal KnownValue this[string value] => _values[value];

    internal static KnownValues Of(Network network) => new(network);

    /// <summary>Computes the output of a weighted layer without its bias.</summary>
    internal Tensor WithoutBias(Node node, Tensor x) =>
        Run(node, [x], [.. Parameters(node).Select((value, i) => i == 0 ? value : Tensor.Zeros(value.Shape))]);

    /// <summary>Computes the sum of the magnitudes of the products that a weighted layer adds up.</summary>
    internal Tensor Magnitudes(Node node, Tensor x) => Run(
        node, [x.Abs()],
        [.. Parameters(node).Select((value, i) => i == 0 ? value.Abs() : Tensor.Zeros(value.Shape))]);

    private KnownValue Find(Node node, KnownValue[] inputs)
    {
        if (inputs.Length > 0
            && Array.TrueForAll(inputs, input => !input.IsKnown && IsWhollyUnknown(input)) && !CanForget(node))
        {
            return KnownValue.Nothing(_network.Graph.ShapeOf(node.Name), _network.Graph.InfoOf(node.Name).DType);
        }

        if (Array.TrueForAll(inputs, input => input.IsKnown))
        {
            return KnownValue.All(Run(node, [.. inputs.Select(input => input.Value)], Parameters(node)));
        }

        return Unknown(node, inputs) is { } unknown
            ? KnownValue.Of(Run(node, [.. inputs.Select(input => input.Value)], Parameters(node)), unknown)
            : KnownValue.Nothing(_network.Graph.ShapeOf(node.Name), _network.Graph.InfoOf(node.Name).DType);
    }

    /// <summary>Returns whether a node's output can be independent of the input if its weights are zero.</summary>
    private static bool CanForget(Node node) => node.Operator is Conv2d
        or ConvTranspose2d
        or Conv3d
        or ConvTranspose3d
        or Linear
        or BatchNorm
        or MatMul
        or Multiply
        or Pad;

    private static bool IsWhollyUnknown(KnownValue value) => !value.Unknown.AsSpan<float>().Contains(0f);

    /// <summary>Returns where the output depends on the input (above 0); null: everywhere.</summary>
    private Tensor? Unknown(Node node, KnownValue[] inputs)
    {
        Tensor unknown = inputs[0].Unknown;
        switch (node.Operator)
        {
            case Conv2d or ConvTranspose2d or Conv3d or ConvTranspose3d or Linear:
                // An unknown element affects the output through every nonzero weight.
                Tensor[] parameters = Parameters(node);
                return Run(node, [unknown], [parameters[0].Abs().Sign(), .. parameters[1..].Select(bias =>
                    Tensor.Zeros(bias.Shape))]);
            case BatchNorm:
                Tensor scale = Parameters(node)[0].Abs().Sign();
                return unknown * scale.Reshape([1, scale.Count, .. Enumerable.Repeat(1, unknown.Rank - 2)]);
            case MatMul:
                return Spread(inputs[0]).MatMul(inputs[1].Unknown) + unknown.MatMul(Spread(inputs[1]));
            case Multiply:
                return (Spread(inputs[0]) * inputs[1].Unknown) + (unknown * Spread(inputs[1]));
            case ElementwiseOperator:
                return unknown;
            case BinaryOperator:
                return inputs[0].Unknown + inputs[1].Unknown;
            case AvgPool2d
                or GlobalAvgPool2d
                or AdaptiveAvgPool2d
                or MaxPool2d
                or Pool3d
                or Flatten
                or Reshape
                or Permute
                or Slice
                or Resize:
                return Run(node, [unknown], []);
            case Concatenate:
                return Run(node, [.. inputs.Select(input => input.Unknown)], []);
            case Pad pad:
                return Run(node with { Operator = pad with { Fill = 0 } }, [unknown], []);
            case Reduce reduce:
                return Run(
                    node with { Operator = new Reduce(Reduction.Max, reduce.Axes, reduce.KeepAxes) }, [unknown], []);
            default:
                return null;
        }
    }

    /// <summary>Returns 1 where a factor may be nonzero.</summary>
    private static Tensor Spread(KnownValue factor) => factor.Value.Abs().Sign() + factor.Unknown;

    private Tensor[] Parameters(Node node) => [.. node.Parameters.Select(name => _network.Parameters[name].Value)];

    private Tensor Run(Node node, Tensor[] inputs, Tensor[] parameters) => node.Operator.Forward(new NodeContext
    {
        Node = node,
        Inputs = inputs,
        Parameters = parameters,
        Buffers = [.. node.Buffers.Select(name => _network.Buffers[name])],
        Pass = Pass.Evaluation,
    });
}
