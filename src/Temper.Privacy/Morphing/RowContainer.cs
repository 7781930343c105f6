using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Temper.Privacy.Morphing;

/// <summary>
/// How rows of float32 stand in a file: a head, then each row with what is around it. Rows of one length, so each is
/// found by its index.
/// </summary>
internal abstract class RowContainer
{
    /// <summary>The name in settings and manifests; also the file's extension.</summary>
    internal abstract string Name { get; }

    /// <summary>Bytes before and behind the numbers of each row.</summary>
    internal virtual (int Before, int Behind) Frame => (0, 0);

    internal static IReadOnlyList<RowContainer> All { get; } =
    [
        new NpyRows(), new NpzRows(), new SafetensorsRows(), new TfRecordRows(),
    ];

    internal static RowContainer? Find(string name) =>
        All.FirstOrDefault(container => string.Equals(container.Name, name, StringComparison.Ordinal));

    /// <summary>What stands before the first row.</summary>
    internal abstract byte[] Head(int rows, int width);

    /// <summary>What stands behind the last row; its length does not depend on the sum.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="width">Numbers per row.</param>
    /// <param name="sum">Check sum of the rows, from <see cref="HeadSum"/> on.</param>
    internal virtual byte[] Tail(int rows, int width, uint sum) => [];

    /// <summary>Check sum of what the tail's sum covers before the first row.</summary>
    internal virtual uint HeadSum(int rows, int width) => 0;

    /// <summary>The check sum with more bytes; 0 where the tail has none.</summary>
    internal virtual uint Sum(uint sum, ReadOnlySpan<byte> bytes) => 0;

    /// <summary>The bytes of some rows.</summary>
    /// <param name="rows"><c>[N, width]</c>.</param>
    /// <param name="width">Numbers per row.</param>
    /// <param name="buffer">Memory that may be used; as long as the result.</param>
    internal virtual ReadOnlySpan<byte> Encode(ReadOnlySpan<float> rows, int width, byte[] buffer) =>
        MemoryMarshal.AsBytes(rows);

    /// <summary>Bytes of one row with its frame.</summary>
    internal int Stride(int width) => checked((width * sizeof(float)) + Frame.Before + Frame.Behind);

    /// <summary>NumPy's version 1.0: little-endian float32, C order.</summary>
    private sealed class NpyRows : RowContainer
    {
        internal override string Name => "npy";

        internal override byte[] Head(int rows, int width) => NpyHead(rows, width);
    }

    /// <summary>One tensor called <c>rows</c>.</summary>
    private sealed class SafetensorsRows : RowContainer
    {
        internal override string Name => "safetensors";

        internal override byte[] Head(int rows, int width) =>
            SafetensorsHead("rows", "F32", [rows, width], (long)rows * width * sizeof(float));
    }

    /// <summary>
    /// TensorFlow's record files. A record is a <c>tf.train.Example</c> with one feature, <c>row</c>: a bytes list of
    /// one value, the float32 numbers. Length, masked CRC-32C of the length, payload, masked CRC-32C of the payload.
    /// </summary>
    private sealed class TfRecordRows : RowContainer
    {
        private byte[] _prefix = [];
        private int _width = -1;

        internal override string Name => "tfrecord";

        /// <summary>Five length prefixes of fixed width (padded to 5 bytes), tags and the feature's name.</summary>
        internal override (int Before, int Behind) Frame => (12 + ProtoBytes, 4);

        private static int ProtoBytes => 6 + 6 + 5 + 6 + 6 + 6;

        internal override byte[] Head(int rows, int width) => [];

        internal override ReadOnlySpan<byte> Encode(ReadOnlySpan<float> rows, int width, byte[] buffer)
        {
            Prepare(width);
            int stride = Stride(width), payload = stride - 16;
            for (int row = 0; row < rows.Length / width; row++)
            {
                Span<byte> record = buffer.AsSpan(row * stride, stride);
                BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)payload);
                BinaryPrimitives.WriteUInt32LittleEndian(record[8..], Masked(record[..8]));
                _prefix.CopyTo(record[12..]);
                MemoryMarshal.AsBytes(rows.Slice(row * width, width)).CopyTo(record[(12 + ProtoBytes)..]);
                BinaryPrimitives.WriteUInt32LittleEndian(record[(12 + payload)..], Masked(record.Slice(12, payload)));
            }

            return buffer.AsSpan(0, rows.Length / width * stride);
        }

        /// <summary>
        /// Example { features: { feature: { key: "row" value: { bytes_list: { value: ... } } } } } up to the numbers.
        /// </summary>
        private void Prepare(int width)
        {
            if (_width == width)
            {
                return;
            }

            int bytes = width * sizeof(float);
            int list = bytes + 6, feature = list + 6, entry = feature + 6 + 5, features = entry + 6;
            var prefix = new List<byte>();
            void Tag(byte tag, int length)
            {
                prefix.Add(tag);
                for (int i = 0; i < 5; i++)
                {
                    prefix.Add((byte)(((length >> (7 * i)) & 0x7F) | (i < 4 ? 0x80 : 0)));
                }
            }

            Tag(0x0A, features);
            Tag(0x0A, entry);
            prefix.AddRange([0x0A, 3, .. "row"u8]);
            Tag(0x12, feature);
            Tag(0x0A, list);
            Tag(0x0A, bytes);
            (_prefix, _width) = ([.. prefix], width);
        }

        private static uint Masked(ReadOnlySpan<byte> bytes)
        {
            uint crc = 0xFFFFFFFF;
            int i = 0;
            for (; i + 8 <= bytes.Length; i += 8)
            {
                crc = System.Numerics.BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes[i..]));
            }

            for (; i < bytes.Length; i++)
            {
                crc = System.Numerics.BitOperations.Crc32C(crc, bytes[i]);
            }

            crc = ~crc;
            return ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
        }
    }

    /// <summary>The head of a file of NumPy's format 1.0: little-endian float32, C order.</summary>
    internal static byte[] NpyHead(int rows, int width)
    {
        string header = string.Create(
            CultureInfo.InvariantCulture, $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}");
        int padded = ((10 + header.Length + 1 + 63) / 64 * 64) - 10;
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)padded, (byte)(padded >> 8), .. Encoding.ASCII.GetBytes(
            header.PadRight(padded - 1) + "\n")];
    }

    /// <summary>The head of a safetensors file with one tensor, its numbers aligned to eight bytes.</summary>
    internal static byte[] SafetensorsHead(string name, string dtype, long[] shape, long bytes)
    {
        string json = string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":[{string.Join(',', shape)}],"
                + $"\"data_offsets\":[0,{bytes}]}}}}");
        json = json.PadRight((json.Length + 7) / 8 * 8);
        byte[] head = new byte[8 + json.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(head, (ulong)json.Length);
        Encoding.ASCII.GetBytes(json, head.AsSpan(8));
        return head;
    }
}
