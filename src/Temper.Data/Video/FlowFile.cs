using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Temper.Formats;

namespace Temper.Data.Video;

/// <summary>Reads and writes the optical flow of one pair of frames as a Middlebury <c>.flo</c> file.</summary>
public static class FlowFile
{
    private const float Tag = 202021.25f;

    private const int LargestSide = 1 << 15;

    /// <summary>Writes a flow field atomically.</summary>
    /// <param name="path">The file.</param>
    /// <param name="flow">Flow <c>[H, W, 2]</c>: dx and dy in pixels.</param>
    /// <param name="height">Height H.</param>
    /// <param name="width">Width W.</param>
    /// <exception cref="ArgumentException">The number of values does not match height and width.</exception>
    public static void Save(string path, ReadOnlySpan<float> flow, int height, int width)
    {
        byte[] file = new byte[12 + (sizeof(float) * Require(flow.Length, height, width))];
        BinaryPrimitives.WriteSingleLittleEndian(file, Tag);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), width);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(8), height);
        for (int i = 0; i < flow.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(file.AsSpan(12 + (i * sizeof(float))), flow[i]);
        }

        AtomicFile.Write(path, stream => stream.Write(file));
    }

    /// <summary>Reads a flow field <c>[H, W, 2]</c>: dx and dy in pixels.</summary>
    /// <param name="path">The file.</param>
    /// <param name="height">Receives the height H.</param>
    /// <param name="width">Receives the width W.</param>
    /// <exception cref="ModelFormatException">The file is truncated or not a <c>.flo</c> file.</exception>
    public static float[] Load(string path, out int height, out int width)
    {
        byte[] file = File.ReadAllBytes(path);
        if (file.Length < 12 || BinaryPrimitives.ReadSingleLittleEndian(file) != Tag)
        {
            throw new ModelFormatException(path, 0, "flow: not a .flo file");
        }

        (width, height) = (BinaryPrimitives.ReadInt32LittleEndian(
            file.AsSpan(4)), BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(8)));
        if (width is < 1
            or > LargestSide || height is < 1 or > LargestSide || file.Length != 12 + (8L * width * height))
        {
            throw new ModelFormatException(
                path, 4, $"flow: the size does not match the file length (got {width} x {height} and {file.Length} "
                    + "bytes)");
        }

        float[] flow = new float[2 * width * height];
        for (int i = 0; i < flow.Length; i++)
        {
            flow[i] = BinaryPrimitives.ReadSingleLittleEndian(file.AsSpan(12 + (i * sizeof(float))));
        }

        return flow;
    }

    private static int Require(int count, int height, int width) =>
        height > 0 && width > 0 && count == 2L * height * width
        ? count
        : throw new ArgumentException(
            $"flow: the number of values does not match the size (got {count} for {height} x {width} x 2)");
}
