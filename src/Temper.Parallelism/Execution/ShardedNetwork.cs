using Temper.Networks;
using Temper.Parallelism.Collectives;
using Temper.Parallelism.Planning;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Parallelism.Execution;

/// <summary>
/// The shard of a network that one rank trains under a plan: convolutions and linear layers with fewer channels, with
/// the exchanges between them that the plan counts.
/// </summary>
internal sealed class ShardedNetwork
{
    /// <summary>
    /// Operators that process each element or channel independently, so that a rank can apply them to whichever ones it
    /// holds.
    /// </summary>
    private static readonly HashSet<string> Apart = new(StringComparer.Ordinal)
    {
        "Relu", "LeakyRelu", "Tanh", "Sigmoid", "Softplus", "Elu", "Celu", "Selu", "HardSigmoid", "Gelu", "Clip",
        "Dropout", "Flatten",
        "MaxPool", "AveragePool", "GlobalAveragePool", "AdaptiveAveragePool", "Pad", "Normalize",
    };

    private readonly Network _whole;
    private readonly Communicator _ranks;
    private readonly ShardStep _step;
    private readonly ShardedLayer[] _layers;

    /// <exception cref="ArgumentException">
    /// The plan was made for another network, or an axis is too short for it.
    /// </exception>
    /// <exception cref="NotSupportedException">The network cannot be trained in shards.</exception>
    internal ShardedNetwork(Network whole, RankPlan plan, Communicator ranks, StepTimeline? timeline = null)
    {
        (_whole, _ranks) = (whole, ranks);
        Hierarchy = Hierarchy.Of(plan.Accelerators);
        _step = new ShardStep(ranks, Hierarchy, timeline);
        _layers = LayersOf(whole, plan);
    }

    internal Hierarchy Hierarchy { get; }

    internal IReadOnlyList<ShardedLayer> Layers => _layers;

    /// <summary>The whole network.</summary>
    internal Network Whole => _whole;

    /// <summary>Returns the layers of a network under a plan. Throws if they cannot be trained under it.</summary>
    internal static ShardedLayer[] LayersOf(Network network, RankPlan plan)
    {
        var hierarchy = Hierarchy.Of(plan.Accelerators);
        ShardedLayer[] layers =
            [.. Weighted(network, plan).Select((node, i) => new ShardedLayer(node, network, plan, i, hierarchy))];
        Array.ForEach(layers, layer => layer.RequireNotEmpty());
        return layers;
    }

    /// <summary>Returns the indices of the samples whose loss this rank computes.</summary>
    internal int[] LossSamples(int samples) =>
        ShardLayout.Indices(samples, [.. Enumerable.Repeat(true, Hierarchy.Levels)], Hierarchy, _ranks.Rank);

    /// <summary>
    /// Returns this rank's shard of a network with the same graph as the whole network, and how its parameters are cut
    /// from it.
    /// </summary>
    internal NetworkEdit Cut(Network current)
    {
        Network shard = Network.Build(current.Inputs, values => [(current.Outputs[0].Name, Build(values[0]))]);
        ParameterMove[] moves = [.. _layers.SelectMany(layer => layer.Moves(_ranks.Rank))];
        var edit = new NetworkEdit(shard, moves);
        Tensor Moved(Parameter part, Tensor values, Parameter source) =>
            Tensor.From(edit.Moved(part.Name, values.ToArray<float>(), source.Value.Shape, []), part.Value.Shape);
        return edit with
        {
            Network = shard.WithParameters(shard.Parameters.Select(part =>
            {
                Parameter source = current.Parameters[part.Name];
                return source with
                {
                    Value = Moved(part, source.Value, source),
                    Mask = source.Mask is null ? null : Moved(part, source.Mask, source),
                };
            })),
        };
    }

    private Value Build(Value input)
    {
        var values = new Dictionary<string, Value>(StringComparer.Ordinal) { [_whole.Inputs[0].Name] = input };
        int next = 0;
        foreach (Node node in _whole.Nodes)
        {
            Value x = values[node.Inputs[0]];
            bool isWeighted = next < _layers.Length && ReferenceEquals(_layers[next].Node, node);
            values[node.Name] = isWeighted ? Layer(next++, x) : x.Apply(node.Operator, node.Name);
        }

        ShardedLayer last = _layers[^1];
        var samples = ShardLayout.Of(Hierarchy.Levels, _ => (true, false));
        return Moved(values[_whole.Outputs[0].Value], last.OutChannels, last.Held, samples);
    }

    private Value Layer(int index, Value x)
    {
        ShardedLayer layer = _layers[index];
        x = index == 0
            ? x.Apply(new TakeShard(_step, layer.Needed))
            : Moved(x, layer.InChannels, _layers[index - 1].Held, layer.Needed);
        Value y = x.Builder.Add(
            layer.OperatorOf(_ranks.Rank), layer.Node.Name, layer.ParametersOf(_ranks.Rank), layer.Node.Buffers, [x]);
        if (layer.Made.IsSame(layer.Held))
        {
            return y;
        }

        var exchange = new ShardExchange(_step, layer.OutChannels, layer.Held, layer.Made);
        return y.Apply(new ShardTransfer(exchange, IsGather: false));
    }

    private Value Moved(Value x, int channels, ShardLayout held, ShardLayout needed) => held.IsSame(needed)
        ? x
        : x.Apply(new ShardTransfer(new ShardExchange(_step, channels, held, needed), IsGather: true));

    private static Node[] Weighted(Network network, RankPlan plan)
    {
        Node[] weighted = [.. network.Nodes.Where(node => node.Operator is Conv2d { Options.Groups: 1 } or Linear)];
        if (!weighted.Select(node => node.Name).SequenceEqual(plan.Layers, StringComparer.Ordinal))
        {
            throw new ArgumentException(
                $"plan: the plan is for another network (got {plan.Layers.Count} layers "
                + $"{string.Join(", ", plan.Layers.Take(6))}, expected "
                + $"{string.Join(", ", weighted.Take(6).Select(node => node.Name))}); "
                + "make a plan for this network with temper plan");
        }

        string before = network.Inputs[0].Name;
        foreach (Node node in network.Nodes)
        {
            bool isKnown = weighted.Contains(node) || Apart.Contains(node.Operator.Kind);
            if (!isKnown || node.Inputs is not [var only] || !string.Equals(only, before, StringComparison.Ordinal))
            {
                throw new NotSupportedException(
                    $"plan: node '{node.Name}' cannot be trained in shards (got {node.Operator.Kind}, expected a chain "
                    + "of convolutions, linear layers, activations and pooling); use --plan data, which divides the "
                    + "samples of any network");
            }

            before = node.Name;
        }

        return plan.Levels.Any(level => level.Contains('3', StringComparison.Ordinal))
            ? throw new NotSupportedException(
                "plan: training cannot divide the rows of images; make a plan with --splits kernel or output")
            : weighted;
    }
}
