using Temper.Networks;

namespace Temper.Compression.Shrinking;

/// <summary>Result of removing channels without effect.</summary>
/// <param name="Edit">The smaller network, and the moves of its parameters.</param>
/// <param name="Layers">Widths of the weighted layers before and after, including removed layers.</param>
public sealed record ShrinkResult(NetworkEdit Edit, IReadOnlyList<LayerWidth> Layers)
{
    /// <summary>The smaller network.</summary>
    public Network Network => Edit.Network;
}

/// <summary>Width of a layer.</summary>
/// <param name="Node">Name of the convolution or linear layer.</param>
/// <param name="Before">Number of output channels before.</param>
/// <param name="After">Number of output channels after; 0: the layer was removed.</param>
public sealed record LayerWidth(string Node, int Before, int After);
