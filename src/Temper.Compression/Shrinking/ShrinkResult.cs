using Temper.Networks;

namespace Temper.Compression.Shrinking;

/// <summary>A network without the channels that did nothing.</summary>
/// <param name="Edit">The smaller network, and how its parameters moved.</param>
/// <param name="Layers">Layers with weights before and after, those that are gone included.</param>
public sealed record ShrinkResult(NetworkEdit Edit, IReadOnlyList<LayerWidth> Layers)
{
    /// <summary>The smaller network.</summary>
    public Network Network => Edit.Network;
}

/// <summary>How wide a layer is.</summary>
/// <param name="Node">Name of the convolution or linear layer.</param>
/// <param name="Before">Output channels before.</param>
/// <param name="After">Output channels after; 0: the layer is gone.</param>
public sealed record LayerWidth(string Node, int Before, int After);
