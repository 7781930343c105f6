using System.Globalization;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Pruning;

/// <summary>Removes the least important channels of a network until its cost is at most a target.</summary>
/// <remarks>
/// A group contains channels that must be removed together (DepGraph, arXiv:2301.12900; a group regularizer replaces
/// its sparse learning). Its importance is the share of its layers' squared weights that is lost with it, per
/// multiply-accumulate saved, so that inputs, neurons and channels of layers of any size can be compared. This measure
/// is ours; DepGraph compares norms relative to their layer's mean.
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

    /// <summary>Number of rounds in which groups are ranked.</summary>
    private const int RankingRounds = 64;

    /// <summary>Removes channels until at most a fraction of the multiply-accumulates is left.</summary>
    /// <param name="network">
    /// The network; not changed. It should have been trained with a group regularizer, so that some channels are small.
    /// </param>
    /// <param name="macsKept">Maximum fraction of the network's MACs to keep, above 0 to 1.</param>
    /// <param name="ignores">
    /// Returns whether a node keeps all its channels and a layer all its inputs, by name; null: none.
    /// </param>
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
        network.WithoutChannels(GroupsToRemove(network, macsKept, ignores, multiple));

    /// <summary>Returns the groups of channels to remove; see <see cref="PruneChannels"/>.</summary>
    internal static ChannelGroup[] GroupsToRemove(
        Network network, double macsKept, Func<string, bool>? ignores, int multiple)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(multiple, 1);
        if (!(macsKept is > 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(macsKept), string.Create(
                CultureInfo.InvariantCulture,
                $"PruneChannels: macsKept is out of range (got {macsKept}, expected above 0 to 1)"));
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
    private static IEnumerable<ChannelGroup> Rounded(Network network, ChannelGroup[] removed, int multiple)
    {
        var lost = new Dictionary<(string, int), int>();
        foreach (ChannelSlice slice in removed.SelectMany(group => group.Values))
        {
            lost[(slice.Name, slice.Axis)] = lost.GetValueOrDefault((slice.Name, slice.Axis)) + slice.Indices.Count;
        }

        // A group expanded by a flatten has several indices per channel; only the width of the layer that computes the
        // channels counts.
        bool IsOdd(ChannelSlice slice) => slice.Indices.Count == 1 && lost[(slice.Name, slice.Axis)] > 0
            && (network.Graph.ShapeOf(slice.Name)[slice.Axis] - lost[(slice.Name, slice.Axis)]) % multiple != 0;
        var kept = new HashSet<int>();
        for (int i = removed.Length - 1; i >= 0; i--)
        {
            if (removed[i].Values.Any(IsOdd))
            {
                kept.Add(i);
                foreach (ChannelSlice slice in removed[i].Values)
                {
                    lost[(slice.Name, slice.Axis)] -= slice.Indices.Count;
                }
            }
        }

        return removed.Where((_, i) => !kept.Contains(i));
    }

    /// <summary>
    /// Returns the groups that can be removed, the least important first, limited by the channels that each layer
    /// keeps. Importance is computed again after each round, since removed channels change that of the others.
    /// </summary>
    private static List<ChannelGroup> Order(Network network, Func<string, bool> ignores)
    {
        ChannelGroup[] groups = Removable(network, ignores);
        var importance = new ChannelImportance(network);
        var spare = new Dictionary<(string, int), int>();
        int Spare(ChannelSlice slice)
        {
            int width = network.Graph.ShapeOf(slice.Name)[slice.Axis];
            return spare.GetValueOrDefault(
                (slice.Name, slice.Axis), width - Math.Clamp((int)Math.Ceiling(width * MinKept), 1, MaxKept));
        }

        bool CanRemove(ChannelGroup group) => group.Values.All(slice => Spare(slice) >= slice.Indices.Count);
        var order = new List<ChannelGroup>();
        var left = groups.Where(CanRemove).ToList();
        int each = (left.Count + RankingRounds - 1) / RankingRounds;
        while (left.Count > 0)
        {
            ChannelGroup[] least = [.. left.OrderBy(importance.Of).Take(each)];
            foreach (ChannelGroup group in least.Where(CanRemove))
            {
                order.Add(group);
                foreach (ChannelSlice slice in group.Values)
                {
                    spare[(slice.Name, slice.Axis)] = Spare(slice) - slice.Indices.Count;
                }

                importance.Remove(group);
            }

            left = [.. left.Except(least).Where(CanRemove)];
        }

        return order;
    }

    /// <summary>Returns the groups whose channels no ignored node computes or reads with its weights.</summary>
    private static ChannelGroup[] Removable(Network network, Func<string, bool> ignores)
    {
        var weights = network.Nodes.Where(node => ignores(node.Name)).SelectMany(node => node.Parameters)
            .ToHashSet(StringComparer.Ordinal);
        return [.. network.ChannelGroups().Where(group => !group.Values.Any(slice => ignores(slice.Name))
            && !group.Parameters.Any(slice => weights.Contains(slice.Name)))];
    }
}
