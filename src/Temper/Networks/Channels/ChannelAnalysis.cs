namespace Temper.Networks;

/// <summary>
/// Determines what must change together when a layer gets more or fewer channels. Traces the indices of every axis from
/// the nodes that create them to the parameters that use them; each operator defines how it maps channels.
/// </summary>
internal sealed class ChannelAnalysis
{
    private readonly Dictionary<string, AxisChannels[]> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, AxisChannels[]> _held = new(StringComparer.Ordinal);

    private ChannelAnalysis(NetworkGraph graph)
    {
        foreach (InputSpec input in graph.Inputs)
        {
            _values.Add(input.Name, Axes(graph.InfoOf(input.Name), new AxisChannels(null, $"input '{input.Name}'")));
        }

        foreach (Node node in graph.Nodes)
        {
            AxisChannels[] axes = node.Operator.TraceChannels(new ChannelTrace(this, graph, node));
            if (graph.InfoOf(node.Name).IsBatched)
            {
                axes[0] = AxisChannels.Neutral;
            }

            _values.Add(node.Name, axes);
        }

        foreach (NetworkOutput output in graph.Outputs)
        {
            foreach (AxisChannels axis in _values[output.Value])
            {
                Units.Fix(axis, $"output '{output.Name}'");
            }
        }
    }

    /// <summary>All channels and which of them are tied.</summary>
    internal ChannelUnits Units { get; } = new();

    /// <summary>Axes of the values of all inputs and nodes, in topological order.</summary>
    internal IReadOnlyDictionary<string, AxisChannels[]> Values => _values;

    /// <summary>Axes of parameters and buffers that change with channels, by full name.</summary>
    internal IReadOnlyDictionary<string, AxisChannels[]> Held => _held;

    internal static ChannelAnalysis Of(NetworkGraph graph) => new(graph);

    internal AxisChannels[] ValueAxes(string value) => _values[value];

    /// <summary>
    /// Returns the representative channel of each index along an axis (tied channels have the same one); null: the
    /// length is fixed.
    /// </summary>
    internal int[]? Roots(AxisChannels axis) => axis.Units is null ? null : Array.ConvertAll(axis.Units, Units.Root);

    /// <summary>Ties an axis of a parameter or buffer to channels, for every node that shares it.</summary>
    internal void TieHeld(string name, int rank, int axis, AxisChannels channels)
    {
        if (!_held.TryGetValue(name, out AxisChannels[]? axes))
        {
            axes = [.. Enumerable.Repeat(AxisChannels.Neutral, rank)];
            _held.Add(name, axes);
        }

        axes[axis] = Units.Tie(axes[axis], channels);
    }

    private static AxisChannels[] Axes(ValueInfo info, AxisChannels axis)
    {
        AxisChannels[] axes = [.. Enumerable.Repeat(axis, info.Shape.Rank)];
        if (info.IsBatched)
        {
            axes[0] = AxisChannels.Neutral;
        }

        return axes;
    }
}
