namespace Temper.Data.Video;

/// <summary>Crops frames of one size to their largest centered square and resizes it.</summary>
internal sealed class SquareCrop
{
    private readonly AreaScaling _scaling;
    private readonly int _width;
    private readonly int _top;
    private readonly int _left;
    private readonly float[] _rows;

    /// <param name="height">Height of the frames, in pixels.</param>
    /// <param name="width">Width of the frames, in pixels.</param>
    /// <param name="side">Height and width of the results, in pixels.</param>
    internal SquareCrop(int height, int width, int side)
    {
        int edge = Math.Min(height, width);
        (_width, _top, _left) = (width, (height - edge) / 2, (width - edge) / 2);
        _scaling = new AreaScaling(edge, side);
        _rows = new float[side * edge * 3];
    }

    /// <summary>Crops and resizes a frame.</summary>
    /// <param name="frame">Pixels <c>[height, width, 3]</c>.</param>
    /// <param name="result">Receives the result, <c>[side, side, 3]</c>.</param>
    internal void Apply(ReadOnlySpan<byte> frame, Span<byte> result) =>
        _scaling.Scale(frame, _width, _top, _left, _rows, result);
}
