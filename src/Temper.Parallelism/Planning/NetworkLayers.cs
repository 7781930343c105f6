using Temper.Networks;
using Temper.Tensors;

namespace Temper.Parallelism.Planning;

/// <summary>
/// Reads a network for a planner: layers with weights, the points where branches meet, and the values between them.
/// </summary>
public static class NetworkLayers
{
    /// <summary>
    /// Operators that work on each element or channel alone: they go with the layer before them, however it is split.
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

    /// <summary>The layers of a network.</summary>
    /// <param name="network">Any network whose samples are kept apart.</param>
    /// <param name="name">What to call it.</param>
    /// <exception cref="ArgumentException">No layer has weights.</exception>
    /// <exception cref="NotSupportedException">Samples depend on each other, or layers share their weights.</exception>
    public static PlannedNetwork Of(Network network, string name)
    {
        if (network.Batch.Kind == BatchKind.Whole)
        {
            throw new NotSupportedException($"plan: samples of {name} depend on each other ({network.Batch}), so no "
                + "batch of it can be divided; plan a network that keeps them apart");
        }

        var reader = new Reader(network);
        return new PlannedNetwork(name, reader.Layers, reader.Edges);
    }

    /// <summary>
    /// One walk over the nodes. Every value is traced to the layer that makes it; values that depend on no input are
    /// constants.
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

            Dictionary<string, int> users =
                network.Nodes.SelectMany(node => node.Inputs).Concat(network.Outputs.Select(output => output.Value))
                .GroupBy(value => value, StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
            foreach (Node node in network.Nodes)
            {
                Visit(node);
                // Several readers of one layer's output: it is summed up once, at a junction, and goes to each from
                // there.
                if (users.GetValueOrDefault(node.Name) > 1 && _origins[node.Name] is >= 0 and var origin
                    && Layers[origin].Kind is LayerKind.Weighted or LayerKind.Grouped)
                {
                    AddJunction($"{node.Name}.out", node, [node.Name], LayerKind.Junction);
                }
            }
        }

        internal List<PlannedLayer> Layers { get; } = [];

        internal List<PlannedEdge> Edges { get; } = [];

        /// <summary>Origin of the network's inputs, and of constants.</summary>
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

        /// <summary>A layer with what follows it: its output is what comes out at the end.</summary>
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
                    Rows = rows is null ? null : shape.Rank == 4 ? rows with
                    {
                        Pooled = shape[2],
                    } : rows with { Pooled = 1 },
                };
            }
        }

        private void AddWeighted(Node node, string[] moving)
        {
            string weight = node.Parameters[0];
            if (_weights.TryGetValue(weight, out Node? first))
            {
                throw new NotSupportedException($"plan: layers '{first.Name}' and '{node.Name}' share the weights "
                    + $"'{weight}', so they cannot be split apart; plan a network without shared weights");
            }

            _weights.Add(weight, node);
            Shape input = _network.Graph.ShapeOf(node.Inputs[0]), output = _network.Graph.ShapeOf(node.Name);
            int groups = node.Operator switch { Conv2d conv =>
                conv.Options.Groups, ConvTranspose2d conv => conv.Options.Groups, _ => 1 };
            bool isConvolution = node.Operator is not Linear;
            Add(node.Name, moving, new PlannedLayer
            {
                Name = node.Name,
                Kind = groups > 1 ? LayerKind.Grouped : LayerKind.Weighted,
                IsConvolution = isConvolution,
                Weights = _network.Parameters[weight].Value.Count,
                Inputs = moving.Length == 0 ? 0 : input.Count,
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
