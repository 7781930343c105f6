using System.Globalization;
using Temper.Data.Images;
using Temper.Tensors;

namespace Temper.Data.Video;

/// <summary>A video clip in memory: RGB frames of one size, one byte per channel.</summary>
public sealed class VideoClip
{
    private readonly byte[] _pixels;

    /// <summary>Creates a clip; the array is used without copying.</summary>
    /// <param name="frames">Number of frames T, 1 or more.</param>
    /// <param name="height">Height H in pixels.</param>
    /// <param name="width">Width W in pixels.</param>
    /// <param name="pixels">Pixels <c>[T, H, W, 3]</c>: red, green, blue, 0 to 255.</param>
    /// <param name="framesPerSecond">Frame rate in frames per second, above 0.</param>
    /// <exception cref="ArgumentException">The array has the wrong length, or a number is not positive.</exception>
    public VideoClip(int frames, int height, int width, byte[] pixels, double framesPerSecond = 25)
    {
        if (frames < 1
            || height < 1 || width < 1 || pixels.Length != 3L * frames * height * width || !(framesPerSecond > 0))
        {
            throw new ArgumentException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"VideoClip: sizes are invalid or do not match (got {pixels.Length} bytes for {frames} frames of "
                    + $"{height} x {width} x 3 at {framesPerSecond} frames per second)"), nameof(pixels));
        }

        (Frames, Height, Width, _pixels, FramesPerSecond) = (frames, height, width, pixels, framesPerSecond);
    }

    /// <summary>Number of frames T.</summary>
    public int Frames { get; }

    /// <summary>Height H in pixels.</summary>
    public int Height { get; }

    /// <summary>Width W in pixels.</summary>
    public int Width { get; }

    /// <summary>Frame rate in frames per second.</summary>
    public double FramesPerSecond { get; }

    /// <summary>All pixels, <c>[T, H, W, 3]</c>.</summary>
    public ReadOnlySpan<byte> Pixels => _pixels;

    /// <summary>Returns the pixels of one frame, <c>[H, W, 3]</c>.</summary>
    /// <param name="index">Index of the frame, 0 to T - 1.</param>
    public ReadOnlySpan<byte> Frame(int index) => _pixels.AsSpan(index * Height * Width * 3, Height * Width * 3);

    /// <summary>
    /// Encodes the clip as an animated PNG file that repeats endlessly. The output is deterministic.
    /// </summary>
    public byte[] ToAnimation() => PngAnimation.Encode(
        [.. Enumerable.Range(0, Frames).Select(frame => new Picture(Width, Height, 3, Frame(frame).ToArray()))],
        (int)Math.Clamp(Math.Round(1000 / FramesPerSecond), 1, ushort.MaxValue));

    /// <summary>Returns every <paramref name="step"/>-th frame, starting at <paramref name="start"/>.</summary>
    /// <param name="start">Index of the first frame.</param>
    /// <param name="count">Number of frames, 1 or more.</param>
    /// <param name="step">Distance between two frames, 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The clip has too few frames.</exception>
    public VideoClip Window(int start, int count, int step = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + ((long)(count - 1) * step), Frames - 1);
        byte[] pixels = new byte[count * Height * Width * 3];
        for (int i = 0; i < count; i++)
        {
            Frame(start + (i * step)).CopyTo(pixels.AsSpan(i * Height * Width * 3));
        }

        return new VideoClip(count, Height, Width, pixels, FramesPerSecond / step);
    }

    /// <summary>
    /// Crops each frame to its largest centered square and resizes it. Reducing averages the covered area; enlarging
    /// interpolates linearly.
    /// </summary>
    /// <param name="side">Height and width of the result, in pixels.</param>
    public VideoClip Square(int side)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(side, 1);
        if (Height == side && Width == side)
        {
            return this;
        }

        var crop = new SquareCrop(Height, Width, side);
        byte[] pixels = new byte[Frames * side * side * 3];
        for (int i = 0; i < Frames; i++)
        {
            crop.Apply(Frame(i), pixels.AsSpan(i * side * side * 3));
        }

        return new VideoClip(Frames, side, side, pixels, FramesPerSecond);
    }

    /// <summary>Returns the frames as float32 <c>[T, 3, H, W]</c>, 0 to 1.</summary>
    public Tensor ToTensor()
    {
        float[] values = new float[_pixels.Length];
        CopyTo(values);
        return Tensor.From(values, [Frames, 3, Height, Width]);
    }

    /// <summary>Writes the frames as <c>[T, 3, H, W]</c>, 0 to 1.</summary>
    internal void CopyTo(Span<float> values)
    {
        int area = Height * Width;
        for (int frame = 0; frame < Frames; frame++)
        {
            ReadOnlySpan<byte> from = Frame(frame);
            for (int channel = 0; channel < 3; channel++)
            {
                Span<float> plane = values.Slice(((frame * 3) + channel) * area, area);
                for (int i = 0; i < area; i++)
                {
                    plane[i] = from[(3 * i) + channel] / 255f;
                }
            }
        }
    }

    /// <summary>Creates a clip from float32 frames; values are rounded to bytes.</summary>
    /// <param name="values"><c>[T, 3, H, W]</c> or <c>[T, 1, H, W]</c>, 0 to 1; values outside are clamped.</param>
    /// <param name="framesPerSecond">Frame rate in frames per second, above 0.</param>
    /// <exception cref="ShapeMismatchException">The tensor has a different shape.</exception>
    public static VideoClip FromTensor(Tensor values, double framesPerSecond = 25)
    {
        if (values.Rank != 4 || values.Shape[1] is not (1 or 3) || values.Count == 0)
        {
            throw new ShapeMismatchException(
                "VideoClip.FromTensor", values.Shape, "frames [T, 3, H, W] or [T, 1, H, W]");
        }

        ReadOnlySpan<float> from = values.AsSpan<float>();
        (int frames, int channels, int area) = (values.Shape[0], values.Shape[1], values.Shape[2] * values.Shape[3]);
        byte[] pixels = new byte[frames * area * 3];
        for (int i = 0; i < pixels.Length; i++)
        {
            (int frame, int place, int channel) = (i / (3 * area), i / 3 % area, channels == 3 ? i % 3 : 0);
            pixels[i] =
                (byte)Math.Clamp(MathF.Round(from[(((frame * channels) + channel) * area) + place] * 255), 0, 255);
        }

        return new VideoClip(frames, values.Shape[2], values.Shape[3], pixels, framesPerSecond);
    }
}
