namespace Temper.Formats;

/// <summary>Recognizes files that only stand in for a model: git-lfs pointers and gzip files.</summary>
internal static class ForeignFile
{
    private const int Longest = 20;

    /// <summary>Throws if a seekable stream holds such a file; the position stays as it is.</summary>
    /// <param name="stream">Positioned at the first byte.</param>
    /// <param name="name">Name for errors.</param>
    /// <exception cref="ModelFormatException">The stream holds a git-lfs pointer or a gzip file.</exception>
    internal static void Check(Stream stream, string name)
    {
        Span<byte> first = stackalloc byte[Longest];
        long start = stream.Position;
        int count = stream.ReadAtLeast(first, first.Length, throwOnEndOfStream: false);
        stream.Position = start;
        if (Reason(first[..count]) is { } reason)
        {
            throw new ModelFormatException(name, reason);
        }
    }

    private static string? Reason(ReadOnlySpan<byte> first)
    {
        if (first.StartsWith("version https://git-"u8))
        {
            return "a git-lfs pointer, not the file itself; run git lfs pull";
        }

        // These bytes can also be the header length of a safetensors file; its header then starts at the ninth byte.
        return first is [0x1F, 0x8B, ..] and not [_, _, _, _, _, _, _, _, (byte)'{', ..]
            ? "compressed with gzip; unpack it first"
            : null;
    }
}
