using Temper.Formats.Models;
using Temper.Networks;

namespace Temper.Compression.Pipeline;

/// <summary>Computes the size of a network on disk.</summary>
internal static class NetworkSize
{
    /// <summary>Returns the size in bytes of the network's file, without storing zeros.</summary>
    internal static long Bytes(Network network)
    {
        using var file = new MemoryStream();
        ModelFile.ToSingleFile(network, new SaveOptions { Sparse = true }).Write(file);
        return file.Length;
    }
}
