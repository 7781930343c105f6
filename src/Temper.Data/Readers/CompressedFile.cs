using System.Buffers.Binary;
using System.IO.Compression;
using Temper.Formats;

namespace Temper.Data.Readers;

/// <summary>Reads whole files up to a size limit; decompresses files whose names end in ".gz".</summary>
internal static class CompressedFile
{
    /// <summary>Reads and decompresses a file; throws if the content is longer than a limit.</summary>
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
    /// Returns the uncompressed length (modulo 2^32) from the last four bytes of a gzip file (RFC 1952). Needed because
    /// GZipStream does not report a truncated file.
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
        new(path, 0, $"the file is too large (expected at most {max} bytes, after decompression)");

    /// <summary>Returns the path, or the path with ".gz" appended, whichever exists; null if neither does.</summary>
    internal static string? Find(string path) =>
        File.Exists(path) ? path : File.Exists(path + ".gz") ? path + ".gz" : null;
}
