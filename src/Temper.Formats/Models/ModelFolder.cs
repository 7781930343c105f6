using System.Security.Cryptography;
using System.Text;
using Temper.Formats.Safetensors;
using Temper.Networks;

namespace Temper.Formats.Models;

/// <summary>
/// Replaces the graph and the tensors of a model folder together, although they are two files.
/// </summary>
/// <remarks>
/// The tensors record the digest of the graph that they belong to. A new graph is first written under another name,
/// then the tensors are replaced, then the graph. If the work ends between the last two steps, the graph under the
/// other name is that of the tensors, and is the one that is read. So a folder holds the old or the new network at
/// every moment. A graph that was edited by hand, and folders without a digest, are read as before.
/// </remarks>
internal static class ModelFolder
{
    /// <summary>Name of a graph whose tensors are not yet known to be complete.</summary>
    internal const string PendingName = ".config.json.new";

    /// <summary>Metadata entry of the tensors: the SHA-256 digest of their graph's text.</summary>
    internal const string DigestKey = "temper.graph";

    /// <summary>Writes graph and tensors.</summary>
    internal static void Save(string folder, SafetensorsFile numbers, string graph)
    {
        CompleteLast(folder);
        string pending = Path.Combine(folder, PendingName);
        byte[] text = Encoding.UTF8.GetBytes(graph);
        var metadata = new Dictionary<string, string>(numbers.Metadata, StringComparer.Ordinal)
        {
            [DigestKey] = DigestOf(text),
        };
        AtomicFile.Write(pending, stream => stream.Write(text));
        try
        {
            new SafetensorsFile(numbers.Tensors, metadata) { Int8Names = numbers.Int8Names }
                .Save(Path.Combine(folder, ModelFile.WeightsName));
        }
        catch
        {
            File.Delete(pending);
            throw;
        }

        AtomicFile.Write(Path.Combine(folder, ModelFile.GraphName), stream => stream.Write(text));
        File.Delete(pending);
    }

    /// <summary>Returns the text of the graph that belongs to the tensors, and the file that it is from.</summary>
    /// <exception cref="ModelFormatException">
    /// The text is too long, or the header of the tensors is damaged.
    /// </exception>
    /// <exception cref="FileNotFoundException">There is no graph.</exception>
    internal static (byte[] Text, string File) ReadGraph(string folder)
    {
        string graph = Path.Combine(folder, ModelFile.GraphName);
        return PendingOf(folder) is { } text
            ? (text, Path.Combine(folder, PendingName))
            : (ReadText(graph), graph);
    }

    /// <summary>
    /// Finishes an interrupted replacement, before its pending graph is overwritten by that of the next one.
    /// </summary>
    private static void CompleteLast(string folder)
    {
        byte[]? text;
        try
        {
            text = PendingOf(folder);
        }
        catch (ModelFormatException)
        {
            return;                                      // a damaged model can be replaced as well
        }

        if (text is not null)
        {
            AtomicFile.Write(Path.Combine(folder, ModelFile.GraphName), stream => stream.Write(text));
        }
    }

    /// <summary>The pending graph, if the tensors are already those that belong to it.</summary>
    private static byte[]? PendingOf(string folder)
    {
        string pending = Path.Combine(folder, PendingName), weights = Path.Combine(folder, ModelFile.WeightsName);
        if (!File.Exists(pending) || !File.Exists(weights)
            || !SafetensorsFile.LoadMetadata(weights).TryGetValue(DigestKey, out string? digest))
        {
            return null;
        }

        byte[] text = ReadText(pending);
        return string.Equals(digest, DigestOf(text), StringComparison.Ordinal) ? text : null;
    }

    private static string DigestOf(byte[] text) => Convert.ToHexStringLower(SHA256.HashData(text));

    private static byte[] ReadText(string path)
    {
        long length = new FileInfo(path).Length;
        return length <= NetworkJsonReader.LongestText
            ? File.ReadAllBytes(path)
            : throw new ModelFormatException(path, $"the graph is too long (got {length} bytes, expected at most "
                + $"{NetworkJsonReader.LongestText})");
    }
}
