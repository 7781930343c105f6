using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Temper.Data;
using Temper.Formats;
using Temper.Tensors;

namespace Temper.Privacy.Morphing;

/// <summary>
/// The morphed rows of a bundle as a data set. Samples have the shape of the pictures and are read from the file on
/// access.
/// </summary>
internal sealed class MorphedDataset : Dataset, IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly string _path;
    private readonly long _first;
    private readonly int _stride;
    private readonly int _before;
    private readonly long[] _labels;

    /// <param name="name">Short name of the data set.</param>
    /// <param name="path">Path of the file, already checked against the manifest.</param>
    /// <param name="part">Entry of the part in the manifest.</param>
    /// <param name="map">Sizes of the map.</param>
    /// <param name="labels">One label per row.</param>
    /// <param name="classes">Names of the classes.</param>
    internal MorphedDataset(
        string name, string path, BundlePart part, MorphMap map, long[] labels, IReadOnlyList<string> classes)
    {
        RowContainer container = RowContainer.Find(part.Container)!;
        byte[] head = container.Head(part.Rows, map.Inputs);
        (_path, _labels, Name, Count, ClassNames) = (path, labels, name, part.Rows, classes);
        SampleShape = [map.Channels, map.Height, map.Width];
        (_stride, _before, _first) = (container.Stride(map.Inputs), container.Frame.Before, head.Length);
        _file = File.OpenHandle(path);
        long expected = head.Length + ((long)part.Rows * _stride) + container.Tail(part.Rows, map.Inputs, 0).Length;
        byte[] found = new byte[head.Length];
        if (RandomAccess.GetLength(_file) != expected
            || RandomAccess.Read(_file, found, 0) != found.Length || !found.AsSpan().SequenceEqual(head))
        {
            long length = RandomAccess.GetLength(_file);
            _file.Dispose();
            throw new ModelFormatException(path, "morphed rows: the file does not match the manifest (got "
                + $"{length} bytes, expected {expected} for {part.Rows} rows)");
        }
    }

    public override string Name { get; }

    public override int Count { get; }

    public override Shape SampleShape { get; }

    public override IReadOnlyList<string> ClassNames { get; }

    public override void CopySample(int index, Span<float> sample)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count);
        Span<byte> bytes = MemoryMarshal.AsBytes(sample[..SampleShape.Count]);
        long offset = _first + ((long)index * _stride) + _before;
        int read = RandomAccess.Read(_file, bytes, offset);
        if (read != bytes.Length)
        {
            throw new ModelFormatException(
                _path, offset, $"morphed rows: row {index} is truncated (got {read} bytes, expected {bytes.Length})");
        }

        // The sum is finite only if every value is.
        if (!float.IsFinite(TensorPrimitives.Sum(sample[..SampleShape.Count])))
        {
            throw new ModelFormatException(_path, offset, $"morphed rows: row {index} contains NaN or infinity");
        }
    }

    public override long Label(int index) => _labels[index];

    public void Dispose() => _file.Dispose();
}
