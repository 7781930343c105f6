using Temper.Cli.CommandLine;
using Temper.Networks;
using Temper.Privacy.Morphing;

namespace Temper.Cli.Models;

/// <summary>Networks that were trained on morphed rows: plain pictures tell nothing about them.</summary>
internal static class MorphedRows
{
    /// <summary>The layer that takes the place of the first convolution; null: the network takes pictures.</summary>
    internal static AugConv? LayerOf(Network network) =>
        network.Nodes.Select(node => node.Operator).OfType<AugConv>().FirstOrDefault();

    /// <summary>Warns that a network expects morphed rows, if it does.</summary>
    /// <param name="context">Context of the command.</param>
    /// <param name="network">The network.</param>
    /// <param name="advice">What to do for plain pictures.</param>
    internal static void Warn(CommandContext context, Network network, string advice)
    {
        if (LayerOf(network) is not null)
        {
            context.Terminal.Note(
                $"warning: the network's first layer expects morphed rows; for plain pictures, {advice}");
        }
    }
}
