using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Pruning;

/// <summary>Removes the least important channels of a network until it costs what it may.</summary>
/// <remarks>
/// The importance of a group of channels that go together is the mean over its layers of the length of their weights,
/// each relative to the layer's mean (DepGraph, arXiv:2301.12900, without its sparse learning, in whose place a group
/// regularizer stands).
/// </remarks>
public static class ChannelPruning
{
    /// <summary>Rounds of the search for the number of groups that go; each halves the interval.</summary>
    private const int MaximumRounds = 16;

    /// <summary>
    /// Part of its channels that every layer keeps, but no more than some: a wide layer may become narrow.
    /// </summary>
    private const double LeastKept = 0.1;

    private const int MostKept = 8;

    /// <summary>Removes channels until at most a part of the multiply-accumulate operations is left.</summary>
    /// <param name="network">Not changed. A regularizer of groups should have made some channels small.</param>
    /// <param name="macsKept">Part of the network's operations that may be left, above 0 to 1.</param>
    /// <param name="ignores">Layers that stay as wide as they are, by name of the node; null: none.</param>
    /// <param name="multiple">
    /// Widths are rounded up to a multiple of this, as far as channels go: the most important of those that would go
    /// stay. 1: nothing is rounded.
    /// </param>
    /// <returns>
    /// The narrower network, and how its parameters moved. Every layer keeps a tenth of its channels, at most 8, so it
    /// may cost more than asked for.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The part is not above 0 to 1.</exception>
    public static NetworkEdit PruneChannels(
        this Network network, double macsKept, Func<string, bool>? ignores = null, int multiple = 1) =>
        network.WithoutChannels(Going(network, macsKept, ignores, multiple));

    /// <summary>The groups of channels that go; see <see cref="PruneChannels"/>.</summary>
    internal static ChannelGroup[] Going(Network network, double macsKept, Func<string, bool>? ignores, int multiple)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(multiple, 1);
        if (!(macsKept is > 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(macsKept), $"PruneChannels: expected a part of the operations above 0 to 1 (got {macsKept})");
        }

        IReadOnlyList<ChannelGroup> order = Order(network, ignores ?? (_ => false));
        double target = macsKept * network.Cost().Macs;
        (int low, int high) = (0, order.Count);
        for (int round = 0; round < MaximumRounds && low < high; round++)
        {
            int middle = (low + high) / 2;
            (low, high) = network.WithoutChannels(order.Take(middle)).Network.Cost().Macs > target
                ? (middle + 1, high)
                : (low, middle);
        }

        return [.. Rounded(network, [.. order.Take(low)], multiple)];
    }

    /// <summary>Groups that go, without the most important ones that bring each width up to a multiple.</summary>
    private static IEnumerable<ChannelGroup> Rounded(Network network, ChannelGroup[] going, int multiple)
    {
        var lost = new Dictionary<(string, int), int>();
        foreach (ChannelSlice slice in going.SelectMany(group => group.Values))
        {
            lost[(slice.Name, slice.Axis)] = lost.GetValueOrDefault((slice.Name, slice.Axis)) + slice.Indices.Count;
        }

        // A group that flattening expands has as many indices for each channel: it is the layer that makes the channels
        // whose width counts.
        bool IsOdd(ChannelSlice slice) => slice.Indices.Count == 1 && lost[(slice.Name, slice.Axis)] > 0
            && (network.Graph.ShapeOf(slice.Name)[slice.Axis] - lost[(slice.Name, slice.Axis)]) % multiple != 0;
        var kept = new HashSet<int>();
        for (int i = going.Length - 1; i >= 0; i--)
        {
            if (going[i].Values.Any(IsOdd))
            {
                kept.Add(i);
                foreach (ChannelSlice slice in going[i].Values)
                {
                    lost[(slice.Name, slice.Axis)] -= slice.Indices.Count;
                }
            }
        }

        return going.Where((_, i) => !kept.Contains(i));
    }

    /// <summary>Groups that may go, the least important first, as many of each layer as it can spare.</summary>
    private static List<ChannelGroup> Order(Network network, Func<string, bool> ignores)
    {
        IReadOnlyList<ChannelGroup> groups = network.ChannelGroups();
        double[] importance = ChannelImportance.Of(network, groups);
        var spare = new Dictionary<(string, int), int>();
        int Spare(ChannelSlice slice)
        {
            int width = network.Graph.ShapeOf(slice.Name)[slice.Axis];
            return spare.GetValueOrDefault(
                (slice.Name, slice.Axis), width - Math.Clamp((int)Math.Ceiling(width * LeastKept), 1, MostKept));
        }

        var order = new List<ChannelGroup>();
        foreach (int index in Enumerable.Range(0, groups.Count).OrderBy(i => importance[i]).ThenBy(i => i))
        {
            ChannelGroup group = groups[index];
            if (group.Values.All(slice => Spare(slice) >= slice.Indices.Count && !ignores(slice.Name)))
            {
                order.Add(group);
                foreach (ChannelSlice slice in group.Values)
                {
                    spare[(slice.Name, slice.Axis)] = Spare(slice) - slice.Indices.Count;
                }
            }
        }

        return order;
    }
}

/// <summary>How much groups of channels matter.</summary>
internal static class ChannelImportance
{
    /// <summary>One number a group, around 1.</summary>
    internal static double[] Of(Network network, IReadOnlyList<ChannelGroup> groups)
    {
        var squares = new Dictionary<(string, int), double[]>();
        double[] Squares(ChannelSlice slice)
        {
            if (!squares.TryGetValue((slice.Name, slice.Axis), out double[]? sums))
            {
                squares.Add(
                    (slice.Name, slice.Axis), sums = SquaresAlong(network.Parameters[slice.Name].Value, slice.Axis));
            }

            return sums;
        }

        double Length(ChannelSlice slice) => Math.Sqrt(slice.Indices.Sum(index => Squares(slice)[index]));
        ChannelSlice[][] weights = [.. groups.Select(
            group => group.Parameters.Where(slice => IsWeight(network, slice)).ToArray())];
        Dictionary<(string, int), double> means =
            weights.SelectMany(slices => slices).GroupBy(slice => (slice.Name, slice.Axis))
            .ToDictionary(group => group.Key, group => group.Average(Length));
        return [.. weights.Select(slices => slices.Length == 0 ? 0 : slices.Average(slice =>
            means[(slice.Name, slice.Axis)] is > 0 and var mean ? Length(slice) / mean : 0))];
    }

    private static bool IsWeight(Network network, ChannelSlice slice) =>
        network.Parameters.TryGet(slice.Name, out Parameter? parameter)
        && parameter.Role is ParameterRole.ConvolutionWeight or ParameterRole.LinearWeight or ParameterRole.NormScale;

    private static double[] SquaresAlong(Tensor tensor, int axis)
    {
        int length = tensor.Shape[axis], inner = tensor.Shape.CountOf(axis + 1, tensor.Rank);
        double[] sums = new double[length];
        float[] values = tensor.ToArray<float>();
        for (int i = 0; i < values.Length; i++)
        {
            sums[i / inner % length] += (double)values[i] * values[i];
        }

        return sums;
    }
}
