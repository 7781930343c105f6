namespace Temper.Formats.Models;

/// <summary>How a network's numbers are stored.</summary>
public sealed record SaveOptions
{
    /// <summary>
    /// Whether tensors with many zeros are stored as the numbers that are not zero and where they stand, if that is
    /// smaller. The file is still a safetensors file (docs/formats.md), and loading it gives the same bits. False
    /// unless said otherwise.
    /// </summary>
    public bool Sparse { get; init; }
}
