using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Shrinking;

/// <summary>
/// Finds the channels that can be removed without changing results, moves their constant contributions into the layers
/// that read them, and removes them.
/// </summary>
internal sealed class ChannelRemoval
{
    private readonly Network _network;
    private readonly int _multiple;
    private readonly KnownValues _known;
    private readonly IReadOnlyList<ChannelGroup> _groups;
    private readonly IReadOnlyList<(Node Reader, BorderMap Map)> _constants;

    /// <param name="network">The network.</param>
    /// <param name="multiple">Multiple to which widths of layers are rounded up.</param>
    internal ChannelRemoval(Network network, int multiple)
    {
        (_network, _multiple) = (network, multiple);
        _known = KnownValues.Of(network);
        Dictionary<string, Node[]> readers = network.Nodes.Where(IsReader)
            .SelectMany(node => node.Inputs.Distinct(StringComparer.Ordinal).Select(input => (input, node)))
            .GroupBy(pair => pair.input, pair => pair.node, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
        ChannelGroup[] free = [.. network.ChannelGroups().Where(group => group.Values.All(
            slice => readers.GetValueOrDefault(slice.Name, []).All(reader => IsSpared(reader, slice))))];
        (_groups, _constants) = Worthwhile(free);
    }

    internal NetworkEdit Apply()
    {
        if (_groups.Count == 0)
        {
            return _network;
        }

        Network network = _network;
        foreach ((Node reader, BorderMap map) in _constants)
        {
            network = ConstantAddition.After(network, reader, map);
        }

        return network.WithoutChannels(_groups);
    }

    /// <summary>
    /// Returns the groups to remove and the constants that replace them. A group stays if its constants take more
    /// numbers than its nonzero weights; constants that several groups share are counted in equal parts.
    /// </summary>
    private (IReadOnlyList<ChannelGroup> Groups, IReadOnlyList<(Node Reader, BorderMap Map)> Constants) Worthwhile(
        IReadOnlyList<ChannelGroup> free)
    {
        while (true)
        {
            List<ChannelGroup> groups = Rounded(free);
            List<(Node Reader, BorderMap Map)> constants = Constants(groups);
            double[] costs = new double[groups.Count];
            foreach ((Node reader, BorderMap map) in constants)
            {
                int[] senders = [.. Enumerable.Range(0, groups.Count).Where(
                    i => groups[i].Values.Any(slice => Sends(slice, reader)))];
                double each = ConstantAddition.Cost(_network, reader, map) / (double)senders.Length;
                Array.ForEach(senders, i => costs[i] += each);
            }

            HashSet<ChannelGroup> tooCostly = [.. groups.Where(
                (group, i) => costs[i] > 0 && costs[i] > Nonzero(group))];
            if (tooCostly.Count == 0)
            {
                return (groups, constants);
            }

            free = [.. free.Where(group => !tooCostly.Contains(group))];
        }
    }

    /// <summary>Returns what layers add up from the channels of some groups, for every layer that needs it.</summary>
    private List<(Node Reader, BorderMap Map)> Constants(IReadOnlyList<ChannelGroup> groups)
    {
        Dictionary<string, ChannelSlice[]> slices =
            groups.SelectMany(group => group.Values).GroupBy(slice => slice.Name, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
        var constants = new List<(Node Reader, BorderMap Map)>();
        foreach (Node node in _network.Nodes.Where(node => IsReader(node)
            && node.Operator is not MatMul && slices.ContainsKey(node.Inputs[0])))
        {
            Tensor sent = Sent(node.Inputs[0], slices[node.Inputs[0]]).ToRowMajor();
            if (!sent.AsSpan<float>().ContainsAnyExcept(0f))
            {
                continue;
            }

            Tensor sum = _known.WithoutBias(node, sent);
            var map = new BorderMap(sum, _known.Magnitudes(node, sent), ChannelAxis(node, sum.Rank));
            if (map.Nonzero > 0)
            {
                constants.Add((node, map));
            }
        }

        return constants;
    }

    /// <summary>Returns whether a layer adds constants other than zero from some channels.</summary>
    private bool Sends(ChannelSlice slice, Node reader)
    {
        if (!string.Equals(slice.Name, reader.Inputs[0], StringComparison.Ordinal))
        {
            return false;
        }

        Tensor value = _known[slice.Name].Value;
        int axis = ChannelAxis(reader, value.Rank);
        return slice.Axis == axis && Along(value, slice).Any(number => number != 0)
            && !IsUnread(reader, slice, value.Shape[axis]);
    }

    /// <summary>Returns the number of nonzero weights that are removed with a group.</summary>
    private long Nonzero(ChannelGroup group) => group.Parameters.Sum(
        slice => _network.Parameters.TryGet(slice.Name, out Parameter? parameter)
            ? Along(parameter.Value, slice).LongCount(number => number != 0)
            : 0);

    /// <summary>Returns the axis of a layer's channels, in its input and in its output.</summary>
    private static int ChannelAxis(Node reader, int rank) => reader.Operator is Linear ? rank - 1 : 1;

    /// <summary>
    /// Returns whether a node sums over channels. Depthwise convolutions do not: their channels are removed together
    /// with their inputs.
    /// </summary>
    private bool IsReader(Node node) => node.Operator switch
    {
        Linear or MatMul => true,
        Conv2d layer => !IsDepthwise(node, layer.Options),
        ConvTranspose2d layer => !IsDepthwise(node, layer.Options),
        Conv3d layer => !IsDepthwise(node, layer.Plane.Options),
        ConvTranspose3d layer => !IsDepthwise(node, layer.Plane.Options),
        _ => false,
    };

    private bool IsDepthwise(Node node, Conv2dOptions options) => options.Groups > 1
        && options.Groups == _network.Graph.ShapeOf(node.Inputs[0])[1];

    /// <summary>
    /// Returns whether a reader does not need some channels, because its weights for them are zero or their values are
    /// known constants.
    /// </summary>
    private bool IsSpared(Node reader, ChannelSlice slice)
    {
        KnownValue value = _known[slice.Name];
        if (reader.Operator is MatMul)
        {
            return Along(value.Unknown, slice).All(mark => mark == 0)
                && Along(value.Value, slice).All(number => number == 0);
        }

        int channelAxis = ChannelAxis(reader, value.Unknown.Rank);
        return slice.Axis != channelAxis
            || Along(value.Unknown, slice).All(mark => mark == 0)
            || IsUnread(reader, slice, value.Unknown.Shape[channelAxis]);
    }

    /// <summary>
    /// Returns whether all weights that read some channels of a value are zero. <paramref name="channels"/> is the
    /// value's number of channels.
    /// </summary>
    private bool IsUnread(Node reader, ChannelSlice slice, int channels)
    {
        Tensor weight = _network.Parameters[reader.Parameters[0]].Value;
        if (reader.Operator is ConvTranspose2d or ConvTranspose3d)
        {
            return Along(weight, slice with { Axis = 0 }).All(number => number == 0);
        }

        int groups = channels / weight.Shape[1], outputs = weight.Shape[0] / groups;
        return slice.Indices.All(index =>
        {
            int group = index / weight.Shape[1];
            Tensor rows = groups == 1 ? weight : weight.Slice(0, group * outputs, (group + 1) * outputs);
            return Along(rows, new ChannelSlice("", 1, [index % weight.Shape[1]])).All(number => number == 0);
        });
    }

    private static float[] Along(Tensor tensor, ChannelSlice slice) =>
        tensor.IndexSelect(
            slice.Axis, Tensor.From([.. slice.Indices.Select(index => (long)index)], [slice.Indices.Count]))
            .ToArray<float>();

    /// <summary>
    /// Returns the known values of the channels to be removed; readers have zero weights for channels with unknown
    /// values.
    /// </summary>
    private Tensor Sent(string value, ChannelSlice[] slices)
    {
        Tensor sent = _known[value].Value;
        Tensor removed = Tensor.Zeros(sent.Shape);
        foreach (IGrouping<int, ChannelSlice> group in slices.GroupBy(slice => slice.Axis))
        {
            var indices = group.SelectMany(slice => slice.Indices).ToHashSet();
            Shape along = Shape.Create(
                [.. Enumerable.Range(0, sent.Rank).Select(axis => axis == group.Key ? sent.Shape[axis] : 1)]);
            removed = removed.Maximum(Tensor.From(
                [.. Enumerable.Range(0, sent.Shape[group.Key]).Select(i => indices.Contains(i) ? 1f : 0f)], along));
        }

        return sent * removed;
    }

    /// <summary>
    /// Omits the last groups if a layer would have no channels left, or fewer than the rounded width.
    /// </summary>
    private List<ChannelGroup> Rounded(IReadOnlyList<ChannelGroup> free)
    {
        static (string, int) Key(ChannelSlice slice) => (slice.Name, slice.Axis);
        Dictionary<string, Node> layers = _network.Nodes.Where(node => NetworkShrinking.WidthOf(node) > 0)
            .ToDictionary(node => node.Name, StringComparer.Ordinal);
        var removable = free.SelectMany(group => group.Values)
            .GroupBy(Key).ToDictionary(group => group.Key, group => group.Sum(slice => slice.Indices.Count));
        int Least(ChannelSlice slice)
        {
            int least = Math.Max(1, Width(slice) - removable[Key(slice)]),
                multiple = layers.ContainsKey(slice.Name) ? _multiple : 1;
            return (least + multiple - 1) / multiple * multiple;
        }

        var left = new Dictionary<(string, int), int>();
        int Left(ChannelSlice slice) => left.GetValueOrDefault(Key(slice), Width(slice));
        var taken = new List<ChannelGroup>();
        foreach (ChannelGroup group in free.Where(
            group => group.Values.All(slice => Left(slice) - slice.Indices.Count >= Least(slice))))
        {
            taken.Add(group);
            foreach (ChannelSlice slice in group.Values)
            {
                left[Key(slice)] = Left(slice) - slice.Indices.Count;
            }
        }

        return taken;
    }

    private int Width(ChannelSlice slice) => _network.Graph.ShapeOf(slice.Name)[slice.Axis];
}
