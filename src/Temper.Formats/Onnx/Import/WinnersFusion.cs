using Temper.Networks;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// Recognizes winners-take-all in the standard operators written by <see cref="ExportWinners"/>:
/// <c>Where(rank &lt; k, x, 0)</c>, where rank comes from two TopK nodes over magnitudes or channel scores, or
/// <c>Where(not (score &lt; threshold), x, 0)</c>.
/// </summary>
internal sealed class WinnersFusion
{
    private readonly NetworkGraph _graph;
    private readonly Func<string, Tensor?> _numbers;
    private readonly Dictionary<string, Node> _nodes;

    private WinnersFusion(NetworkGraph graph, Func<string, Tensor?> numbers) =>
        (_graph, _numbers, _nodes) =
            (graph, numbers, graph.Nodes.ToDictionary(node => node.Name, StringComparer.Ordinal));

    /// <summary>
    /// Returns the nodes with each match replaced by one node; nodes that are no longer used are not removed.
    /// </summary>
    internal static IReadOnlyList<Node> Apply(NetworkGraph graph, Func<string, Tensor?> numbers)
    {
        var fusion = new WinnersFusion(graph, numbers);
        return [.. graph.Nodes.Select(node => fusion.Joined(node) ?? node)];
    }

    private Node? Joined(Node node)
    {
        if (node.Operator is not Where
            || ConstantOf(node.Inputs[2]) is not { Count: 1, DType: DType.Float32 } rest || rest.AsSpan<float>()[0] != 0
            || !_graph.ShapeOf(node.Inputs[1]).Equals(_graph.ShapeOf(node.Name)))
        {
            return null;
        }

        string x = node.Inputs[1];
        return Through<Networks.Reshape>(node.Inputs[0]) is { } chosen
            && (Ranked(x, chosen) ?? Limited(x, node.Inputs[0])) is { } winners
            ? node with { Operator = winners, Inputs = [x] }
            : null;
    }

    /// <summary>Matches <c>TopK(TopK(score).indices, smallest).indices &lt; k</c>.</summary>
    private Winners? Ranked(string x, string chosen)
    {
        if (Maker(chosen) is not { Operator: Compare { Comparison: Comparison.Less } } less
            || ConstantOf(less.Inputs[1]) is not { Count: 1, DType: DType.Int64 } limit
            || Maker(less.Inputs[0]) is not { Operator: TopK { GivesIndices: true, IsSmallest: true } ranks } second
            || Maker(second.Inputs[0]) is not { Operator: TopK { GivesIndices: true, IsSmallest: false } order } first
            || order != ranks with { IsSmallest = false })
        {
            return null;
        }

        long count = limit.AsSpan<long>()[0];
        Shape shape = _graph.ShapeOf(x);
        Winners? found = null;
        if (order.Axis is 1 or -1
            && IsMagnitude(Through<Networks.Flatten>(first.Inputs[0]), x) && _graph.ShapeOf(first.Inputs[0]).Rank == 2)
        {
            found = new Winners(0);
        }
        else if (order.Axis == 1 && ScoreOf(first.Inputs[0], x) is { } score)
        {
            found = new Winners(0) { Unit = WinnerUnit.Channels, Score = score };
        }

        return found is not null
            && order.Count == Winners.Competitors(shape, found.Unit)
            && count >= 1
            && count <= order.Count
            ? found with { Count = (int)count }
            : null;
    }

    /// <summary>Matches <c>not (score &lt; threshold)</c>.</summary>
    private Winners? Limited(string x, string chosen)
    {
        if (Maker(chosen) is not { Operator: Pointwise { Function: PointwiseFunction.Not } } not
            || Maker(not.Inputs[0]) is not { Operator: Compare { Comparison: Comparison.Less } } less
            || ConstantOf(less.Inputs[1]) is not { Count: 1, DType: DType.Float32 } limit
            || limit.AsSpan<float>()[0] is not (>= 0 and < float.PositiveInfinity))
        {
            return null;
        }

        Shape shape = _graph.ShapeOf(x);
        Winners? found = IsMagnitude(less.Inputs[0], x) && shape.Rank >= 2 ? new Winners(0)
            : ScoreOf(less.Inputs[0], x) is { } score ? new Winners(0) { Unit = WinnerUnit.Channels, Score = score }
            : null;
        return found is null
            ? null
            : found with { Count = Winners.Competitors(shape, found.Unit), Threshold = limit.AsSpan<float>()[0] };
    }

    private bool IsMagnitude(string value, string x) =>
        Maker(value) is { Operator: Pointwise { Function: PointwiseFunction.Abs } } abs
            && string.Equals(abs.Inputs[0], x, StringComparison.Ordinal);

    /// <summary>
    /// Returns the channel score of an image that a value computes; null if it computes something else.
    /// </summary>
    private ChannelScore? ScoreOf(string value, string x) => _graph.ShapeOf(x).Rank != 4 ? null : Maker(value) switch
    {
        { Operator: Reduce { Reduction: Reduction.L2, KeepAxes: true, Axes: [2, 3] } } norm
            when string.Equals(norm.Inputs[0], x, StringComparison.Ordinal) => ChannelScore.L2,
        { Operator: Reduce { Reduction: Reduction.Max, KeepAxes: true, Axes: [2, 3] } } max
            when IsMagnitude(max.Inputs[0], x) => ChannelScore.Max,
        { Operator: Reduce { Reduction: Reduction.Mean, KeepAxes: true, Axes: [2, 3] } } mean
            when IsMagnitude(mean.Inputs[0], x) => ChannelScore.Mean,
        _ => null,
    };

    private string Through<TOperator>(string value)
        where TOperator : Operator => Maker(value) is { Operator: TOperator } node ? node.Inputs[0] : value;

    private Node? Maker(string value) => _nodes.GetValueOrDefault(value);

    private Tensor? ConstantOf(string value) => Maker(value) is { Operator: ConstantValue } node
        ? _numbers(node.Parameters.Concat(node.Buffers).First())
        : null;
}
