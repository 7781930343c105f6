namespace Temper.Data.Video;

/// <summary>
/// Resizes square crops: reducing averages the covered area, enlarging interpolates linearly.
/// </summary>
internal sealed class AreaScaling
{
    private readonly int _from;
    private readonly int _to;
    private readonly (int First, float[] Weights)[] _taps;

    internal AreaScaling(int from, int to)
    {
        (_from, _to) = (from, to);
        _taps = [.. Enumerable.Range(0, to).Select(place => to <= from ? Covered(place) : Between(place))];
    }

    /// <summary>Resizes a square crop of a frame.</summary>
    /// <param name="frame">Pixels <c>[H, width, 3]</c>.</param>
    /// <param name="width">Width of the frame, in pixels.</param>
    /// <param name="top">First row of the square.</param>
    /// <param name="left">First column of the square.</param>
    /// <param name="rows">Scratch, <c>[to, from, 3]</c>.</param>
    /// <param name="result">Receives the result, <c>[to, to, 3]</c>.</param>
    internal void Scale(ReadOnlySpan<byte> frame, int width, int top, int left, float[] rows, Span<byte> result)
    {
        int stride = _from * 3;
        for (int y = 0; y < _to; y++)
        {
            (int first, float[] weights) = _taps[y];
            Span<float> row = rows.AsSpan(y * stride, stride);
            row.Clear();
            for (int k = 0; k < weights.Length; k++)
            {
                ReadOnlySpan<byte> from = frame.Slice((((top + first + k) * width) + left) * 3, stride);
                for (int i = 0; i < stride; i++)
                {
                    row[i] += weights[k] * from[i];
                }
            }
        }

        for (int i = 0; i < _to * _to * 3; i++)
        {
            (int first, float[] weights) = _taps[i / 3 % _to];
            float sum = 0;
            for (int k = 0; k < weights.Length; k++)
            {
                sum += weights[k] * rows[(i / (3 * _to) * stride) + ((first + k) * 3) + (i % 3)];
            }

            result[i] = (byte)Math.Clamp(MathF.Round(sum), 0, 255);
        }
    }

    /// <summary>
    /// Returns the source pixels under an output pixel, each with the fraction of the output pixel that it covers.
    /// </summary>
    private (int First, float[] Weights) Covered(int place)
    {
        double ratio = _from / (double)_to, start = place * ratio, end = Math.Min(start + ratio, _from);
        int first = (int)start, last = Math.Max(first, Math.Min(_from, (int)Math.Ceiling(end - 1e-9)) - 1);
        return (first, [.. Enumerable.Range(first, last - first + 1).Select(k =>
            (float)((Math.Min(end, k + 1) - Math.Max(start, k)) / ratio))]);
    }

    private (int First, float[] Weights) Between(int place)
    {
        double position = Math.Clamp((((place + 0.5) * _from) / _to) - 0.5, 0, _from - 1);
        int first = Math.Min((int)position, Math.Max(_from - 2, 0));
        float part = (float)(position - first);
        return (first, _from == 1 ? [1] : [1 - part, part]);
    }
}
