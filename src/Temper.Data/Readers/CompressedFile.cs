using System.Buffers.Binary;
using System.IO.Compression;
using Temper.Formats;

namespace Temper.Data.Readers;

/// <summary>Reads files whole, unpacked if their name ends in ".gz", never more than a limit.</summary>
internal static class CompressedFile
{
    /// <summary>Reads and unpacks a file; more than a limit is an error.</summary>
    internal static byte[] ReadAll(string path, long max)
    {
        using FileStream file = File.OpenRead(path);
        if (file.Length > max)
        {
            throw TooLong(path, max);
        }

        bool isPacked = path.EndsWith(".gz", StringComparison.Ordinal);
        uint unpacked = isPacked ? LengthInTrailer(file, path) : 0;
        try
        {
            using Stream content = isPacked ? new GZipStream(file, CompressionMode.Decompress) : file;
            using var all = new MemoryStream(capacity: (int)file.Length);
            byte[] buffer = new byte[64 * 1024];
            for (int read; (read = content.Read(buffer)) > 0;)
            {
                if (all.Length + read > max)
                {
                    throw TooLong(path, max);
                }

                all.Write(buffer, 0, read);
            }

            return !isPacked || all.Length == unpacked ? all.ToArray() : throw new ModelFormatException(
                path, 0, $"the compressed data is truncated (got {all.Length} bytes, expected {unpacked})");
        }
        catch (Exception e) when (DamagedData.IsCauseOf(e))
        {
            throw new ModelFormatException(path, 0, "the compressed data is damaged or truncated", e);
        }
    }

    /// <summary>
    /// The last four bytes of a gzip file (RFC 1952): what it unpacks to. The stream alone takes a cut file for a whole
    /// one.
    /// </summary>
    private static uint LengthInTrailer(FileStream file, string path)
    {
        Span<byte> length = stackalloc byte[4];
        if (file.Length < 18)
        {
            throw new ModelFormatException(
                path, 0, $"the compressed data is truncated (got {file.Length} bytes, expected 18 or more)");
        }

        file.Seek(-length.Length, SeekOrigin.End);
        file.ReadExactly(length);
        file.Position = 0;
        return BinaryPrimitives.ReadUInt32LittleEndian(length);
    }

    private static ModelFormatException TooLong(string path, long max) =>
        new(path, 0, $"the file has, or unpacks to, more than {max} bytes, the most that such a file may have");

    /// <summary>The path itself or the path with ".gz", whichever is there; null if neither.</summary>
    internal static string? Find(string path) =>
        File.Exists(path) ? path : File.Exists(path + ".gz") ? path + ".gz" : null;
}
