using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Pruning;

/// <summary>Removes the least important channels of a network until its cost is at most a target.</summary>
/// <remarks>
/// A group contains channels that must be removed together. Its importance is the mean over its layers of the norm of
/// their weights, relative to the layer's mean norm (DepGraph, arXiv:2301.12900; a group regularizer replaces its
/// sparse learning).
/// </remarks>
public static class ChannelPruning
{
    /// <summary>Maximum number of bisection steps in the search for the number of groups to remove.</summary>
    private const int MaximumRounds = 16;

    /// <summary>
    /// Minimum fraction of its channels that every layer keeps, but no more than <see cref="MaxKept"/> channels, so
    /// that wide layers can become narrow.
    /// </summary>
    private const double MinKept = 0.1;

    private const int MaxKept = 8;

    /// <summary>Removes channels until at most a fraction of the multiply-accumulates is left.</summary>
    /// <param name="network">
    /// The network; not changed. It should have been trained with a group regularizer, so that some channels are small.
    /// </param>
    /// <param name="macsKept">Maximum fraction of the network's MACs to keep, above 0 to 1.</param>
    /// <param name="ignores">Returns whether a node keeps all its channels, by name; null: none.</param>
    /// <param name="multiple">
    /// Widths are rounded up to a multiple of this value if possible, by keeping the most important of the channels to
    /// be removed. 1: no rounding.
    /// </param>
    /// <returns>
    /// The narrower network, and the moves of its parameters. Every layer keeps at least a tenth of its channels, or 8
    /// if that is fewer, so the network may cost more than requested.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The fraction or the multiple is out of range.</exception>
    public static NetworkEdit PruneChannels(
        this Network network, double macsKept, Func<string, bool>? ignores = null, int multiple = 1) =>
        network.WithoutChannels(Going(network, macsKept, ignores, multiple));

    /// <summary>Returns the groups of channels to remove; see <see cref="PruneChannels"/>.</summary>
    internal static ChannelGroup[] Going(Network network, double macsKept, Func<string, bool>? ignores, int multiple)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(multiple, 1);
        if (!(macsKept is > 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(macsKept), $"PruneChannels: macsKept is out of range (got {macsKept}, expected above 0 to 1)");
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

    /// <summary>
    /// Returns the groups to remove, without the most important ones that are kept to round each width up to a
    /// multiple.
    /// </summary>
    private static IEnumerable<ChannelGroup> Rounded(Network network, ChannelGroup[] going, int multiple)
    {
        var lost = new Dictionary<(string, int), int>();
        foreach (ChannelSlice slice in going.SelectMany(group => group.Values))
        {
            lost[(slice.Name, slice.Axis)] = lost.GetValueOrDefault((slice.Name, slice.Axis)) + slice.Indices.Count;
        }

        // A group expanded by a flatten has several indices per channel; only the width of the layer that computes the
        // channels counts.
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

    /// <summary>
    /// Returns the groups that can be removed, the least important first, limited by the channels that each layer
    /// keeps.
    /// </summary>
    private static List<ChannelGroup> Order(Network network, Func<string, bool> ignores)
    {
        IReadOnlyList<ChannelGroup> groups = network.ChannelGroups();
        double[] importance = ChannelImportance.Of(network, groups);
        var spare = new Dictionary<(string, int), int>();
        int Spare(ChannelSlice slice)
        {
            int width = network.Graph.ShapeOf(slice.Name)[slice.Axis];
            return spare.GetValueOrDefault(
                (slice.Name, slice.Axis), width - Math.Clamp((int)Math.Ceiling(width * MinKept), 1, MaxKept));
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

/// <summary>Computes the importance of groups of channels.</summary>
internal static class ChannelImportance
{
    /// <summary>Returns one value per group; the mean is about 1.</summary>
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
