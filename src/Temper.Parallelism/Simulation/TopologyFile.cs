using System.Text.Json;
using Temper.Parallelism.Planning;

namespace Temper.Parallelism.Simulation;

/// <summary>Reads topologies from JSON files.</summary>
/// <example><code>
/// { "kind": "topology", "ranks": 2,
///   "links": [ { "between": [0, 1], "bytes_per_second": 1e9, "latency_seconds": 1e-6 } ] }
/// </code></example>
public static class TopologyFile
{
    private const string Kind = "topology";
    private const int MaxLinks = 1 << 16;

    /// <summary>Reads a topology.</summary>
    /// <param name="json">
    /// JSON text in UTF-8 with <c>ranks</c>, the number of ranks, and <c>links</c> between ranks and switches (numbered
    /// from <c>ranks</c>).
    /// </param>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, a value is out of range, or a rank cannot be reached.
    /// </exception>
    public static Topology Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return Read(document.RootElement);
        }
        catch (Exception error) when (error is JsonException
            or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            throw new InvalidDataException($"topology: the file is damaged or not a topology ({error.Message}); see "
                + "docs/hypar.md for the format", error);
        }
    }

    private static Topology Read(JsonElement root)
    {
        string kind = root.GetProperty("kind").GetString() ?? "";
        if (!string.Equals(kind, Kind, StringComparison.Ordinal))
        {
            throw new FormatException($"got kind '{kind}', expected '{Kind}'");
        }

        int ranks = Hierarchy.Of(root.GetProperty("ranks").GetInt32()).Accelerators;
        JsonElement list = root.GetProperty("links");
        if (list.GetArrayLength() > MaxLinks)
        {
            throw new FormatException($"got {list.GetArrayLength()} links, expected at most {MaxLinks}");
        }

        return Topology.Of("file", ranks, [.. list.EnumerateArray().Select(Link)]);
    }

    private static TopologyLink Link(JsonElement element, int index)
    {
        int[] ends = [.. element.GetProperty("between").EnumerateArray().Select(end => end.GetInt32())];
        double rate = element.GetProperty("bytes_per_second").GetDouble();
        double latency = element.TryGetProperty("latency_seconds", out JsonElement seconds) ? seconds.GetDouble() : 0;

        // The numbers are checked with the whole topology.
        return ends.Length == 2
            ? new TopologyLink(ends[0], ends[1], rate, latency)
            : throw new FormatException($"link {index} has the wrong number of ends (got {ends.Length}, expected 2)");
    }
}
