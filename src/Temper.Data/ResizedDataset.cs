using Temper.Tensors;

namespace Temper.Data;

/// <summary>
/// Resizes the pictures of another data set to one size. Pixel centers are aligned as in PyTorch without antialiasing
/// and in ONNX (half_pixel).
/// </summary>
internal sealed class ResizedDataset(Dataset source, int height, int width, PictureScaling scaling)
    : WrappedDataset(source)
{
    /// <summary>
    /// Buffers that are not in use: one for each view, if the source of a resized set is itself a resized set.
    /// </summary>
    [ThreadStatic]
    private static Stack<float[]>? _buffers;

    public override Shape SampleShape { get; } = [source.SampleShape[0], height, width];

    public override void CopySample(int index, Span<float> sample)
    {
        // Taken while it is in use: the source may itself be a resized set, which would overwrite it.
        Stack<float[]> buffers = _buffers ??= new Stack<float[]>();
        float[] stored = buffers.TryPop(out float[]? buffer) ? buffer : [];
        Source.CopyStored(index, out int rows, out int columns, ref stored);
        for (int channel = 0; channel < SampleShape[0]; channel++)
        {
            Resize(stored.AsSpan(channel * rows * columns, rows * columns), (rows, columns), sample.Slice(
                channel * height * width, height * width));
        }

        buffers.Push(stored);
    }

    private void Resize(ReadOnlySpan<float> from, (int Rows, int Columns) size, Span<float> to)
    {
        for (int y = 0; y < height; y++)
        {
            (int top, int bottom, float down) = Neighbors(y, height, size.Rows);
            for (int x = 0; x < width; x++)
            {
                (int left, int right, float across) = Neighbors(x, width, size.Columns);
                float above = Between(from[(top * size.Columns) + left], from[(bottom * size.Columns) + left], down);
                float below = Between(from[(top * size.Columns) + right], from[(bottom * size.Columns) + right], down);
                to[(y * width) + x] = Between(above, below, across);
            }
        }
    }

    private static float Between(float a, float b, float part) => a + (part * (b - a));

    /// <summary>
    /// Returns the two source pixels around an output pixel, and the interpolation weight of the second.
    /// </summary>
    private (int First, int Second, float Part) Neighbors(int index, int length, int stored)
    {
        float scale = (float)length / stored;
        double position = ((index + 0.5f) / scale) - 0.5f;
        if (scaling == PictureScaling.Nearest)
        {
            int nearest = Math.Clamp((int)Math.Ceiling(position - 0.5), 0, stored - 1);
            return (nearest, nearest, 0);
        }

        position = Math.Clamp(position, 0, stored - 1);
        int first = (int)Math.Floor(position);
        return (first, Math.Min(first + 1, stored - 1), (float)(position - first));
    }
}
