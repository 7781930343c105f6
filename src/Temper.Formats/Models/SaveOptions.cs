namespace Temper.Formats.Models;

/// <summary>Options for saving a network.</summary>
public sealed record SaveOptions
{
    /// <summary>
    /// Whether tensors with many zeros are stored as nonzero values and their indices, if that is smaller. The file is
    /// still a safetensors file (docs/formats.md), and loading it gives the same bits. Default false.
    /// </summary>
    public bool Sparse { get; init; }
}
