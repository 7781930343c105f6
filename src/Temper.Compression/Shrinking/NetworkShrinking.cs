using Temper.Networks;
using Temper.Tensors;

namespace Temper.Compression.Shrinking;

/// <summary>
/// Removes what pruning has made useless: channels whose weights are zero, and branches that send nothing.
/// </summary>
public static class NetworkShrinking
{
    /// <summary>
    /// Removes every channel that no layer reads, or that sends the same for every input: what it sends is added to the
    /// layers that read it, at the border of a padded convolution pixel by pixel. Branches of a sum that are zero go as
    /// a whole. Every layer keeps a channel.
    /// </summary>
    /// <param name="network">A pruned network; not changed.</param>
    /// <param name="multiple">
    /// Widths of layers are rounded up to a multiple of this, as far as there are useless channels to keep; 1: nothing
    /// is rounded.
    /// </param>
    /// <returns>
    /// A network with the same results in evaluation, up to rounding, and the moves of its parameters.
    /// </returns>
    /// <remarks>
    /// The formulation is ours: the papers count the MACs of the shrunken network and remove nothing.
    /// </remarks>
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
                // What was made on the way has nothing to move from, what a later step took out nothing to move to.
                NetworkEdit result = edit with { Moves = [.. edit.Moves.Where(move => IsThere(move.From, network)
                    && IsThere(move.To, edit.Network))] };
                return new ShrinkResult(result, Widths(network, edit.Network));
            }
        }
    }

    /// <summary>A sum without the summands that are zero for every input.</summary>
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

    /// <summary>Output channels of a layer with weights; 0: it is none.</summary>
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
