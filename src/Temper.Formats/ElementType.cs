using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Temper.Tensors;
using Temper.Tensors.Memory;

namespace Temper.Formats;

/// <summary>Element type of numbers in a file, before they are converted to a dtype of tensors.</summary>
internal enum ElementType
{
    Float16,
    BFloat16,
    Float32,
    Float64,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Bool,
}

/// <summary>
/// Converts little-endian bytes of a file to tensors: floats become float32, integers int32 or int64; uint8 and bool
/// stay.
/// </summary>
internal static class Elements
{
    internal static int Size(ElementType type) => type switch
    {
        ElementType.Int8 or ElementType.UInt8 or ElementType.Bool => 1,
        ElementType.Float16 or ElementType.BFloat16 or ElementType.Int16 or ElementType.UInt16 => 2,
        ElementType.Float32 or ElementType.Int32 or ElementType.UInt32 => 4,
        _ => 8,
    };

    internal static ElementType Of(DType dtype) => dtype switch
    {
        DType.Float32 => ElementType.Float32,
        DType.Int64 => ElementType.Int64,
        DType.Int32 => ElementType.Int32,
        DType.UInt8 => ElementType.UInt8,
        _ => ElementType.Bool,
    };

    /// <summary>
    /// Reads a tensor from a stream: directly into its memory if the element type needs no conversion, else through a
    /// copy.
    /// </summary>
    /// <param name="stream">The file.</param>
    /// <param name="type">Element type in the file.</param>
    /// <param name="shape">Shape of the tensor; the caller has checked its size against the length of the file.</param>
    /// <returns>The tensor; null if the stream ends too early.</returns>
    internal static Tensor? Read(Stream stream, ElementType type, Shape shape)
    {
        switch (type)
        {
            case ElementType.Float32: return Straight<float>(stream, shape);
            case ElementType.Int32: return Straight<int>(stream, shape);
            case ElementType.Int64: return Straight<long>(stream, shape);
            case ElementType.UInt8: return Straight<byte>(stream, shape);
            default:
                byte[] bytes = new byte[checked(shape.Count * Size(type))];
                return stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length
                    ? Read(bytes, type, shape)
                    : null;
        }
    }

    /// <summary>Creates a tensor from bytes whose number matches the shape.</summary>
    internal static Tensor Read(ReadOnlySpan<byte> bytes, ElementType type, Shape shape) => type switch
    {
        ElementType.Float32 => Tensor.From(MemoryMarshal.Cast<byte, float>(bytes), shape),
        ElementType.Int32 => Tensor.From(MemoryMarshal.Cast<byte, int>(bytes), shape),
        ElementType.Int64 => Tensor.From(MemoryMarshal.Cast<byte, long>(bytes), shape),
        ElementType.UInt8 => Tensor.From(bytes, shape),
        ElementType.Bool => Convert(bytes, 1, shape, b => b[0] != 0),
        ElementType.Float16 => Convert(bytes, 2, shape, b => (float)BinaryPrimitives.ReadHalfLittleEndian(b)),
        ElementType.BFloat16 => Convert(
            bytes, 2, shape, b => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(b) << 16)),
        ElementType.Float64 => Convert(bytes, 8, shape, b => (float)BinaryPrimitives.ReadDoubleLittleEndian(b)),
        ElementType.Int8 => Convert(bytes, 1, shape, b => (int)(sbyte)b[0]),
        ElementType.Int16 => Convert(bytes, 2, shape, b => (int)BinaryPrimitives.ReadInt16LittleEndian(b)),
        ElementType.UInt16 => Convert(bytes, 2, shape, b => (int)BinaryPrimitives.ReadUInt16LittleEndian(b)),
        ElementType.UInt32 => Convert(bytes, 4, shape, b => (long)BinaryPrimitives.ReadUInt32LittleEndian(b)),
        _ => Convert(bytes, 8, shape, b => checked((long)BinaryPrimitives.ReadUInt64LittleEndian(b))),
    };

    /// <summary>Returns the values of a tensor as bytes in file order (row-major, little-endian).</summary>
    internal static ReadOnlySpan<byte> Write(Tensor tensor) => tensor.DType switch
    {
        DType.Float32 => MemoryMarshal.AsBytes(tensor.AsSpan<float>()),
        DType.Int64 => MemoryMarshal.AsBytes(tensor.AsSpan<long>()),
        DType.Int32 => MemoryMarshal.AsBytes(tensor.AsSpan<int>()),
        DType.UInt8 => tensor.AsSpan<byte>(),
        _ => MemoryMarshal.AsBytes(tensor.AsSpan<bool>()),
    };

    private static Tensor? Straight<T>(Stream stream, Shape shape)
        where T : unmanaged
    {
        // Loaded tensors belong to the caller, so they are not allocated in the scope of a tape.
        using (MemoryScope.Enter(null))
        {
            Tensor tensor = Tensor.Allocate<T>(shape);
            Span<byte> bytes = MemoryMarshal.AsBytes(tensor.Writable<T>());
            return stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length ? tensor : null;
        }
    }

    private static Tensor Convert<T>(ReadOnlySpan<byte> bytes, int size, Shape shape, ElementReader<T> read)
        where T : unmanaged
    {
        T[] values = new T[shape.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = read(bytes.Slice(i * size, size));
        }

        return Tensor.From(values, shape);
    }

    private delegate T ElementReader<T>(ReadOnlySpan<byte> bytes);
}
