using System.Globalization;
using System.Text;
using System.Text.Json;
using Temper.Formats;

namespace Temper.Privacy.Morphing;

/// <summary>What a part is made of: a stopped command goes on only where all of it is the same.</summary>
internal sealed record RowSource(string Key, string Data, int Rows, string First);

/// <summary>
/// What is written of a part so far, kept beside it, by each rank in a file of its own: a line that says of what, then
/// a line with number and digest of each whole chunk. Lines are appended, so a chunk costs the same however many came
/// before. They need not reach the disk in order: digests are held against the rows when a command goes on.
/// </summary>
internal sealed class RowJournal : IDisposable
{
    private const int MostBytes = 64_000_000, DigestLetters = 64;
    private const string Suffix = ".journal";
    private readonly FileStream _file;

    /// <summary>Begins a rank's journal with the chunks that are there.</summary>
    /// <param name="path">File of the part.</param>
    /// <param name="rank">Number of the rank.</param>
    /// <param name="source">What the part is made of.</param>
    /// <param name="done">The digest of each chunk; null: it is not there.</param>
    internal RowJournal(string path, int rank, RowSource source, IReadOnlyList<string?> done)
    {
        string own = string.Create(CultureInfo.InvariantCulture, $"{path}{Suffix}-{rank}");
        AtomicFile.Write(own, stream =>
        {
            JsonSerializer.Serialize(stream, source, BundleJson.Default.RowSource);
            stream.Write("\n"u8);
            for (int chunk = 0; chunk < done.Count; chunk++)
            {
                stream.Write(done[chunk] is { } digest ? Line(chunk, digest) : []);
            }
        });
        _file = new FileStream(own, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }

    /// <summary>The journals of a part, of all ranks that have written some of it.</summary>
    internal static string[] FilesOf(string path) =>
        [.. Directory.GetFiles(Path.GetDirectoryName(Path.GetFullPath(path))!, $"{Path.GetFileName(path)}{Suffix}-*")
            .Where(file => file.AsSpan(file.LastIndexOf('-') + 1) is var rank
                && int.TryParse(rank, NumberStyles.None, CultureInfo.InvariantCulture, out _))];

    /// <summary>Numbers and digests of the chunks that were written; none of a journal of something else.</summary>
    internal static IReadOnlyList<(int Chunk, string Digest)> Read(string path, RowSource source) =>
        [.. FilesOf(path).SelectMany(file => ReadOne(file, source))];

    private static IEnumerable<(int Chunk, string Digest)> ReadOne(string file, RowSource source)
    {
        if (new FileInfo(file).Length > MostBytes)
        {
            return [];
        }

        string[] lines = File.ReadAllLines(file, Encoding.ASCII);
        try
        {
            return lines.Length > 0 && source.Equals(JsonSerializer.Deserialize(lines[0], BundleJson.Default.RowSource))
                ? [.. lines.Skip(1).Select(Parsed).Where(line => line.Chunk >= 0)]
                : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    internal void Add(int chunk, string digest) => _file.Write(Line(chunk, digest));

    public void Dispose() => _file.Dispose();

    /// <summary>Number and digest; -1 where a line was cut off.</summary>
    private static (int Chunk, string Digest) Parsed(string line) =>
        line.Split(' ') is [var number, { Length: DigestLetters } digest]
            && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int chunk)
            ? (chunk, digest)
            : (-1, "");

    private static byte[] Line(int chunk, string digest) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{chunk} {digest}\n"));
}
