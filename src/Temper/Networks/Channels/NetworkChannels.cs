using Temper.Randomness;

namespace Temper.Networks;

/// <content>Channels: groups that change together, and edits that make layers wider or narrower.</content>
public sealed partial class Network
{
    /// <summary>Returns all removable channels, grouped by what must be removed together.</summary>
    /// <returns>
    /// The groups, in topological order of their first node. Channels of inputs and outputs and channels that an
    /// operator mixes are not included.
    /// </returns>
    public IReadOnlyList<ChannelGroup> ChannelGroups()
    {
        ChannelAnalysis analysis = ChannelAnalysis.Of(Graph);
        var groups = new OrderedDictionary<int, (List<ChannelSlice> Values, List<ChannelSlice> Parameters)>();
        Collect(
            Nodes.Select(node => KeyValuePair.Create(node.Name, analysis.Values[node.Name])), group => group.Values);
        Collect(analysis.Held, group => group.Parameters);
        return [.. groups.Values.Select(group => new ChannelGroup(group.Values, group.Parameters))];

        void Collect(
            IEnumerable<KeyValuePair<string, AxisChannels[]>> axesByName,
            Func<(List<ChannelSlice> Values, List<ChannelSlice> Parameters), List<ChannelSlice>> where)
        {
            foreach ((string name, AxisChannels[] axes) in axesByName)
            {
                for (int axis = 0; axis < axes.Length; axis++)
                {
                    foreach (IGrouping<int, int> indices in (analysis.Roots(axes[axis]) ?? []).Select((root, i) =>
                        (root, i)).GroupBy(pair => pair.root, pair => pair.i))
                    {
                        if (analysis.Units.FixedBy(indices.Key) is null)
                        {
                            groups.TryAdd(indices.Key, ([], []));
                            where(groups[indices.Key]).Add(new ChannelSlice(name, axis, [.. indices]));
                        }
                    }
                }
            }
        }
    }

    /// <summary>Keeps, adds or removes channels of a node's value, and changes every other layer accordingly.</summary>
    /// <param name="node">Name of the node.</param>
    /// <param name="kept">The old index of each new channel, increasing; -1 for an added channel.</param>
    /// <param name="fresh">
    /// Random stream for the weights of new channels; null: allowed only if no values have to be drawn (scales of a
    /// normalization need none).
    /// </param>
    /// <returns>
    /// The changed network and the moves of its parameters and buffers. Masks are changed accordingly and are 1 for new
    /// elements. Removing a channel that is always zero does not change the outputs; otherwise its contribution is
    /// lost.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The node does not exist; its channels are fixed by an input, an output or an operator; tied channels would be
    /// separated; or values have to be drawn without a stream.
    /// </exception>
    public NetworkEdit WithChannels(string node, IReadOnlyList<int> kept, RandomStream? fresh = null)
    {
        Node found = Find("WithChannels", node);
        string what = $"Network.WithChannels: node '{node}'";
        ChannelAnalysis analysis = ChannelAnalysis.Of(Graph);
        int[] roots = ChangeableAxis(analysis, found, what);
        return new ChannelEdit(this, analysis, ChannelRequest.For(analysis.Units, roots, kept, what), what)
            .Apply(fresh);
    }

    /// <summary>Removes groups of channels in one edit.</summary>
    /// <param name="groups">Groups from <see cref="ChannelGroups"/> of this network.</param>
    /// <inheritdoc cref="WithChannels"/>
    public NetworkEdit WithoutChannels(IEnumerable<ChannelGroup> groups)
    {
        const string what = "Network.WithoutChannels";
        ChannelAnalysis analysis = ChannelAnalysis.Of(Graph);
        var roots = new HashSet<int>();
        foreach (ChannelSlice slice in groups.SelectMany(group => group.Values))
        {
            int[]? axis = analysis.Values.TryGetValue(slice.Name, out AxisChannels[]? axes) && slice.Axis < axes.Length
                ? analysis.Roots(axes[slice.Axis])
                : null;
            if (axis is null
                || slice.Indices.Any(index => index >= axis.Length || analysis.Units.FixedBy(axis[index]) is not null))
            {
                throw new ArgumentException($"{what}: a group does not belong to this network (got channels of "
                    + $"'{slice.Name}'); call ChannelGroups again");
            }

            roots.UnionWith(slice.Indices.Select(index => axis[index]));
        }

        return new ChannelEdit(this, analysis, ChannelRequest.Without(roots), what).Apply(fresh: null);
    }

    /// <summary>
    /// Returns the channels along the only changeable axis of a node's value; throws if there is not exactly one.
    /// </summary>
    private static int[] ChangeableAxis(ChannelAnalysis analysis, Node node, string what)
    {
        AxisChannels[] axes = analysis.Values[node.Name];
        int[][] free = [.. axes.Select(analysis.Roots).OfType<int[]>().Where(
            roots => roots.Any(root => analysis.Units.FixedBy(root) is null))];
        if (free.Length == 1)
        {
            return free[0];
        }

        string reason = axes
            .Select(axis => axis.Units is null ? axis.FixedBy : analysis.Units.FixedBy(axis.Units[0]) ?? "")
            .FirstOrDefault(text => text.Length > 0, "nothing");
        throw new ArgumentException(free.Length == 0
            ? $"{what}: its channels cannot change because they are fixed by {reason}"
            : $"{what}: several axes of its value can change (got {free.Length}, expected 1); give the layer that "
                + "creates the channels");
    }
}
