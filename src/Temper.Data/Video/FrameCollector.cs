using Temper.Formats;

namespace Temper.Data.Video;

/// <summary>Collects the requested frames and checks their size and the memory limit.</summary>
internal sealed class FrameCollector(string path, VideoReadOptions options)
{
    private readonly List<byte[]> _frames = [];
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
            throw new ModelFormatException(path, 0, $"video: invalid frame size (got {width} x {height}, "
                + $"expected at most {options.MaxBytes} bytes)");
        }

        if (_frames.Count > 0 && (width != _width || height != _height))
        {
            throw new ModelFormatException(path, 0, $"video: the frame size changes (got {width} x {height} at "
                + $"frame {_seen}, expected {_width} x {_height})");
        }

        if ((_frames.Count + 1) * bytes > options.MaxBytes)
        {
            throw new ModelFormatException(
                path, 0, $"video: {_frames.Count + 1} frames of {width} x {height} take more than {options.MaxBytes} "
                    + "bytes; ask for fewer frames or a larger step");
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
            _frames.Add(pixels.ToArray());
        }

        _seen++;
    }

    internal VideoClip ToClip(double framesPerSecond)
    {
        if (_frames.Count == 0)
        {
            throw new ModelFormatException(path, 0, $"video: the requested frames do not exist (got {_seen} frames, "
                + $"the first requested frame is number {options.Start})");
        }

        byte[] all = new byte[_frames.Count * _frames[0].Length];
        for (int i = 0; i < _frames.Count; i++)
        {
            _frames[i].CopyTo(all, i * _frames[0].Length);
        }

        return new VideoClip(_frames.Count, _height, _width, all, framesPerSecond / options.Step);
    }
}
