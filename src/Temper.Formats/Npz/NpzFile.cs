using System.IO.Compression;
using Temper.Tensors;

namespace Temper.Formats.Npz;

/// <summary>NumPy's archives of named arrays.</summary>
public static class NpzFile
{
    /// <summary>Most bytes that one array may unpack to, unless the caller says otherwise: a small archive can claim anything.</summary>
    public const long DefaultLimit = 4L * 1024 * 1024 * 1024;

    /// <summary>Most bytes that one packed byte can stand for: a deflated match of 258 bytes takes two bits.</summary>
    private const long MostGrowth = 1032;

    /// <summary>Reads all arrays.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="mostBytes">Most bytes that one array may unpack to.</param>
    /// <returns>Arrays by name, without ".npy".</returns>
    /// <exception cref="ModelFormatException">The archive or an array in it is malformed or too large.</exception>
    public static IReadOnlyDictionary<string, Tensor> Load(string path, long mostBytes = DefaultLimit)
    {
        using FileStream stream = File.OpenRead(path);
        return Read(stream, path, mostBytes);
    }

    /// <summary>Reads all arrays from a stream that can seek.</summary>
    /// <param name="stream">The archive.</param>
    /// <param name="name">What to call it in errors.</param>
    /// <param name="mostBytes">Most bytes that one array may unpack to.</param>
    /// <exception cref="ModelFormatException">The archive or an array in it is malformed or too large.</exception>
    public static IReadOnlyDictionary<string, Tensor> Read(Stream stream, string name, long mostBytes = DefaultLimit)
    {
        try
        {
            using var archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            var arrays = new Dictionary<string, Tensor>(StringComparer.Ordinal);
            foreach (ZipArchiveEntry entry in archive.Entries.Where(e => e.FullName.EndsWith(".npy", StringComparison.Ordinal)))
            {
                if (entry.Length > mostBytes)
                {
                    throw new ModelFormatException(name, 0, $"npz: array '{entry.FullName}' unpacks to {entry.Length} bytes (expected at most {mostBytes}); raise the limit if it is meant to");
                }

                if (entry.Length / MostGrowth > entry.CompressedLength)
                {
                    throw new ModelFormatException(name, 0, $"npz: array '{entry.FullName}' cannot unpack to {entry.Length} bytes (it has {entry.CompressedLength} packed); the archive is damaged or hostile");
                }

                using Stream content = entry.Open();
                if (!arrays.TryAdd(entry.FullName[..^4], NpyFile.Read(content, entry.Length, $"{name}:{entry.FullName}")))
                {
                    throw new ModelFormatException(name, 0, $"npz: the name '{entry.FullName}' stands twice in the archive");
                }
            }

            return arrays;
        }
        catch (Exception e) when (DamagedData.IsCauseOf(e) || e is EndOfStreamException or NotSupportedException or ArgumentException)
        {
            throw new ModelFormatException(name, 0, $"npz: this is no archive of arrays ({e.Message})", e);
        }
    }

    /// <summary>Writes an archive, as a whole or not at all. The same arrays give the same bytes.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="arrays">Arrays by name.</param>
    public static void Save(string path, IEnumerable<KeyValuePair<string, Tensor>> arrays) => AtomicFile.Write(path, stream =>
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
