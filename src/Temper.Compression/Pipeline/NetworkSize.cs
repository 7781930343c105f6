using Temper.Formats.Models;
using Temper.Networks;

namespace Temper.Compression.Pipeline;

/// <summary>What a network takes on disk.</summary>
internal static class NetworkSize
{
    /// <summary>Bytes of the file that holds it, zeros left out.</summary>
    internal static long Bytes(Network network)
    {
        using var file = new MemoryStream();
        ModelFile.ToSingleFile(network, new SaveOptions { Sparse = true }).Write(file);
        return file.Length;
    }
}
