using System.IO.Compression;

namespace Temper.Formats.TorchCheckpoints;

/// <summary>
/// Reads the zip layout of PyTorch 1.6 and later: <c>NAME/data.pkl</c> is the pickle, <c>NAME/data/KEY</c> are the
/// storages.
/// </summary>
internal static class TorchArchive
{
    private const string PickleName = "data.pkl";
    private const long LongestPickle = 64 << 20;
    private const long MaxExpansion = 4;

    /// <summary>Whether a zip archive is a PyTorch file, not for example a NumPy archive.</summary>
    internal static bool IsOne(string path)
    {
        try
        {
            using ZipArchive archive = ZipFile.OpenRead(path);
            return archive.Entries.Any(entry => string.Equals(entry.Name, PickleName, StringComparison.Ordinal));
        }
        catch (InvalidDataException)
        {
            return true;                                 // the reader reports the error
        }
    }

    internal static TorchCheckpoint Read(Stream stream, string file)
    {
        try
        {
            using var archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            ZipArchiveEntry pickle =
                archive.Entries.FirstOrDefault(entry => string.Equals(entry.Name, PickleName, StringComparison.Ordinal))
                ?? throw Bad(file, $"the archive has no {PickleName}; it is not a PyTorch state dict");
            string root = pickle.FullName[..^PickleName.Length];
            if (archive.GetEntry($"{root}byteorder") is { } order
                && Bytes(order, file, max: 16) is { } text && text.AsSpan().SequenceEqual("big"u8))
            {
                throw Bad(file, "numbers are big-endian, which is not supported; save it on a little-endian machine");
            }

            using var description = new MemoryStream(Bytes(pickle, file, LongestPickle));
            object? value = new PickleReader(new ByteReader(description, file, "PyTorch"), takesClasses: true).Read();
            long max = (MaxExpansion * stream.Length) + LongestPickle;
            return new TorchTensors(file, stream.Length).Read(value, key => Bytes(
                archive.GetEntry($"{root}data/{key}") ?? throw Bad(file, $"storage '{key}' is missing"), file, max));
        }
        catch (Exception error) when (DamagedData.IsCauseOf(error) || error is EndOfStreamException
            or NotSupportedException or ArgumentException)
        {
            throw new ModelFormatException(file, $"PyTorch: the archive is damaged ({error.Message})", error);
        }
    }

    /// <summary>
    /// Reads an entry. The length in the archive's directory is checked before memory is allocated, and against the
    /// content.
    /// </summary>
    private static byte[] Bytes(ZipArchiveEntry entry, string file, long max)
    {
        long possible = entry.CompressedLength <= max ? (entry.CompressedLength + 1) * DamagedData.MaxGrowth : max;
        if (entry.Length > Math.Min(Math.Min(max, possible), Array.MaxLength))
        {
            throw Bad(file, $"'{entry.FullName}' is too large (got {entry.Length} bytes, expected at most "
                + $"{Math.Min(max, possible)})");
        }

        byte[] bytes = new byte[entry.Length];
        using Stream content = entry.Open();
        int read = content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return read == bytes.Length && content.ReadByte() < 0
            ? bytes
            : throw Bad(file, $"'{entry.FullName}' does not have the length given in the archive (expected "
                + $"{bytes.Length} bytes)");
    }

    private static ModelFormatException Bad(string file, string reason) => new(file, $"PyTorch: {reason}");
}
