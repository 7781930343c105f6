using System.Buffers.Binary;

namespace Temper.Privacy.Morphing;

/// <summary>
/// Writes NumPy archives: a zip file with one stored (uncompressed) entry, <c>rows.npy</c>. Rows are streamed, so the
/// entry's checksum follows the data (data descriptor) and is repeated in the central directory. From about 4 GiB on,
/// ZIP64 is used.
/// </summary>
internal sealed class NpzRows : RowContainer
{
    private const ushort HasDescriptor = 8, Version = 20, Version64 = 45, Stored = 0, Zip64Extra = 1, FirstDay = 0x21;
    private static readonly uint[] Table = MakeTable();

    internal override string Name => "npz";

    private static ReadOnlySpan<byte> EntryName => "rows.npy"u8;

    internal override byte[] Head(int rows, int width)
    {
        bool is64 = Is64(rows, width);
        uint unknown = is64 ? uint.MaxValue : 0;
        var head = new ZipBytes();
        head.UInt(0x04034B50).Common(is64, sum: 0).UInt(unknown)
            .UInt(unknown).UShort((ushort)EntryName.Length).UShort((ushort)(is64 ? 20 : 0)).Bytes(EntryName);
        if (is64)
        {
            head.UShort(Zip64Extra).UShort(16).ULong(0).ULong(0);
        }

        return head.Bytes(NpyHead(rows, width)).ToArray();
    }

    internal override byte[] Tail(int rows, int width, uint sum)
    {
        bool is64 = Is64(rows, width);
        long size = Size(rows, width),
            directory = Head(rows, width).Length - NpyHead(rows, width).Length + size + (is64 ? 24 : 16);
        uint small = is64 ? uint.MaxValue : (uint)size;
        var tail = new ZipBytes();
        tail.UInt(0x08074B50).UInt(sum).Size(size, is64).Size(size, is64);
        int start = tail.Length;
        tail.UInt(0x02014B50).UShort(is64 ? Version64 : Version).Common(is64, sum).UInt(small).UInt(small)
            .UShort((ushort)EntryName.Length)
            .UShort((ushort)(is64 ? 20 : 0)).UShort(0).UShort(0).UShort(0).UInt(0).UInt(0).Bytes(EntryName);
        if (is64)
        {
            tail.UShort(Zip64Extra).UShort(16).ULong((ulong)size).ULong((ulong)size);
        }

        int length = tail.Length - start;
        if (is64)
        {
            tail.UInt(0x06064B50).ULong(44).UShort(Version64)
                .UShort(Version64).UInt(0).UInt(0).ULong(1).ULong(1).ULong((ulong)length).ULong((ulong)directory);
            tail.UInt(0x07064B50).UInt(0).ULong((ulong)(directory + length)).UInt(1);
        }

        tail.UInt(0x06054B50).UShort(0)
            .UShort(0).UShort(1).UShort(1).UInt((uint)length).UInt(is64 ? uint.MaxValue : (uint)directory).UShort(0);
        return tail.ToArray();
    }

    internal override uint HeadSum(int rows, int width) => Sum(0, NpyHead(rows, width));

    /// <summary>Computes the CRC-32 of zip files, eight bytes per step.</summary>
    internal override uint Sum(uint sum, ReadOnlySpan<byte> bytes)
    {
        uint crc = ~sum;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            uint low = crc ^ BinaryPrimitives.ReadUInt32LittleEndian(bytes),
                high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            crc = Table[(7 * 256) + (byte)low] ^ Table[(6 * 256) + (byte)(low >> 8)]
                ^ Table[(5 * 256) + (byte)(low >> 16)] ^ Table[(4 * 256) + (low >> 24)]
                ^ Table[(3 * 256) + (byte)high] ^ Table[(2 * 256) + (byte)(high >> 8)]
                ^ Table[256 + (byte)(high >> 16)] ^ Table[high >> 24];
        }

        foreach (byte value in bytes)
        {
            crc = Table[(byte)(crc ^ value)] ^ (crc >> 8);
        }

        return ~crc;
    }

    private static long Size(int rows, int width) => NpyHead(rows, width).Length + ((long)rows * width * sizeof(float));

    private static bool Is64(int rows, int width) => Size(rows, width) + 1024 >= uint.MaxValue;

    private static uint[] MakeTable()
    {
        uint[] table = new uint[8 * 256];
        for (uint i = 0; i < 256; i++)
        {
            uint crc = i;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }

            table[i] = crc;
        }

        for (int i = 256; i < table.Length; i++)
        {
            table[i] = table[(byte)table[i - 256]] ^ (table[i - 256] >> 8);
        }

        return table;
    }

    /// <summary>Appends little-endian numbers to a buffer.</summary>
    private sealed class ZipBytes
    {
        private readonly List<byte> _bytes = [];

        internal int Length => _bytes.Count;

        internal byte[] ToArray() => [.. _bytes];

        internal ZipBytes Bytes(ReadOnlySpan<byte> bytes)
        {
            _bytes.AddRange(bytes);
            return this;
        }

        internal ZipBytes UShort(ushort value) => Bytes([(byte)value, (byte)(value >> 8)]);

        internal ZipBytes UInt(uint value) => UShort((ushort)value).UShort((ushort)(value >> 16));

        internal ZipBytes ULong(ulong value) => UInt((uint)value).UInt((uint)(value >> 32));

        internal ZipBytes Size(long value, bool is64) => is64 ? ULong((ulong)value) : UInt((uint)value);

        /// <summary>
        /// Writes the fields common to local and central headers: version needed, flags, method, time (the earliest
        /// date of zip) and checksum.
        /// </summary>
        internal ZipBytes Common(bool is64, uint sum) => UShort(is64 ? Version64 : Version)
            .UShort(HasDescriptor).UShort(Stored).UShort(0).UShort(FirstDay).UInt(sum);
    }
}
