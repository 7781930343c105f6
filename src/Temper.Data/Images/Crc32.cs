namespace Temper.Data.Images;

/// <summary>CRC-32 checksum of PNG chunks (ISO 3309, polynomial 0xEDB88320).</summary>
internal static class Crc32
{
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(n => Entry((uint)n))];

    internal static uint Of(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in first)
        {
            crc = Table[(byte)(crc ^ b)] ^ (crc >> 8);
        }

        foreach (byte b in second)
        {
            crc = Table[(byte)(crc ^ b)] ^ (crc >> 8);
        }

        return ~crc;
    }

    private static uint Entry(uint n)
    {
        for (int bit = 0; bit < 8; bit++)
        {
            n = (n & 1) != 0 ? 0xEDB88320u ^ (n >> 1) : n >> 1;
        }

        return n;
    }
}
