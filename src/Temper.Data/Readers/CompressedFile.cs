using System.IO.Compression;
using Temper.Formats;

namespace Temper.Data.Readers;

/// <summary>Reads files whole, unpacked if their name ends in ".gz", never more than a limit.</summary>
internal static class CompressedFile
{
    /// <summary>Reads exactly as many bytes as a header says there are; more or fewer is an error.</summary>
    internal static byte[] ReadAll(string path, long most)
    {
        using FileStream file = File.OpenRead(path);
        try
        {
            using Stream content = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
            using var all = new MemoryStream(capacity: (int)Math.Min(file.Length, most));
            byte[] buffer = new byte[64 * 1024];
            for (int read; (read = content.Read(buffer)) > 0;)
            {
                if (all.Length + read > most)
                {
                    throw new ModelFormatException(path, 0, $"the file unpacks to more than {most} bytes, the most that such a file may have");
                }

                all.Write(buffer, 0, read);
            }

            return all.ToArray();
        }
        catch (InvalidDataException e)
        {
            throw new ModelFormatException(path, 0, "the compressed data is damaged or truncated", e);
        }
    }

    /// <summary>The path itself or the path with ".gz", whichever is there; null if neither.</summary>
    internal static string? Find(string path) => File.Exists(path) ? path : File.Exists(path + ".gz") ? path + ".gz" : null;
}
