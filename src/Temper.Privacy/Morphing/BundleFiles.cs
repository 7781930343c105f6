using System.Security.Cryptography;
using Temper.Formats;

namespace Temper.Privacy.Morphing;

/// <summary>Compares the files of a bundle with the digests of its manifest.</summary>
internal static class BundleFiles
{
    internal static string DigestOf(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>Reads a file of rows once and compares each chunk with the manifest.</summary>
    /// <param name="path">The file.</param>
    /// <param name="part">What the manifest says.</param>
    /// <param name="inputs">Numbers in a row.</param>
    internal static void RequireChunks(string path, BundlePart part, int inputs)
    {
        RowContainer container = RowContainer.Find(part.Container)!;
        using FileStream stream = File.OpenRead(path);
        stream.Position = container.Head(part.Rows, inputs).Length;
        long end = stream.Position + ((long)part.Rows * container.Stride(inputs));
        long length = Math.Min(stream.Length, (long)part.ChunkRows * container.Stride(inputs));
        byte[] chunk = length <= Array.MaxLength ? new byte[length] : throw new ModelFormatException(
            path, $"morphed rows: a chunk is too long (got {length} bytes, expected at most {Array.MaxLength}); "
                + "write the bundle again");
        uint sum = container.HeadSum(part.Rows, inputs);
        for (int i = 0; i < part.Chunks.Length; i++)
        {
            int count = (int)Math.Min(chunk.Length, end - stream.Position);
            long offset = stream.Position;
            stream.ReadExactly(chunk, 0, count);
            string digest = Convert.ToHexStringLower(SHA256.HashData(chunk.AsSpan(0, count)));
            if (!string.Equals(digest, part.Chunks[i], StringComparison.Ordinal))
            {
                throw new ModelFormatException(path, offset, $"morphed rows: chunk {i} does not match the manifest; "
                    + "the file was damaged or changed, get it again");
            }

            sum = container.Sum(sum, chunk.AsSpan(0, count));
        }

        byte[] tail = container.Tail(part.Rows, inputs, sum), found = new byte[tail.Length];
        stream.ReadExactly(found);
        if (!found.AsSpan().SequenceEqual(tail))
        {
            throw new ModelFormatException(path, end, "morphed rows: the data after the rows is not "
                + "valid; the file was damaged or changed, get it again");
        }
    }

    internal static void RequireDigest(string path, string digest)
    {
        if (!File.Exists(path) || !string.Equals(DigestOf(path), digest, StringComparison.Ordinal))
        {
            throw new ModelFormatException(path, "bundle: the file is missing or does not match the manifest; it "
                + "was damaged or changed, get it again");
        }
    }
}
