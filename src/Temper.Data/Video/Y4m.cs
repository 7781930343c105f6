using System.Globalization;
using System.Text;
using Temper.Formats;

namespace Temper.Data.Video;

/// <summary>
/// Reads and writes YUV4MPEG2, the uncompressed format of mjpegtools: 8 bits, 4:2:0, 4:2:2, 4:4:4 or gray, interpreted
/// as BT.601, with the limited range unless the header says that the range is full.
/// </summary>
internal static class Y4m
{
    private const int LongestHeader = 1024;

    /// <summary>Reads frames; returns the frame rate in frames per second.</summary>
    internal static double Read(string path, FrameCollector frames)
    {
        using FileStream file = File.OpenRead(path);
        using var stream = new BufferedStream(file, 1 << 16);
        Header header = ParseHeader(Line(stream, path) ?? "", path);
        frames.RequireSize(header.Width, header.Height);
        byte[] planes = new byte[header.Bytes], pixels = new byte[header.Width * header.Height * 3];
        while (!frames.IsFull && Line(stream, path) is { } line)
        {
            if (!line.StartsWith("FRAME", StringComparison.Ordinal))
            {
                throw new ModelFormatException(path, stream.Position, "Y4M: a frame does not begin with FRAME");
            }

            int read = stream.ReadAtLeast(planes, planes.Length, throwOnEndOfStream: false);
            if (read < planes.Length)
            {
                throw new ModelFormatException(path, stream.Position, $"Y4M: the file is truncated (got {read} bytes "
                    + $"of a frame, expected {planes.Length})");
            }

            ToRgb(header, planes, pixels);
            frames.Add(header.Width, header.Height, pixels);
        }

        return header.Rate;
    }

    /// <summary>Writes frames as 4:4:4.</summary>
    internal static void Write(Stream stream, VideoClip clip)
    {
        long rate = (long)Math.Round(clip.FramesPerSecond * 1000);
        stream.Write(Encoding.ASCII.GetBytes(
            $"YUV4MPEG2 W{clip.Width} H{clip.Height} F{Math.Max(rate, 1)}:1000 Ip A1:1 C444\n"));
        int area = clip.Width * clip.Height;
        byte[] planes = new byte[3 * area];
        for (int frame = 0; frame < clip.Frames; frame++)
        {
            ReadOnlySpan<byte> pixels = clip.Frame(frame);
            for (int i = 0; i < area; i++)
            {
                (double r, double g, double b) = (pixels[3 * i], pixels[(3 * i) + 1], pixels[(3 * i) + 2]);
                double y = (0.299 * r) + (0.587 * g) + (0.114 * b);
                planes[i] = Byte(16 + (219 * y / 255));
                planes[area + i] = Byte(128 + (224 * (b - y) / (1.772 * 255)));
                planes[(2 * area) + i] = Byte(128 + (224 * (r - y) / (1.402 * 255)));
            }

            stream.Write("FRAME\n"u8);
            stream.Write(planes);
        }
    }

    private static void ToRgb(Header header, byte[] planes, byte[] pixels)
    {
        int area = header.Width * header.Height;
        (double black, double luma, double chroma) = header.IsFull ? (0, 1, 1) : (16, 255.0 / 219, 255.0 / 224);
        for (int i = 0; i < area; i++)
        {
            double y = (planes[i] - black) * luma, cb = 0, cr = 0;
            if (header.ChromaWidth > 0)
            {
                int at = (i / header.Width / header.StepY * header.ChromaWidth) + (i % header.Width / header.StepX);
                cb = (planes[area + at] - 128) * chroma;
                cr = (planes[area + (header.ChromaWidth * header.ChromaHeight) + at] - 128) * chroma;
            }

            pixels[3 * i] = Byte(y + (1.402 * cr));
            pixels[(3 * i) + 1] = Byte(y - (0.344136 * cb) - (0.714136 * cr));
            pixels[(3 * i) + 2] = Byte(y + (1.772 * cb));
        }
    }

    private static Header ParseHeader(string line, string path)
    {
        int width = 0, height = 0;
        double rate = 25;
        string color = "420";
        bool isFull = false;
        foreach (string part in line.Split(' ').Skip(1).Where(part => part.Length > 1))
        {
            switch (part[0])
            {
                case 'W': width = Number(part); break;
                case 'H': height = Number(part); break;
                case 'C': color = part[1..]; break;
                case 'X' when part is "XCOLORRANGE=FULL": isFull = true; break;         // as ffmpeg writes it
                case 'F' when part[1..].Split(':') is [var above, var below]
                    && Number('F' + below) > 0
                    && Number('F' + above) > 0:
                    rate = Number('F' + above) / (double)Number('F' + below);
                    break;
                default: break;
            }
        }

        (int X, int Y) step = color switch
        {
            "420" or "420jpeg" or "420paldv" or "420mpeg2" => (2, 2),
            "422" => (2, 1),
            "444" => (1, 1),
            "mono" => (0, 0),
            _ => throw new ModelFormatException(
                path, $"Y4M: pixel format '{color}' is not supported (expected 8 bits: 420, 422, 444 or mono)"),
        };
        return width is > 0 and <= 1 << 15 && height is > 0 and <= 1 << 15
            ? new Header(width, height, rate, step.X, step.Y) { IsFull = isFull }
            : throw new ModelFormatException(path, $"Y4M: invalid size (got {width} x {height})");

        static int Number(string part) =>
            int.TryParse(part.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : 0;
    }

    /// <summary>Returns the next header line; null at the end of the file.</summary>
    private static string? Line(Stream stream, string path)
    {
        var text = new StringBuilder();
        for (int next; (next = stream.ReadByte()) != '\n';)
        {
            if (next < 0)
            {
                return text.Length == 0
                    ? null
                    : throw new ModelFormatException(path, stream.Position, "Y4M: the file is truncated in a header");
            }

            text.Append((char)next);
            if (text.Length > LongestHeader)
            {
                throw new ModelFormatException(
                    path, stream.Position, $"Y4M: a header is longer than {LongestHeader} bytes");
            }
        }

        return text.ToString();
    }

    private static byte Byte(double value) => (byte)Math.Clamp(Math.Round(value), 0, 255);

    private sealed record Header(int Width, int Height, double Rate, int StepX, int StepY)
    {
        /// <summary>Whether values range from 0 to 255, not from 16 to 235 (luma) and 16 to 240 (chroma).</summary>
        internal bool IsFull { get; init; }

        internal int ChromaWidth => StepX == 0 ? 0 : (Width + StepX - 1) / StepX;

        internal int ChromaHeight => StepY == 0 ? 0 : (Height + StepY - 1) / StepY;

        internal int Bytes => (Width * Height) + (2 * ChromaWidth * ChromaHeight);
    }
}
