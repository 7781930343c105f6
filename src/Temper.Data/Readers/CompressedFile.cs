using System.Buffers.Binary;
using System.IO.Compression;
using Temper.Data.Images;
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
        byte[] end = isPacked ? LastBytes(file, path) : [];
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

            return !isPacked || IsWhole(all.GetBuffer().AsSpan(0, (int)all.Length), end)
                ? all.ToArray()
                : throw new ModelFormatException(path, $"the compressed data is truncated (got {all.Length} bytes, "
                    + $"expected {LengthIn(end)})");
        }
        catch (Exception e) when (DamagedData.IsCauseOf(e))
        {
            throw new ModelFormatException(path, "the compressed data is damaged or truncated", e);
        }
    }

    /// <summary>
    /// Whether the content is complete. Needed because GZipStream does not report a truncated file.
    /// </summary>
    /// <remarks>
    /// A gzip file consists of one or more members (bgzip and concatenated files have several). Each ends with the
    /// checksum and the length (modulo 2^32) of its own content (RFC 1952), so those at the end of the file are of the
    /// last part of the content.
    /// </remarks>
    private static bool IsWhole(ReadOnlySpan<byte> content, ReadOnlySpan<byte> end)
    {
        uint length = LengthIn(end);
        if (length == content.Length)
        {
            return true;
        }

        // An empty member, as bgzip appends: an empty block and zeros.
        return length == 0
            ? end is [3, 0, 0, 0, 0, 0, ..]
            : length < content.Length
                && Crc32.Of([], content[^(int)length..]) == BinaryPrimitives.ReadUInt32LittleEndian(end[2..]);
    }

    /// <summary>The end of a gzip file: two bytes of data, the checksum and the length.</summary>
    private static byte[] LastBytes(FileStream file, string path)
    {
        byte[] end = new byte[10];
        if (file.Length < 18)
        {
            throw new ModelFormatException(
                path, $"the compressed data is truncated (got {file.Length} bytes, expected 18 or more)");
        }

        file.Seek(-end.Length, SeekOrigin.End);
        file.ReadExactly(end);
        file.Position = 0;
        return end;
    }

    private static uint LengthIn(ReadOnlySpan<byte> end) => BinaryPrimitives.ReadUInt32LittleEndian(end[6..]);

    private static ModelFormatException TooLong(string path, long max) =>
        new(path, 0, $"the file is too large (expected at most {max} bytes, after decompression)");

    /// <summary>Returns the path, or the path with ".gz" appended, whichever exists; null if neither does.</summary>
    internal static string? Find(string path) =>
        File.Exists(path) ? path : File.Exists(path + ".gz") ? path + ".gz" : null;
}
