using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Temper.Privacy.Morphing;

/// <summary>
/// File format for rows of float32: a header, then the rows, each with an optional prefix and suffix. All rows have the
/// same length, so a row can be located by its index.
/// </summary>
internal abstract class RowContainer
{
    /// <summary>Name of the format in settings and manifests; also the file extension.</summary>
    internal abstract string Name { get; }

    /// <summary>Bytes before and after the numbers of each row.</summary>
    internal virtual (int Before, int Behind) Frame => (0, 0);

    internal static IReadOnlyList<RowContainer> All { get; } =
    [
        new NpyRows(), new NpzRows(), new SafetensorsRows(), new TfRecordRows(),
    ];

    internal static RowContainer? Find(string name) =>
        All.FirstOrDefault(container => string.Equals(container.Name, name, StringComparison.Ordinal));

    /// <summary>Returns the bytes before the first row.</summary>
    internal abstract byte[] Head(int rows, int width);

    /// <summary>Returns the bytes after the last row; their length does not depend on the checksum.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="width">Values per row.</param>
    /// <param name="sum">Checksum, computed with <see cref="HeadSum"/> and <see cref="Sum"/>.</param>
    internal virtual byte[] Tail(int rows, int width, uint sum) => [];

    /// <summary>Returns the initial checksum, which covers bytes before the first row; 0: no checksum.</summary>
    internal virtual uint HeadSum(int rows, int width) => 0;

    /// <summary>Updates the checksum with more bytes; 0: no checksum.</summary>
    internal virtual uint Sum(uint sum, ReadOnlySpan<byte> bytes) => 0;

    /// <summary>Encodes rows to bytes.</summary>
    /// <param name="rows"><c>[N, width]</c>.</param>
    /// <param name="width">Values per row.</param>
    /// <param name="buffer">Buffer for the result, at least as long as the result; may be unused.</param>
    internal virtual ReadOnlySpan<byte> Encode(ReadOnlySpan<float> rows, int width, byte[] buffer) =>
        MemoryMarshal.AsBytes(rows);

    /// <summary>Maximum number of values per row: the bytes of a row are counted in 32 bits.</summary>
    internal const int MaxWidth = (int.MaxValue - MaxFrame) / sizeof(float);

    /// <summary>Bytes that no format exceeds before and after the numbers of a row.</summary>
    private const int MaxFrame = 64;

    /// <summary>Returns a number of bytes that one row does not exceed in any format.</summary>
    internal static long MaxStride(int width) => ((long)width * sizeof(float)) + MaxFrame;

    /// <summary>Returns the bytes of one row, including prefix and suffix.</summary>
    internal int Stride(int width) => checked((width * sizeof(float)) + Frame.Before + Frame.Behind);

    /// <summary>NumPy format 1.0: little-endian float32, C order.</summary>
    private sealed class NpyRows : RowContainer
    {
        internal override string Name => "npy";

        internal override byte[] Head(int rows, int width) => NpyHead(rows, width);
    }

    /// <summary>Safetensors with one tensor named <c>rows</c>.</summary>
    private sealed class SafetensorsRows : RowContainer
    {
        internal override string Name => "safetensors";

        internal override byte[] Head(int rows, int width) =>
            SafetensorsHead("rows", "F32", [rows, width], (long)rows * width * sizeof(float));
    }

    /// <summary>
    /// TensorFlow record files. Each record is a <c>tf.train.Example</c> with one feature, <c>row</c>: a bytes list
    /// with one value, the float32 numbers. A record consists of its length, the masked CRC-32C of the length, the
    /// payload, and the masked CRC-32C of the payload.
    /// </summary>
    private sealed class TfRecordRows : RowContainer
    {
        private byte[] _prefix = [];
        private int _width = -1;

        internal override string Name => "tfrecord";

        /// <summary>
        /// Record header and the protobuf prefix: five tags with 5-byte lengths and the feature's name.
        /// </summary>
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
        /// Builds the bytes of Example { features: { feature: { key: "row" value: { bytes_list: { value: ... } } } } }
        /// that precede the numbers.
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

    /// <summary>Returns the header of a NumPy file, format 1.0: little-endian float32, C order.</summary>
    internal static byte[] NpyHead(int rows, int width)
    {
        string header = string.Create(
            CultureInfo.InvariantCulture, $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}");
        int padded = ((10 + header.Length + 1 + 63) / 64 * 64) - 10;
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)padded, (byte)(padded >> 8), .. Encoding.ASCII.GetBytes(
            header.PadRight(padded - 1) + "\n")];
    }

    /// <summary>Returns the header of a safetensors file with one tensor, aligned to eight bytes.</summary>
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
