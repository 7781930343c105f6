using Temper.Formats;

namespace Temper.Data.Video;

/// <summary>Collects the requested frames and checks their size and the memory limit.</summary>
/// <param name="path">Path of the video, for errors.</param>
/// <param name="options">Selects the frames.</param>
/// <param name="side">
/// Height and width to which each frame is cropped and resized as it arrives, so that only small frames are kept; null:
/// frames keep their size.
/// </param>
internal sealed class FrameCollector(string path, VideoReadOptions options, int? side = null)
{
    private readonly List<byte[]> _frames = [];
    private SquareCrop? _crop;
    private int _width;
    private int _height;
    private int _seen;

    /// <summary>Whether all requested frames were collected.</summary>
    internal bool IsFull => _frames.Count >= options.Frames;

    /// <summary>Maximum number of frames to decode.</summary>
    internal long Last => options.Start + ((options.Frames - 1L) * options.Step) + 1;

    /// <summary>Throws if the frame size is invalid or changes, or if the frames exceed the memory limit.</summary>
    internal void RequireSize(int width, int height)
    {
        long bytes = 3L * width * height;
        if (width < 1 || height < 1 || bytes > options.MaxBytes)
        {
            throw new ModelFormatException(path, $"video: invalid frame size (got {width} x {height}, "
                + $"expected at most {options.MaxBytes} bytes)");
        }

        if (_frames.Count > 0 && (width != _width || height != _height))
        {
            throw new ModelFormatException(path, $"video: the frame size changes (got {width} x {height} at "
                + $"frame {_seen}, expected {_width} x {_height})");
        }

        (int keptWidth, int keptHeight) = (side ?? width, side ?? height);
        if ((_frames.Count + 1) * 3L * keptWidth * keptHeight > options.MaxBytes)
        {
            throw new ModelFormatException(
                path, $"video: {_frames.Count + 1} frames of {keptWidth} x {keptHeight} take more than "
                    + $"{options.MaxBytes} bytes; ask for fewer frames or "
                    + (side is null ? "a larger step" : "smaller ones (limit, size)"));
        }
    }

    /// <summary>Passes the next decoded frame, <c>[H, W, 3]</c>; it is kept if it was requested.</summary>
    internal void Add(int width, int height, ReadOnlySpan<byte> pixels)
    {
        bool isWanted = _seen >= options.Start && (_seen - options.Start) % options.Step == 0 && !IsFull;
        if (isWanted)
        {
            RequireSize(width, height);
            (_width, _height) = (width, height);
            _frames.Add(Kept(pixels));
        }

        _seen++;
    }

    /// <summary>Returns the collected frames, which the collector no longer holds afterwards.</summary>
    /// <param name="framesPerSecond">Frame rate of the video, in frames per second.</param>
    internal VideoClip ToClip(double framesPerSecond)
    {
        if (_frames.Count == 0)
        {
            throw new ModelFormatException(path, $"video: the requested frames do not exist (got {_seen} frames, "
                + $"the first requested frame is number {options.Start})");
        }

        int size = _frames[0].Length;
        byte[] all = new byte[_frames.Count * size];
        for (int i = 0; i < _frames.Count; i++)
        {
            _frames[i].CopyTo(all, i * size);
            _frames[i] = [];
        }

        return new VideoClip(_frames.Count, side ?? _height, side ?? _width, all, framesPerSecond / options.Step);
    }

    /// <summary>Returns the pixels of a frame that are kept.</summary>
    private byte[] Kept(ReadOnlySpan<byte> pixels)
    {
        if (side is not { } edge)
        {
            return pixels.ToArray();
        }

        _crop ??= new SquareCrop(_height, _width, edge);        // all frames have one size
        byte[] square = new byte[edge * edge * 3];
        _crop.Apply(pixels, square);
        return square;
    }
}
