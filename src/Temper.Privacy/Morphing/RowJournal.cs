using System.Globalization;
using System.Text;
using System.Text.Json;
using Temper.Formats;

namespace Temper.Privacy.Morphing;

/// <summary>Identifies the source of a part. An interrupted command resumes only if the source is the same.</summary>
internal sealed record RowSource(string Key, string Data, int Rows);

/// <summary>A complete chunk of a part.</summary>
/// <param name="Index">Number of the chunk.</param>
/// <param name="Rows">Digest of the morphed rows as stored in the part's file.</param>
/// <param name="Samples">Digest of the samples from which the rows were computed.</param>
internal readonly record struct WrittenChunk(int Index, string Rows, string Samples);

/// <summary>
/// Records which chunks of a part have been written; each rank has its own journal file next to the part. The first
/// line identifies the source; each further line has the number of one complete chunk, and the digests of its rows and
/// samples. Lines are appended, so the cost per chunk is constant. Lines need not reach the disk in order, because
/// digests are compared with the rows and the samples on resume.
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
    /// <param name="written">The chunks.</param>
    internal RowJournal(string path, int rank, RowSource source, IEnumerable<WrittenChunk> written)
    {
        string own = string.Create(CultureInfo.InvariantCulture, $"{path}{Suffix}-{rank}");
        AtomicFile.Write(own, stream =>
        {
            JsonSerializer.Serialize(stream, source, BundleJson.Default.RowSource);
            stream.Write("\n"u8);
            foreach (WrittenChunk chunk in written)
            {
                stream.Write(Line(chunk));
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
    /// Returns the chunks that were written from the given source; journals of other sources are ignored.
    /// </summary>
    internal static IReadOnlyList<WrittenChunk> Read(string path, RowSource source) =>
        [.. FilesOf(path).SelectMany(file => ReadOne(file, source)).Distinct()];

    private static IEnumerable<WrittenChunk> ReadOne(string file, RowSource source)
    {
        if (new FileInfo(file).Length > MaxBytes)
        {
            return [];
        }

        string[] lines = File.ReadAllLines(file, Encoding.ASCII);
        try
        {
            return lines.Length > 0 && source.Equals(JsonSerializer.Deserialize(lines[0], BundleJson.Default.RowSource))
                ? [.. lines.Skip(1).Select(Parsed).Where(chunk => chunk.Index >= 0)]
                : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    internal void Add(WrittenChunk chunk) => _file.Write(Line(chunk));

    public void Dispose() => _file.Dispose();

    /// <summary>
    /// Parses a line; number -1: the line is incomplete, or from a version that did not record the samples.
    /// </summary>
    private static WrittenChunk Parsed(string line) =>
        line.Split(' ') is [var number, { Length: DigestLetters } rows, { Length: DigestLetters } samples]
            && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int chunk)
            ? new WrittenChunk(chunk, rows, samples)
            : new WrittenChunk(-1, "", "");

    private static byte[] Line(WrittenChunk chunk) => Encoding.ASCII.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"{chunk.Index} {chunk.Rows} {chunk.Samples}\n"));
}
