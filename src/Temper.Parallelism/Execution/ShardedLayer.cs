using Temper.Networks;
using Temper.Parallelism.Planning;
using Temper.Tensors;

namespace Temper.Parallelism.Execution;

/// <summary>
/// A convolution or linear layer under a plan: the parts of its input, weights and output that each rank holds.
/// </summary>
internal sealed class ShardedLayer
{
    private readonly Hierarchy _hierarchy;
    private readonly Split[] _splits;

    /// <summary>Input features per input channel: more than 1 if an image was flattened.</summary>
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

        // Partial sums are divided along the axis that the next layer divides, so that they do not have to move again.
        bool TakesChannels(int level) => index + 1 < plan.Layers.Count && plan[level, index + 1] == Split.Input;
        Held = ShardLayout.Of(levels, level => _splits[level] switch
        {
            Split.Data => (true, false),
            Split.Output => (false, true),
            _ => (!TakesChannels(level), TakesChannels(level)),
        });
    }

    internal Node Node { get; }

    /// <summary>Number of input channels (before flattening) or output channels.</summary>
    internal int InChannels { get; }

    /// <inheritdoc cref="InChannels"/>
    internal int OutChannels { get; }

    /// <summary>Layout of the input that a rank needs.</summary>
    internal ShardLayout Needed { get; }

    /// <summary>
    /// Layout of the output that a rank computes. With input channels divided, its values are partial sums.
    /// </summary>
    internal ShardLayout Made { get; }

    /// <summary>Layout of the output that a rank holds after partial sums are added.</summary>
    internal ShardLayout Held { get; }

    /// <summary>For each level: whether its groups hold the same weights.</summary>
    internal bool[] Replicated => Needed.Samples;

    /// <summary>
    /// Returns the operator of a rank's shard. If several ranks compute partial sums, only the first adds the bias.
    /// </summary>
    internal Operator OperatorOf(int rank)
    {
        int channels = Outputs(rank).Length;
        return Node.Operator switch
        {
            Conv2d conv => conv with { Channels = channels, HasBias = conv.HasBias && AddsBias(rank) },
            Linear linear => linear with { Features = channels, HasBias = linear.HasBias && AddsBias(rank) },
            _ => throw new NotSupportedException($"plan: '{Node.Name}' is not a convolution or linear layer"),
        };
    }

    /// <summary>
    /// Returns the names of the parameters of a rank's shard: those of the whole layer, which need not contain the name
    /// of its node.
    /// </summary>
    internal IReadOnlyList<string> ParametersOf(int rank) => AddsBias(rank) ? Node.Parameters : [Node.Parameters[0]];

    /// <summary>Returns how the parameters of a rank's shard are cut from the whole layer.</summary>
    internal IEnumerable<ParameterMove> Moves(int rank)
    {
        yield return new ParameterMove(Node.Parameters[0], Node.Parameters[0], 0, Outputs(rank));
        yield return new ParameterMove(Node.Parameters[0], Node.Parameters[0], 1, Inputs(rank));
        if (Node.Parameters.Count > 1 && AddsBias(rank))
        {
            yield return new ParameterMove(Node.Parameters[1], Node.Parameters[1], 0, Outputs(rank));
        }
    }

    /// <summary>Whether a rank is the first of the ranks with the same shard of a parameter.</summary>
    internal bool IsFirst(int rank, int parameter) =>
        Enumerable.Range(0, _splits.Length)
            .All(level => _splits[level] != Split.Data || _hierarchy.GroupOf(rank, level) == 0)
        && (parameter == 0 || AddsBias(rank));

    /// <summary>Returns the number of the group of ranks that hold the same weights as this rank.</summary>
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
                    $"plan: layer '{Node.Name}' is too small for the plan (got {InChannels} input and {OutChannels} "
                    + $"output channels for {_hierarchy.Accelerators} ranks, but rank {rank} would get none); use a "
                    + "plan that divides the samples of this layer");
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
        network.Graph.FindNode(plan.Layers[index - 1])!;
}
