using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Networks;

/// <content>Channels: what changes together when a layer becomes wider or narrower, and edits that do it.</content>
public sealed partial class Network
{
    /// <summary>The channels that an edit may remove, each with everything that goes with it.</summary>
    /// <returns>
    /// In the order of the first node that has them. Channels of inputs and outputs, and those that an operator mixes,
    /// are not among them.
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

    /// <summary>
    /// Keeps, adds or removes channels of a node's value, and with them those of every layer that has to go along.
    /// </summary>
    /// <param name="node">Name of the node.</param>
    /// <param name="kept">For each channel afterwards the index that it had, increasing; -1 for a new one.</param>
    /// <param name="fresh">
    /// Where new channels' weights come from; null: none may have to be drawn (scales of a normalization need none).
    /// </param>
    /// <returns>
    /// The changed network, and how parameters and buffers moved. Masks go along; they are 1 for what is new. Removing
    /// a channel that sends nothing leaves the results as they are; what it still sends is lost.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// There is no such node; an input, an output or an operator fixes its channels; channels that go together are torn
    /// apart; or new weights need a stream.
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

    /// <summary>Removes groups of channels, all in one edit.</summary>
    /// <param name="groups">Some of <see cref="ChannelGroups"/> of this network.</param>
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
                throw new ArgumentException($"{what}: not a group of this network (got channels of '{slice.Name}'); "
                    + "ask the network for its groups again");
            }

            roots.UnionWith(slice.Indices.Select(index => axis[index]));
        }

        return new ChannelEdit(this, analysis, ChannelRequest.Without(roots), what).Apply(fresh: null);
    }

    /// <summary>This network's names and texts with another graph and other numbers.</summary>
    internal Network With(
        NetworkGraph graph, IEnumerable<Parameter> parameters, IEnumerable<KeyValuePair<string, Tensor>> buffers) =>
        new(graph, parameters, buffers) { ClassNames = ClassNames, Metadata = Metadata };

    /// <summary>The channels along the one axis of a node's value that can change.</summary>
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
            ? $"{what}: its channels cannot change, since {reason} fixes them"
            : $"{what}: {free.Length} axes of its value can change; name the layer that makes the channels");
    }
}
