using System.Globalization;
using System.Text;
using System.Text.Json;
using Temper.Formats;

namespace Temper.Privacy.Morphing;

/// <summary>Identifies the source of a part. An interrupted command resumes only if the source is the same.</summary>
internal sealed record RowSource(string Key, string Data, int Rows, string First);

/// <summary>
/// Records which chunks of a part have been written; each rank has its own journal file next to the part. The first
/// line identifies the source; each further line has the number and digest of one complete chunk. Lines are appended,
/// so the cost per chunk is constant. Lines need not reach the disk in order, because digests are compared with the
/// rows on resume.
/// </summary>
internal sealed class RowJournal : IDisposable
{
    private const int MaxBytes = 64_000_000, DigestLetters = 64;
    private const string Suffix = ".journal";
    private readonly FileStream _file;

    /// <summary>Creates a rank's journal with the chunks that already exist.</summary>
    /// <param name="path">Path of the part's file.</param>
    /// <param name="rank">Index of the rank.</param>
    /// <param name="source">Source of the part.</param>
    /// <param name="done">Digest of each chunk; null: the chunk does not exist.</param>
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

    /// <summary>Returns the journal files of all ranks for a part.</summary>
    internal static string[] FilesOf(string path) =>
        [.. Directory.GetFiles(Path.GetDirectoryName(Path.GetFullPath(path))!, $"{Path.GetFileName(path)}{Suffix}-*")
            .Where(file => file.AsSpan(file.LastIndexOf('-') + 1) is var rank
                && int.TryParse(rank, NumberStyles.None, CultureInfo.InvariantCulture, out _))];

    /// <summary>
    /// Returns numbers and digests of the chunks that were written from the given source; journals of other sources are
    /// ignored.
    /// </summary>
    internal static IReadOnlyList<(int Chunk, string Digest)> Read(string path, RowSource source) =>
        [.. FilesOf(path).SelectMany(file => ReadOne(file, source))];

    private static IEnumerable<(int Chunk, string Digest)> ReadOne(string file, RowSource source)
    {
        if (new FileInfo(file).Length > MaxBytes)
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

    /// <summary>Parses number and digest; number -1: the line is incomplete.</summary>
    private static (int Chunk, string Digest) Parsed(string line) =>
        line.Split(' ') is [var number, { Length: DigestLetters } digest]
            && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int chunk)
            ? (chunk, digest)
            : (-1, "");

    private static byte[] Line(int chunk, string digest) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{chunk} {digest}\n"));
}
