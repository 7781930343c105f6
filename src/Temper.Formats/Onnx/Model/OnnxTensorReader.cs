using System.Globalization;
using System.Runtime.InteropServices;
using Temper.Formats.Models;
using Temper.Tensors;

namespace Temper.Formats.Onnx;

/// <summary>
/// Converts the tensors of an ONNX file: floats become float32, integers int32 or int64; uint8 and bool stay.
/// </summary>
/// <param name="stream">The file; must stay open while this object is used.</param>
/// <param name="file">Path or name of the file; external data is searched for in its folder.</param>
internal sealed class OnnxTensorReader(Stream stream, string file)
{
    /// <exception cref="ModelFormatException">
    /// The number of elements is wrong, the type is not supported, or external data cannot be read.
    /// </exception>
    internal Tensor Read(OnnxTensor tensor)
    {
        ElementType type = ElementOf(tensor);
        Shape shape = ShapeOf(tensor);
        if (tensor.External is { } external)
        {
            using FileStream other = OpenBeside(tensor, external);
            return Bytes(tensor, type, shape, other, Number(tensor, external, "offset", 0), Number(
                tensor, external, "length", other.Length));
        }

        if (tensor.RawOffset >= 0)
        {
            return Bytes(tensor, type, shape, stream, tensor.RawOffset, tensor.RawLength);
        }

        int written = type == ElementType.Float32
            ? tensor.Floats.Count
            : type == ElementType.Float64
            ? tensor.Doubles.Count
            : tensor.Integers.Count;
        return written == shape.Count
            ? Numbers(tensor, type, shape)
            : throw Bad(tensor, $"has the wrong number of elements (got {written}, expected {shape.Count} "
                + $"for {shape})");
    }

    /// <summary>Checks the size of sparse tensors, which become dense, before they are read.</summary>
    /// <exception cref="ModelFormatException">They are much larger than the file.</exception>
    internal void CheckSize(IReadOnlyList<OnnxSparseTensor> tensors)
    {
        long dense = 0, stored = stream.Length / sizeof(float);
        foreach (OnnxSparseTensor sparse in tensors)
        {
            // Values in another file count as well; a wrong number of them is an error when they are read.
            Shape shape = ShapeOf(sparse.Values with { Dims = sparse.Dims });
            stored += sparse.Values.External is null ? 0 : ShapeOf(sparse.Values).Count;
            dense += shape.Count;
            if (SparseTensor.IsTooLarge(dense, stored))
            {
                throw Bad(sparse.Values, $"is sparse and too large for a file of {stored} elements (got {shape})");
            }
        }
    }

    /// <summary>Reads a sparse tensor and makes it dense.</summary>
    /// <inheritdoc cref="Read(OnnxTensor)"/>
    internal Tensor Read(OnnxSparseTensor sparse)
    {
        Shape shape = ShapeOf(sparse.Values with { Dims = sparse.Dims });
        Tensor values = Read(sparse.Values), indices = Read(sparse.Indices);
        bool isFlat = indices.Rank == 1;
        int width = isFlat ? 1 : shape.Rank;
        if (values.DType != DType.Float32
            || values.Rank != 1 || indices.DType != DType.Int64 || indices.Count != (long)values.Count * width)
        {
            throw Bad(sparse.Values, $"has values and indices that do not match (got {values.DType} {values.Shape} and "
                + $"{indices.DType} {indices.Shape})");
        }

        float[] dense = new float[shape.Count];
        ReadOnlySpan<long> offsets = indices.AsSpan<long>();
        for (int i = 0; i < values.Count; i++)
        {
            long offset = 0;
            for (int axis = 0; axis < width; axis++)
            {
                long along = offsets[(i * width) + axis];
                long length = isFlat ? shape.Count : shape[axis];
                offset = along >= 0 && along < length ? (offset * length) + along : throw Bad(
                    sparse.Values, $"has an index that is out of range (got {along}, expected less than {length})");
            }

            dense[offset] = values.AsSpan<float>()[i];
        }

        return Tensor.From(dense, shape);
    }

    private Tensor Bytes(OnnxTensor tensor, ElementType type, Shape shape, Stream source, long offset, long length)
    {
        long expected = (long)shape.Count * Elements.Size(type);
        if (length != expected || offset < 0 || offset > source.Length - length)
        {
            throw Bad(tensor, $"has the wrong number of bytes (got {length} at {offset} of {source.Length}, "
                + $"expected {expected} for {shape})");
        }

        source.Position = offset;
        try
        {
            return Elements.Read(source, type, shape)
                ?? throw Bad(tensor, "is incomplete; the file is truncated");
        }
        catch (OverflowException error)
        {
            throw new ModelFormatException(file, offset, $"ONNX: tensor '{tensor.Name}' has a value above 2^63", error);
        }
    }

    private static Tensor Numbers(OnnxTensor tensor, ElementType type, Shape shape) => type switch
    {
        ElementType.Float32 => Tensor.From((float[])[.. tensor.Floats], shape),
        ElementType.Float64 => Tensor.From((float[])[.. tensor.Doubles.Select(v => (float)v)], shape),
        ElementType.Int64 or ElementType.UInt32 or ElementType.UInt64 =>
            Tensor.From((long[])[.. tensor.Integers], shape),
        ElementType.Bool => Tensor.From((bool[])[.. tensor.Integers.Select(v => v != 0)], shape),
        ElementType.UInt8 => Tensor.From((byte[])[.. tensor.Integers.Select(v => (byte)v)], shape),

        // Each half-precision float is stored in the low 16 bits of an integer.
        ElementType.Float16 or ElementType.BFloat16 => Elements.Read(
            MemoryMarshal.AsBytes<ushort>((ushort[])[.. tensor.Integers.Select(v => (ushort)v)]), type, shape),
        _ => Tensor.From((int[])[.. tensor.Integers.Select(v => (int)v)], shape),
    };

    private ElementType ElementOf(OnnxTensor tensor) => tensor.Type switch
    {
        OnnxType.Float => ElementType.Float32,
        OnnxType.Double => ElementType.Float64,
        OnnxType.Float16 => ElementType.Float16,
        OnnxType.BFloat16 => ElementType.BFloat16,
        OnnxType.Int8 => ElementType.Int8,
        OnnxType.Int16 => ElementType.Int16,
        OnnxType.Int32 => ElementType.Int32,
        OnnxType.Int64 => ElementType.Int64,
        OnnxType.UInt8 => ElementType.UInt8,
        OnnxType.UInt16 => ElementType.UInt16,
        OnnxType.UInt32 => ElementType.UInt32,
        OnnxType.UInt64 => ElementType.UInt64,
        OnnxType.Bool => ElementType.Bool,
        _ => throw Bad(tensor, $"has element type {tensor.Type}, which is not supported (expected floats of 16 to 64 "
            + "bits, integers of 8 to 64 bits, bool)"),
    };

    private Shape ShapeOf(OnnxTensor tensor)
    {
        if (tensor.Dims.Count > Shape.MaxRank)
        {
            throw Bad(tensor, $"has too many axes (got {tensor.Dims.Count}, expected at most {Shape.MaxRank})");
        }

        long count = 1;
        foreach (long length in tensor.Dims)
        {
            if (length < 0 || length > int.MaxValue || (count != 0 && length > int.MaxValue / Math.Max(count, 1)))
            {
                throw Bad(tensor, $"has an invalid shape (got [{string.Join(", ", tensor.Dims.Take(8))}], expected "
                    + "at most 2^31 - 1 elements)");
            }

            count *= length;
        }

        return Shape.Create([.. tensor.Dims.Select(length => (int)length)]);
    }

    /// <summary>
    /// Opens an external data file; files outside the model's folder are rejected, also through links.
    /// </summary>
    private FileStream OpenBeside(OnnxTensor tensor, IReadOnlyDictionary<string, string> external)
    {
        string location = external.GetValueOrDefault("location", "");
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        string path = Path.GetFullPath(Path.Combine(folder, location));
        if (location.Length == 0 || location.Contains('\0') || Path.IsPathRooted(location)
            || !path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw Bad(tensor, $"is outside the model's folder (got '{location}'); move its file into that folder");
        }

        try
        {
            string target = new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path;
            return IsBelow(folder, path) && IsBelow(folder, target)
                ? File.OpenRead(path)
                : throw Bad(tensor, $"is outside the model's folder (got a link '{location}'); move its file into "
                    + "that folder");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelFormatException(file, $"ONNX: tensor '{tensor.Name}' is in a file that cannot be read "
                + $"('{location}': {error.Message})", error);
        }
    }

    /// <summary>Whether a file is below a folder, and no folder on the way to it is a link.</summary>
    private static bool IsBelow(string folder, string path)
    {
        string? at = Path.GetDirectoryName(path);
        while (at is not null && at.Length > folder.Length && new DirectoryInfo(at).LinkTarget is null)
        {
            at = Path.GetDirectoryName(at);
        }

        return string.Equals(at, folder, StringComparison.Ordinal);
    }

    private long Number(OnnxTensor tensor, IReadOnlyDictionary<string, string> external, string key, long absent)
    {
        if (!external.TryGetValue(key, out string? text))
        {
            return key is "length" ? absent - Number(tensor, external, "offset", 0) : absent;
        }

        return long.TryParse(text, CultureInfo.InvariantCulture, out long number) && number >= 0
            ? number
            : throw Bad(tensor, $"has an invalid {key} (got '{text}')");
    }

    private ModelFormatException Bad(OnnxTensor tensor, string reason) =>
        new(file, Math.Max(0, tensor.RawOffset), $"ONNX: tensor '{tensor.Name}' {reason}");
}
