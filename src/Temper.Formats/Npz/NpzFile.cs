using System.IO.Compression;
using Temper.Tensors;

namespace Temper.Formats.Npz;

/// <summary>Reads and writes NumPy archives of named arrays (.npz).</summary>
public static class NpzFile
{
    /// <summary>
    /// Default maximum number of bytes that one array may decompress to. A limit is needed because a small archive can
    /// claim any size. Arrays may not share their bytes, so all of them together take at most 1032 times the archive.
    /// </summary>
    public const long DefaultLimit = 4L * 1024 * 1024 * 1024;

    /// <summary>Reads all arrays.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="maxBytes">Maximum number of bytes that one array may decompress to.</param>
    /// <returns>Arrays, keyed by name without ".npy".</returns>
    /// <exception cref="ModelFormatException">The archive or an array in it is malformed or too large.</exception>
    public static IReadOnlyDictionary<string, Tensor> Load(string path, long maxBytes = DefaultLimit)
    {
        using FileStream stream = File.OpenRead(path);
        return Read(stream, path, maxBytes);
    }

    /// <summary>Reads selected arrays; other entries of the archive are not read.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="names">Names without ".npy"; names that do not exist are omitted from the result.</param>
    /// <exception cref="ModelFormatException">The archive or one of the arrays is malformed or too large.</exception>
    public static IReadOnlyDictionary<string, Tensor> Load(string path, IReadOnlyCollection<string> names)
    {
        using FileStream stream = File.OpenRead(path);
        return Read(stream, path, DefaultLimit, names);
    }

    /// <summary>Returns the names of the arrays, without ".npy".</summary>
    /// <param name="path">The archive.</param>
    /// <exception cref="ModelFormatException">The file is not an archive.</exception>
    public static IReadOnlyList<string> Names(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Opened(stream, path, archive => (string[])[.. ArraysOf(archive, names: null).Select(NameOf)]);
    }

    /// <summary>Reads all arrays from a seekable stream.</summary>
    /// <param name="stream">The archive.</param>
    /// <param name="name">Name for errors.</param>
    /// <param name="maxBytes">Maximum number of bytes that one array may decompress to.</param>
    /// <exception cref="ModelFormatException">The archive or an array in it is malformed or too large.</exception>
    public static IReadOnlyDictionary<string, Tensor> Read(Stream stream, string name, long maxBytes = DefaultLimit) =>
        Read(stream, name, maxBytes, names: null);

    private static Dictionary<string, Tensor> Read(
        Stream stream, string name, long maxBytes, IReadOnlyCollection<string>? names) =>
        Opened(stream, name, archive =>
    {
        var arrays = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        long compressed = 0;
        foreach (ZipArchiveEntry entry in ArraysOf(archive, names))
        {
            // Entries that share their bytes would make a small archive as large as one likes.
            compressed += entry.CompressedLength;
            if (compressed > stream.Length)
            {
                throw new ModelFormatException(
                    name, $"npz: entries of the archive overlap (got {compressed} bytes up to '{entry.FullName}', "
                        + $"expected at most the {stream.Length} of the file); the archive is damaged or malicious");
            }

            if (!arrays.TryAdd(NameOf(entry), ReadEntry(entry, name, maxBytes)))
            {
                throw new ModelFormatException(name, $"npz: the archive contains '{entry.FullName}' twice");
            }
        }

        return arrays;
    });

    private static T Opened<T>(Stream stream, string name, Func<ZipArchive, T> read)
    {
        ForeignFile.Check(stream, name);
        try
        {
            using var archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            return read(archive);
        }
        catch (Exception e)
            when (DamagedData.IsCauseOf(e) || e is EndOfStreamException or NotSupportedException or ArgumentException)
        {
            throw new ModelFormatException(name, $"npz: not an archive of arrays ({e.Message})", e);
        }
    }

    private static IEnumerable<ZipArchiveEntry> ArraysOf(ZipArchive archive, IReadOnlyCollection<string>? names) =>
        archive.Entries.Where(entry => entry.FullName.EndsWith(".npy", StringComparison.Ordinal)
            && (names is null || names.Contains(NameOf(entry), StringComparer.Ordinal)));

    private static string NameOf(ZipArchiveEntry entry) => entry.FullName[..^4];

    private static Tensor ReadEntry(ZipArchiveEntry entry, string name, long maxBytes)
    {
        if (entry.Length > maxBytes)
        {
            throw new ModelFormatException(name, $"npz: array '{entry.FullName}' decompresses to {entry.Length} "
                + $"bytes (expected at most {maxBytes}); raise the limit if the file is trusted");
        }

        if (entry.Length / DamagedData.MaxGrowth > entry.CompressedLength)
        {
            throw new ModelFormatException(name, $"npz: array '{entry.FullName}' cannot decompress to "
                + $"{entry.Length} bytes (it has {entry.CompressedLength} compressed); the archive is damaged or "
                + $"malicious");
        }

        using Stream content = entry.Open();
        return NpyFile.Read(content, entry.Length, $"{name}:{entry.FullName}");
    }

    /// <summary>Writes an archive atomically. The same arrays give the same bytes.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="arrays">Arrays, keyed by name without ".npy".</param>
    public static void Save(string path, IEnumerable<KeyValuePair<string, Tensor>> arrays) =>
        AtomicFile.Write(path, stream =>
    {
        using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach ((string name, Tensor tensor) in arrays)
        {
            ZipArchiveEntry entry = archive.CreateEntry(name + ".npy", CompressionLevel.Fastest);
            entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
            using Stream content = entry.Open();
            NpyFile.Write(content, tensor);
        }
    });
}
