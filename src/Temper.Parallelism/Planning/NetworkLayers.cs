using Temper.Networks;
using Temper.Tensors;

namespace Temper.Parallelism.Planning;

/// <summary>
/// Converts a network for the planner into layers with weights, junctions where branches meet, and the values between
/// them.
/// </summary>
public static class NetworkLayers
{
    /// <summary>
    /// Operators that process each element or channel independently. They belong to the preceding layer, whatever its
    /// split.
    /// </summary>
    private static readonly HashSet<string> Passing = new(StringComparer.Ordinal)
    {
        "Relu", "LeakyRelu", "Tanh", "Sigmoid", "Softplus", "Elu", "Celu", "Selu", "HardSigmoid", "Gelu", "Clip",
        "PRelu", "Dropout", "Flatten", "Normalize",
        "BatchNormalization", "MaxPool", "AveragePool", "GlobalAveragePool", "AdaptiveAveragePool", "Pad", "MaxPool3d",
        "AveragePool3d",
    };

    /// <summary>Operators that join branches element by element or channel by channel.</summary>
    private static readonly HashSet<string> Joining =
        new(StringComparer.Ordinal) { "Add", "Sub", "Mul", "Div", "Max", "Min", "Concat" };

    /// <summary>Returns the layers of a network and the values between them.</summary>
    /// <param name="network">A network that processes samples independently.</param>
    /// <param name="name">Name of the planned network.</param>
    /// <exception cref="ArgumentException">The network has no convolution or linear layer.</exception>
    /// <exception cref="NotSupportedException">Samples depend on each other, or layers share their weights.</exception>
    public static PlannedNetwork Of(Network network, string name)
    {
        if (network.Batch.Kind == BatchKind.Whole)
        {
            throw new NotSupportedException(
                $"plan: the batch of {name} cannot be divided because its samples depend on each other "
                + $"({network.Batch}); use a network that processes samples independently");
        }

        var reader = new Reader(network);
        return new PlannedNetwork(name, reader.Layers, reader.Edges);
    }

    /// <summary>Returns how often each value is read, by nodes and as an output.</summary>
    internal static Dictionary<string, int> UsersOf(Network network) =>
        network.Nodes.SelectMany(node => node.Inputs).Concat(network.Outputs.Select(output => output.Value))
            .GroupBy(value => value, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);

    /// <summary>
    /// Reads the nodes in one pass. Every value is traced to the layer that produces it; values that depend on no input
    /// are constants.
    /// </summary>
    private sealed class Reader
    {
        private readonly Network _network;
        private readonly Dictionary<string, int> _origins = new(StringComparer.Ordinal);
        private readonly Dictionary<string, Node> _weights = new(StringComparer.Ordinal);

        internal Reader(Network network)
        {
            _network = network;
            foreach (InputSpec input in network.Inputs)
            {
                _origins[input.Name] = Data;
            }

            Dictionary<string, int> users = UsersOf(network);
            foreach (Node node in network.Nodes)
            {
                Visit(node);
                // If several nodes read a layer's output, a junction sums its partial results once and then passes them
                // to each reader.
                if (users.GetValueOrDefault(node.Name) > 1 && _origins[node.Name] is >= 0 and var origin
                    && Layers[origin].Kind is LayerKind.Weighted or LayerKind.Grouped)
                {
                    AddJunction($"{node.Name}.out", node, [node.Name], LayerKind.Junction);
                }
            }
        }

        internal List<PlannedLayer> Layers { get; } = [];

        internal List<PlannedEdge> Edges { get; } = [];

        /// <summary>Origins of the network's inputs and of constants.</summary>
        private const int Data = -1, Constant = -2;

        private void Visit(Node node)
        {
            string[] moving = [.. node.Inputs.Where(value => _origins[value] >= 0)];
            bool hasWeights = node.Operator is Conv2d or ConvTranspose2d or Conv3d or ConvTranspose3d or Linear;
            if (hasWeights)
            {
                AddWeighted(node, moving);
            }
            else if (moving.Length == 0)
            {
                _origins[node.Name] = node.Inputs.Any(value => _origins[value] == Data) ? Data : Constant;
            }
            else if (moving.Length == 1
                && (Passing.Contains(node.Operator.Kind) || Joining.Contains(node.Operator.Kind)))
            {
                Pass(node, moving[0]);
            }
            else
            {
                AddJunction(node.Name, node, moving, Joining.Contains(node.Operator.Kind)
                    ? LayerKind.Junction
                    : LayerKind.WholeSample);
            }
        }

        /// <summary>Adds a node to the layer before it: the node's output becomes the layer's output.</summary>
        private void Pass(Node node, string input)
        {
            int origin = _origins[input];
            _origins[node.Name] = origin;
            if (!Edges.Any(edge => edge.From == origin))
            {
                Shape shape = _network.Graph.ShapeOf(node.Name);
                PlannedRows? rows = Layers[origin].Rows;
                Layers[origin] = Layers[origin] with
                {
                    Outputs = shape.Count,
                    Rows = rows is null ? null : rows with { Pooled = shape.Rank == 4 ? shape[2] : 1 },
                };
            }
        }

        private void AddWeighted(Node node, string[] moving)
        {
            string weight = node.Parameters[0];
            if (_weights.TryGetValue(weight, out Node? first))
            {
                throw new NotSupportedException(
                    $"plan: layers '{first.Name}' and '{node.Name}' share the weights '{weight}', so they cannot be "
                    + "divided independently; use a network without shared weights");
            }

            _weights.Add(weight, node);
            Shape input = _network.Graph.ShapeOf(node.Inputs[0]), output = _network.Graph.ShapeOf(node.Name);
            int groups = node.Operator switch
            {
                Conv2d conv => conv.Options.Groups,
                ConvTranspose2d conv => conv.Options.Groups,
                _ => 1,
            };
            bool isConvolution = node.Operator is not Linear;
            Add(node.Name, moving, new PlannedLayer
            {
                Name = node.Name,
                Kind = groups > 1 ? LayerKind.Grouped : LayerKind.Weighted,
                IsConvolution = isConvolution,
                Weights = _network.Parameters[weight].Value.Count,
                Inputs = moving.Length == 0 ? 0 : input.Count,
                DataInputs = _origins[node.Inputs[0]] == Data ? input.Count : 0,
                Outputs = output.Count,
                PartialSums = output.Count,
                Macs = node.Operator.Macs([input], output),
                InChannels = groups > 1 ? groups : isConvolution ? input[1] : input[^1],
                OutChannels = isConvolution ? output[1] : output[^1],
                Rows = node.Operator is Conv2d window ? Rows(window, input, output) : null,
            });
        }

        private static PlannedRows Rows(Conv2d conv, Shape input, Shape output) => new(
            input[2], output[2], output[2], ((conv.Kernel.Height - 1) * conv.Options.Dilation.Height) + 1,
            conv.Options.Stride.Height, conv.Options.Padding.Top,
            (long)input[1] * input[3]);

        private void AddJunction(string name, Node node, string[] moving, LayerKind kind)
        {
            Shape shape = _network.Graph.ShapeOf(node.Name);
            Add(node.Name, moving, new PlannedLayer
            {
                Name = name,
                Kind = kind,
                Outputs = shape.Count,
                Rows = shape.Rank == 4
                    ? new PlannedRows(shape[2], shape[2], shape[2], 1, 1, 0, (long)shape[1] * shape[3])
                    : null,
            });
        }

        private void Add(string value, string[] moving, PlannedLayer layer)
        {
            foreach (string input in moving)
            {
                Edges.Add(new PlannedEdge(_origins[input], Layers.Count, _network.Graph.ShapeOf(input).Count));
            }

            _origins[value] = Layers.Count;
            Layers.Add(layer);
        }
    }
}
