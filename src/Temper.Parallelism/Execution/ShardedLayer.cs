using Temper.Networks;
using Temper.Parallelism.Planning;
using Temper.Tensors;

namespace Temper.Parallelism.Execution;

/// <summary>
/// A convolution or linear layer under a plan: what each rank holds of its input, weights and output.
/// </summary>
internal sealed class ShardedLayer
{
    private readonly Hierarchy _hierarchy;
    private readonly Split[] _splits;

    /// <summary>Features of the input for each of its channels: more than one where an image was flattened.</summary>
    private readonly int _unit;

    internal ShardedLayer(Node node, Network network, RankPlan plan, int index, Hierarchy hierarchy)
    {
        (Node, _hierarchy) = (node, hierarchy);
        int levels = hierarchy.Levels;
        _splits = [.. Enumerable.Range(0, levels).Select(level => plan[level, index])];
        Shape weight = network.Parameters[node.Parameters[0]].Value.Shape;
        OutChannels = weight[0];
        InChannels =
            index == 0 ? weight[1] : network.Parameters[Previous(network, plan, index).Parameters[0]].Value.Shape[0];
        _unit = weight[1] / InChannels;
        Needed = ShardLayout.Of(levels, level => (_splits[level] == Split.Data, _splits[level] == Split.Input));
        Made = ShardLayout.Of(levels, level => (_splits[level] == Split.Data, _splits[level] == Split.Output));

        // Partial sums are divided by what the next layer divides, so that nothing has to move again.
        bool TakesChannels(int level) => index + 1 < plan.Layers.Count && plan[level, index + 1] == Split.Input;
        Held = ShardLayout.Of(levels, level => _splits[level] switch
        {
            Split.Data => (true, false),
            Split.Output => (false, true),
            _ => (!TakesChannels(level), TakesChannels(level)),
        });
    }

    internal Node Node { get; }

    /// <summary>Channels of the input, before flattening, and of the output.</summary>
    internal int InChannels { get; }

    /// <inheritdoc cref="InChannels"/>
    internal int OutChannels { get; }

    /// <summary>What a rank needs of the input.</summary>
    internal ShardLayout Needed { get; }

    /// <summary>What it computes of the output: sums of all inputs, or of a part.</summary>
    internal ShardLayout Made { get; }

    /// <summary>What it holds of the output once partial sums are added up.</summary>
    internal ShardLayout Held { get; }

    /// <summary>For each level whether ranks of its groups have the same weights.</summary>
    internal bool[] Replicated => Needed.Samples;

    /// <summary>
    /// The layer that a rank computes. Where several add up partial sums, the first of them adds the bias.
    /// </summary>
    internal Operator OperatorOf(int rank)
    {
        int channels = Outputs(rank).Length;
        return Node.Operator switch
        {
            Conv2d conv => conv with { Channels = channels, HasBias = conv.HasBias && AddsBias(rank) },
            Linear linear => linear with { Features = channels, HasBias = linear.HasBias && AddsBias(rank) },
            _ => throw new NotSupportedException($"plan: '{Node.Name}' is no layer with weights"),
        };
    }

    /// <summary>Where the parameters of a rank's layer come from.</summary>
    internal IEnumerable<ParameterMove> Moves(int rank)
    {
        yield return new ParameterMove(Node.Parameters[0], Node.Parameters[0], 0, Outputs(rank));
        yield return new ParameterMove(Node.Parameters[0], Node.Parameters[0], 1, Inputs(rank));
        if (Node.Parameters.Count > 1 && AddsBias(rank))
        {
            yield return new ParameterMove(Node.Parameters[1], Node.Parameters[1], 0, Outputs(rank));
        }
    }

    /// <summary>Whether a rank is the first of those with the same shard of a parameter.</summary>
    internal bool IsFirst(int rank, int parameter) =>
        Enumerable.Range(0, _splits.Length).All(level => _splits[level] != Split.Data
            || _hierarchy.GroupOf(rank, level) == 0) && (parameter == 0 || AddsBias(rank));

    /// <summary>Numbers of the ranks that share this rank's weights: the same number, the same group.</summary>
    internal int GroupOf(int rank)
    {
        int group = 0;
        for (int level = 0; level < _splits.Length; level++)
        {
            group = (group * _hierarchy.Groups[level]) + (Replicated[level] ? 0 : _hierarchy.GroupOf(rank, level));
        }

        return group;
    }

    internal void RequireNotEmpty()
    {
        for (int rank = 0; rank < _hierarchy.Accelerators; rank++)
        {
            int[][] axes = [Outputs(rank), Inputs(rank), Indices(OutChannels, Held.Channels, rank)];
            if (axes.Any(axis => axis.Length == 0))
            {
                throw new ArgumentException(
                    $"plan: '{Node.Name}' is too small for the plan (got {InChannels} input and {OutChannels} output "
                    + $"channels over {_hierarchy.Accelerators} ranks, of which rank {rank} would have none); divide "
                        + "its samples");
            }
        }
    }

    private bool AddsBias(int rank) =>
        Enumerable.Range(0, _splits.Length)
            .All(level => _splits[level] != Split.Input || _hierarchy.GroupOf(rank, level) == 0);

    private int[] Outputs(int rank) => Indices(OutChannels, Made.Channels, rank);

    private int[] Inputs(int rank) =>
        [.. Indices(InChannels, Needed.Channels, rank).SelectMany(channel => Enumerable.Range(channel * _unit, _unit))];

    private int[] Indices(int length, bool[] levels, int rank) => ShardLayout.Indices(length, levels, _hierarchy, rank);

    private static Node Previous(Network network, RankPlan plan, int index) =>
        network.Nodes.First(node => string.Equals(node.Name, plan.Layers[index - 1], StringComparison.Ordinal));
}
