using System.Text;
using System.Text.Json;
using Temper.Formats;

namespace Temper.Privacy.Morphing;

/// <summary>What a part is made of: a stopped command goes on only where all of it is the same.</summary>
internal sealed record RowSource(string Key, string Data, int Rows, string First);

/// <summary>
/// What is written of a part so far, kept beside it: a line that says of what, then a line with the digest of each
/// whole chunk. Lines are appended, so a chunk costs the same however many came before. They need not reach the disk in
/// order: digests are held against the rows when a command goes on.
/// </summary>
internal sealed class RowJournal : IDisposable
{
    private const int MaxBytes = 64_000_000, DigestLetters = 64;
    private readonly FileStream _file;

    /// <summary>Begins a journal with the chunks that are there.</summary>
    internal RowJournal(string path, RowSource source, IReadOnlyList<string> done)
    {
        AtomicFile.Write(path, stream =>
        {
            JsonSerializer.Serialize(stream, source, BundleJson.Default.RowSource);
            stream.Write("\n"u8);
            foreach (string digest in done)
            {
                stream.Write(Line(digest));
            }
        });
        _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }

    /// <summary>
    /// Digests of the chunks that a stopped run wrote; none where it wrote something else, or nothing.
    /// </summary>
    internal static IReadOnlyList<string> Read(string path, RowSource source)
    {
        if (!File.Exists(path) || new FileInfo(path).Length > MaxBytes)
        {
            return [];
        }

        string[] lines = File.ReadAllLines(path, Encoding.ASCII);
        try
        {
            return lines.Length > 0 && source.Equals(JsonSerializer.Deserialize(lines[0], BundleJson.Default.RowSource))
                ? [.. lines.Skip(1).TakeWhile(line => line.Length == DigestLetters)]
                : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    internal void Add(string digest) => _file.Write(Line(digest));

    public void Dispose() => _file.Dispose();

    private static byte[] Line(string digest) => Encoding.ASCII.GetBytes(digest + '\n');
}
