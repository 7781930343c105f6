using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Temper.Tensors;

namespace Temper.Formats.Npz;

/// <summary>
/// Reads and writes NumPy array files (.npy): little-endian; C and Fortran order are read, C order is written. Pickled
/// objects are rejected.
/// </summary>
public static partial class NpyFile
{
    /// <summary>Maximum number of axes, as in NumPy.</summary>
    private const int MaxAxes = 64;

    private static readonly byte[] Magic = [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelFormatException">
    /// The file is truncated or malformed, or contains objects.
    /// </exception>
    public static Tensor Load(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Read(stream, stream.Length, path);
    }

    /// <summary>Whether a file begins as an array file does; false if it cannot be read.</summary>
    internal static bool IsArray(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            byte[] start = new byte[Magic.Length];
            return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length
                && start.AsSpan().SequenceEqual(Magic);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Writes a file atomically.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensor">A tensor of any dtype and shape.</param>
    public static void Save(string path, Tensor tensor) => AtomicFile.Write(path, stream => Write(stream, tensor));

    /// <summary>Reads an array from a stream.</summary>
    /// <param name="stream">Positioned at the first byte.</param>
    /// <param name="length">Number of bytes of header and data; nothing may follow.</param>
    /// <param name="name">Name for errors.</param>
    /// <exception cref="ModelFormatException">
    /// The data is truncated, too long or malformed, or contains objects.
    /// </exception>
    public static Tensor Read(Stream stream, long length, string name)
    {
        byte[] start = ReadExactly(stream, 10, name, 0);
        if (!start.AsSpan(0, 6).SequenceEqual(Magic) || start[6] is not (1 or 2 or 3))
        {
            throw new ModelFormatException(name, 0, "npy: wrong magic number or version; not a NumPy array file");
        }

        int headerLength = BinaryPrimitives.ReadUInt16LittleEndian(start.AsSpan(8));
        int position = 10;
        if (start[6] > 1)
        {
            byte[] more = ReadExactly(stream, 2, name, position);
            headerLength |= BinaryPrimitives.ReadUInt16LittleEndian(more) << 16;
            position += 2;
        }

        if (headerLength < 0 || headerLength > Math.Min(length - position, 64 * 1024))
        {
            throw new ModelFormatException(name, 8, $"npy: header too long (got {headerLength} bytes)");
        }

        string header = Encoding.Latin1.GetString(ReadExactly(stream, headerLength, name, position));
        position += headerLength;
        (ElementType type, Shape shape, bool isFortran) = Parse(header, name);
        long bytes = (long)shape.Count * Elements.Size(type);
        if (bytes > Array.MaxLength || bytes != length - position)
        {
            throw new ModelFormatException(
                name, position, bytes > Array.MaxLength
                    ? $"npy: the array is too large (got {shape.Count} elements of {type}, expected at most "
                        + $"{Array.MaxLength / Elements.Size(type)}); divide it into several arrays"
                    : $"npy: the array does not fill the file (got {length - position} bytes, expected "
                        + $"{bytes} for {shape}); the file is truncated or has extra data at the end");
        }

        try
        {
            byte[] values = ReadExactly(stream, (int)bytes, name, position);
            return Elements.Read(isFortran ? RowMajor(values, Elements.Size(type), shape) : values, type, shape);
        }
        catch (OverflowException e)
        {
            throw new ModelFormatException(name, position, "npy: a value is above 2^63", e);
        }
    }

    /// <summary>Writes an array to a stream: version 1.0, C order.</summary>
    /// <param name="stream">The stream to write to.</param>
    /// <param name="tensor">A tensor of any dtype and shape.</param>
    public static void Write(Stream stream, Tensor tensor)
    {
        string type = tensor.DType switch
        {
            DType.Float32 => "<f4",
            DType.Int64 => "<i8",
            DType.Int32 => "<i4",
            DType.UInt8 => "|u1",
            _ => "|b1",
        };
        string shape = string.Join(", ", tensor.Shape.Select(l => l.ToString(CultureInfo.InvariantCulture)));
        string header =
            $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({shape}{(tensor.Rank == 1 ? "," : "")}), }}";
        int padded = (((10 + header.Length + 1) + 63) / 64 * 64) - 10;
        byte[] start = [.. Magic, 1, 0, (byte)padded, (byte)(padded >> 8)];
        stream.Write(start);
        stream.Write(Encoding.Latin1.GetBytes(header.PadRight(padded - 1) + "\n"));
        stream.Write(Elements.Write(tensor));
    }

    /// <summary>Returns elements in Fortran order (the first axis varies fastest) in C order.</summary>
    /// <param name="values">The elements.</param>
    /// <param name="size">Bytes per element.</param>
    /// <param name="shape">Lengths of the axes.</param>
    private static byte[] RowMajor(byte[] values, int size, Shape shape)
    {
        // Axes of length 1 do not change the order of the elements.
        int[] lengths = [.. shape.Where(length => length != 1)];
        if (lengths.Length < 2 || values.Length == 0)
        {
            return values;
        }

        int[] strides = new int[lengths.Length], at = new int[lengths.Length];
        strides[0] = size;
        for (int axis = 1; axis < strides.Length; axis++)
        {
            strides[axis] = strides[axis - 1] * lengths[axis - 1];
        }

        byte[] result = new byte[values.Length];
        int from = 0;
        for (int to = 0; to < result.Length; to += size)
        {
            values.AsSpan(from, size).CopyTo(result.AsSpan(to, size));
            for (int axis = strides.Length - 1; axis >= 0; axis--)
            {
                from += strides[axis];
                if (++at[axis] < lengths[axis])
                {
                    break;
                }

                from -= at[axis] * strides[axis];
                at[axis] = 0;
            }
        }

        return result;
    }

    private static (ElementType Type, Shape Shape, bool IsFortran) Parse(string header, string name)
    {
        Match match;
        try
        {
            match = HeaderPattern().Match(header);
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new ModelFormatException(
                name, 10, "npy: parsing the header takes too long; it is damaged or malicious", e);
        }

        if (!match.Success)
        {
            throw new ModelFormatException(name, 10, "npy: the header cannot be parsed (expected descr, fortran_order "
                + "and shape; objects are rejected)");
        }

        ElementType type = match.Groups["type"].Value switch
        {
            "<f2" => ElementType.Float16,
            "<f4" => ElementType.Float32,
            "<f8" => ElementType.Float64,
            "|i1" => ElementType.Int8,
            "<i2" => ElementType.Int16,
            "<i4" => ElementType.Int32,
            "<i8" => ElementType.Int64,
            "|u1" => ElementType.UInt8,
            "<u2" => ElementType.UInt16,
            "<u4" => ElementType.UInt32,
            "<u8" => ElementType.UInt64,
            "|b1" => ElementType.Bool,
            string other => throw new ModelFormatException(
                name, 10, $"npy: element type '{other}' is not supported (expected little-endian f2 to f8, i1 to "
                    + "i8, u1 to u8 or b1)"),
        };
        return (type, ShapeOf(match.Groups["shape"].Value, name), match.Groups["order"].Value is "True");
    }

    private static Shape ShapeOf(string text, string name)
    {
        string[] axes = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (axes.Length > MaxAxes)
        {
            throw new ModelFormatException(
                name, 10, $"npy: too many axes (got {axes.Length}, expected at most {MaxAxes})");
        }

        try
        {
            return Shape.Create(
                [.. axes.Select(l => int.Parse(l, NumberStyles.None, CultureInfo.InvariantCulture))]);
        }
        catch (Exception e) when (e is OverflowException or ArgumentOutOfRangeException or FormatException)
        {
            throw new ModelFormatException(name, 10, $"npy: invalid shape ({text})", e);
        }
    }

    private static byte[] ReadExactly(Stream stream, int count, string name, long offset)
    {
        byte[] bytes = new byte[count];
        int read;
        try
        {
            read = stream.ReadAtLeast(bytes, count, throwOnEndOfStream: false);
        }
        catch (Exception e) when (DamagedData.IsCauseOf(e))
        {
            throw new ModelFormatException(name, offset, "npy: compressed data is damaged", e);
        }

        return read == count
            ? bytes
            : throw new ModelFormatException(
                name, offset, $"npy: the file is truncated (got {read} bytes, expected {count})");
    }

    [GeneratedRegex(
        @"^\s*\{(?=.*'descr'\s*:\s*'(?<type>[^']{2,8})')(?=.*'fortran_order'\s*:\s*(?<order>True|False))"
            + @"(?=.*'shape'\s*:\s*\((?<shape>[0-9, ]*)\))",
        RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex HeaderPattern();
}
