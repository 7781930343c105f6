using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Shrinking;

/// <summary>
/// Removes parts without effect after pruning: channels whose weights are zero, and branches whose output is zero.
/// </summary>
public static class NetworkShrinking
{
    /// <summary>
    /// Removes every channel that no layer reads, or that has the same value for every input. Such a value is added to
    /// the layers that read it. Behind a padded convolution the added constants differ at the border of the image; a
    /// channel stays if they take more numbers than its nonzero weights. Branches of a sum that are zero are removed as
    /// a whole. Every layer keeps at least one channel.
    /// </summary>
    /// <param name="network">A pruned network; not changed.</param>
    /// <param name="multiple">
    /// Widths of layers are rounded up to a multiple of this value if there are enough channels without effect to keep;
    /// 1: no rounding.
    /// </param>
    /// <returns>
    /// A network with the same results in evaluation mode, up to rounding, and the moves of its parameters.
    /// </returns>
    /// <remarks>The papers count the MACs of the shrunken network, but do not describe its removal.</remarks>
    public static ShrinkResult Shrink(this Network network, int multiple = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(multiple, 1);
        NetworkEdit edit = network;
        while (true)
        {
            Network now = WithoutZeroBranches(edit.Network);
            NetworkEdit smaller = new ChannelRemoval(now, multiple).Apply();
            bool isDone = ReferenceEquals(now, edit.Network) && ReferenceEquals(smaller.Network, now);
            edit = new NetworkEdit(smaller.Network, [.. edit.Moves, .. smaller.Moves]);
            if (isDone)
            {
                // Omit moves from parameters created in an intermediate step, and moves to parameters removed in a
                // later one.
                NetworkEdit result = edit with { Moves = [.. edit.Moves.Where(move => IsThere(move.From, network)
                    && IsThere(move.To, edit.Network))] };
                return new ShrinkResult(result, Widths(network, edit.Network));
            }
        }
    }

    /// <summary>Removes the operands of sums that are zero for every input.</summary>
    private static Network WithoutZeroBranches(Network network)
    {
        KnownValues known = KnownValues.Of(network);
        foreach (Node node in network.Nodes.Where(node => node.Operator is Add))
        {
            int zero = known[node.Inputs[0]].IsZero ? 0 : known[node.Inputs[1]].IsZero ? 1 : -1;
            if (zero >= 0 && network.Graph.InfoOf(node.Inputs[1 - zero]).Equals(network.Graph.InfoOf(node.Name)))
            {
                return WithoutZeroBranches(network.Bypass(node.Name, 1 - zero));
            }
        }

        return network;
    }

    private static bool IsThere(string name, Network network) => network.Parameters.Contains(name)
        || network.Buffers.ContainsKey(name);

    private static LayerWidth[] Widths(Network before, Network after)
    {
        Dictionary<string, Node> left = after.Nodes.ToDictionary(node => node.Name, StringComparer.Ordinal);
        return [.. before.Nodes.Select(node => (node.Name, Width: WidthOf(node))).Where(layer => layer.Width > 0)
            .Select(layer => new LayerWidth(
                layer.Name, layer.Width, left.TryGetValue(layer.Name, out Node? node) ? WidthOf(node) : 0))];
    }

    /// <summary>Returns the number of output channels of a weighted layer; 0 for other nodes.</summary>
    internal static int WidthOf(Node node) => node.Operator switch
    {
        Conv2d layer => layer.Channels,
        ConvTranspose2d layer => layer.Channels,
        Conv3d layer => layer.Plane.Channels,
        ConvTranspose3d layer => layer.Plane.Channels,
        Linear layer => layer.Features,
        _ => 0,
    };
}
