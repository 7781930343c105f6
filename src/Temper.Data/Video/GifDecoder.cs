using System.Buffers.Binary;
using Temper.Formats;

namespace Temper.Data.Video;

/// <summary>
/// Reads animated GIF files (CompuServe, 1990). Frames are composed as displayed, with transparency and disposal.
/// </summary>
internal sealed class GifDecoder
{
    private const int MaxCodes = 4096;

    /// <summary>
    /// Maximum expansion of the data, in pixels per byte: a code of n bits stands for less than 2^n pixels, and has at
    /// most 12 bits.
    /// </summary>
    private const long MaxGrowth = (8 * MaxCodes / 12) + 1;

    private readonly byte[] _file;
    private readonly string _name;
    private readonly int _width;
    private readonly int _height;

    /// <summary>Allocated with the first image, since a header of a few bytes can claim any size.</summary>
    private byte[] _canvas = [];
    private byte[] _global = [];
    private int _at;

    private GifDecoder(byte[] file, string name, FrameCollector frames)
    {
        (_file, _name) = (file, name);
        if (file.Length < 13)
        {
            throw Truncated();
        }

        (_width, _height) = (BinaryPrimitives.ReadUInt16LittleEndian(
            file.AsSpan(6)), BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(8)));
        frames.RequireSize(_width, _height);
        _at = 13;
        if ((file[10] & 0x80) != 0)
        {
            _global = Take(3 << ((file[10] & 7) + 1)).ToArray();
        }
    }

    /// <summary>Reads frames; returns the frame rate in frames per second, from the delay of the first frame.</summary>
    internal static double Read(byte[] file, string name, FrameCollector frames) =>
        new GifDecoder(file, name, frames).Run(frames);

    private double Run(FrameCollector frames)
    {
        var control = new Control(0, 0, -1);
        double rate = 0;
        while (!frames.IsFull)
        {
            switch (Take(1)[0])
            {
                case 0x21:
                    control = Extension(control);
                    break;
                case 0x2C:
                    Part part = Image();
                    _canvas = _canvas.Length > 0 ? _canvas : new byte[_width * _height * 3];
                    byte[]? before = control.Disposal == 3 ? (byte[])_canvas.Clone() : null;
                    Draw(part, control.Transparent);
                    frames.Add(_width, _height, _canvas);
                    rate = rate > 0 ? rate : control.Delay > 0 ? 100.0 / control.Delay : 10;
                    Dispose(control.Disposal, before, part);
                    control = new Control(0, 0, -1);
                    break;
                case 0x3B:
                    return rate > 0 ? rate : 10;
                default:
                    throw new ModelFormatException(_name, _at - 1, "GIF: unknown block; the file is damaged");
            }
        }

        return rate;
    }

    /// <summary>
    /// Reads an extension block. A graphic control extension applies to the next image; others are skipped.
    /// </summary>
    private Control Extension(Control control)
    {
        bool isControl = Take(1)[0] == 0xF9;
        for (int length; (length = Take(1)[0]) > 0;)
        {
            ReadOnlySpan<byte> block = Take(length);
            if (isControl && length >= 4)
            {
                control = new Control(
                    (block[0] >> 2) & 7, BinaryPrimitives.ReadUInt16LittleEndian(block[1..]),
                    (block[0] & 1) != 0 ? block[3] : -1);
            }
        }

        return control;
    }

    private Part Image()
    {
        ReadOnlySpan<byte> head = Take(9);
        int left = BinaryPrimitives.ReadUInt16LittleEndian(head),
            top = BinaryPrimitives.ReadUInt16LittleEndian(head[2..]);
        int width = BinaryPrimitives.ReadUInt16LittleEndian(head[4..]),
            height = BinaryPrimitives.ReadUInt16LittleEndian(head[6..]);
        if (left + width > _width || top + height > _height)
        {
            throw new ModelFormatException(_name, _at - 9, $"GIF: an image lies outside the canvas (got {width} x "
                + $"{height} at {left}, {top} of {_width} x {_height})");
        }

        bool isInterlaced = (head[8] & 0x40) != 0;
        byte[] colors = (head[8] & 0x80) != 0 ? Take(3 << ((head[8] & 7) + 1)).ToArray() : _global;
        return new Part(left, top, width, height, colors, isInterlaced, Decompress(width * height));
    }

    private void Draw(Part part, int transparent)
    {
        for (int row = 0, line = 0; line < part.Height; line++)
        {
            Draw(
                part.Indices.AsSpan(line * part.Width, part.Width), part.Colors, transparent, part.Left,
                part.Top + row);
            row = part.IsInterlaced ? NextRow(row, part.Height) : row + 1;
        }
    }

    private void Draw(ReadOnlySpan<byte> indices, byte[] colors, int transparent, int left, int row)
    {
        for (int x = 0; x < indices.Length; x++)
        {
            int color = indices[x] * 3, at = ((row * _width) + left + x) * 3;
            if (indices[x] == transparent)
            {
                continue;
            }

            if (color + 2 >= colors.Length)
            {
                throw new ModelFormatException(_name, _at, $"GIF: a pixel is not in the palette (got {indices[x]}, "
                    + $"expected 0 to {(colors.Length / 3) - 1})");
            }

            colors.AsSpan(color, 3).CopyTo(_canvas.AsSpan(at));
        }
    }

    /// <summary>
    /// Next row of an interlaced image: every 8th row from 0, every 8th from 4, every 4th from 2, every 2nd from 1.
    /// </summary>
    private static int NextRow(int row, int height)
    {
        int step = row % 8 is 0 or 4 ? 8 : row % 4 == 2 ? 4 : 2;
        if (row + step < height)
        {
            return row + step;
        }

        int[] starts = row % 8 == 0 ? [4, 2, 1] : row % 8 == 4 ? [2, 1] : row % 4 == 2 ? [1] : [];
        return starts.FirstOrDefault(start => start < height);
    }

    /// <summary>Decompresses LZW data with variable code length, stored in blocks of up to 255 bytes.</summary>
    private byte[] Decompress(int count)
    {
        int start = Take(1)[0];
        if (start is < 1 or > 8)
        {
            throw new ModelFormatException(_name, _at - 1, $"GIF: invalid code length (got {start})");
        }

        byte[] data = Blocks(), result = count <= data.Length * MaxGrowth ? new byte[count] : throw Truncated();
        byte[] suffixes = new byte[MaxCodes], stack = new byte[MaxCodes + 1];
        short[] prefixes = new short[MaxCodes];
        int clear = 1 << start, end = clear + 1, next = end + 1, length = start + 1, previous = -1, written = 0,
            bits = 0, held = 0, at = 0;
        byte first = 0;
        while (written < count)
        {
            while (held < length)
            {
                bits |= (at < data.Length ? data[at++] : throw Truncated()) << held;
                held += 8;
            }

            int code = bits & ((1 << length) - 1);
            (bits, held) = (bits >> length, held - length);
            if (code == clear)
            {
                (next, length, previous) = (end + 1, start + 1, -1);
                continue;
            }

            if (code == end || code > next || (code == next && previous < 0) || (previous < 0 && code > end))
            {
                throw new ModelFormatException(_name, _at, code == end
                    ? "GIF: an image has too few pixels"
                    : "GIF: invalid code; the data is damaged");
            }

            int depth = 0, place = code;
            if (code == next)
            {
                stack[depth++] = first;
                place = previous;
            }

            for (; place > end; place = prefixes[place])
            {
                stack[depth++] = suffixes[place];
            }

            stack[depth++] = first = (byte)place;
            for (; depth > 0 && written < count; written++)
            {
                result[written] = stack[--depth];
            }

            if (previous >= 0 && next < MaxCodes)
            {
                (prefixes[next], suffixes[next]) = ((short)previous, first);
                next++;
                length += next == 1 << length && length < 12 ? 1 : 0;
            }

            previous = code;
        }

        return result;
    }

    private byte[] Blocks()
    {
        using var all = new MemoryStream();
        for (int length; (length = Take(1)[0]) > 0;)
        {
            all.Write(Take(length));
        }

        return all.ToArray();
    }

    private void Dispose(int disposal, byte[]? before, Part part)
    {
        if (before is not null)
        {
            before.CopyTo(_canvas, 0);
        }
        else if (disposal == 2)
        {
            for (int row = part.Top; row < part.Top + part.Height; row++)
            {
                _canvas.AsSpan(((row * _width) + part.Left) * 3, part.Width * 3).Clear();
            }
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (_at + count > _file.Length)
        {
            throw Truncated();
        }

        _at += count;
        return _file.AsSpan(_at - count, count);
    }

    private ModelFormatException Truncated() => new(_name, _file.Length, "GIF: the file is truncated");

    private readonly record struct Control(int Disposal, int Delay, int Transparent);

    /// <summary>An image: its place on the canvas, its palette, and the palette indices of its pixels.</summary>
    private sealed record Part(
        int Left, int Top, int Width, int Height, byte[] Colors, bool IsInterlaced, byte[] Indices);
}
