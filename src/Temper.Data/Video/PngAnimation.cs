using System.Buffers.Binary;
using Temper.Data.Images;

namespace Temper.Data.Video;

/// <summary>Clips as animated PNG files (APNG): every browser plays them, programs that do not know them show the first frame.</summary>
public static class PngAnimation
{
    /// <summary>Encodes a clip that repeats without end. The same clip gives the same bytes.</summary>
    /// <param name="clip">The frames.</param>
    public static byte[] Encode(VideoClip clip)
    {
        using var png = new MemoryStream();
        int number = 0;
        for (int i = 0; i < clip.Frames; i++)
        {
            byte[] still = PngEncoder.Encode(new Picture(clip.Width, clip.Height, 3, clip.Frame(i).ToArray()));
            foreach ((string type, ReadOnlyMemory<byte> data) in PngEncoder.Chunks(still))
            {
                switch (type)
                {
                    case "IHDR" when i == 0:
                        png.Write(PngEncoder.Signature);
                        PngEncoder.WriteChunk(png, "IHDR"u8, data.Span);
                        byte[] control = new byte[8];
                        BinaryPrimitives.WriteInt32BigEndian(control, clip.Frames);
                        PngEncoder.WriteChunk(png, "acTL"u8, control);
                        break;
                    case "IDAT":
                        PngEncoder.WriteChunk(png, "fcTL"u8, FrameControl(clip, number++));
                        if (i == 0)
                        {
                            PngEncoder.WriteChunk(png, "IDAT"u8, data.Span);
                        }
                        else
                        {
                            byte[] numbered = new byte[data.Length + 4];
                            BinaryPrimitives.WriteInt32BigEndian(numbered, number++);
                            data.CopyTo(numbered.AsMemory(4));
                            PngEncoder.WriteChunk(png, "fdAT"u8, numbered);
                        }

                        break;
                    default:
                        break;
                }
            }
        }

        PngEncoder.WriteChunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    /// <summary>Number, size, place and duration of a frame that replaces the one before.</summary>
    private static byte[] FrameControl(VideoClip clip, int number)
    {
        byte[] control = new byte[26];
        BinaryPrimitives.WriteInt32BigEndian(control, number);
        BinaryPrimitives.WriteInt32BigEndian(control.AsSpan(4), clip.Width);
        BinaryPrimitives.WriteInt32BigEndian(control.AsSpan(8), clip.Height);
        BinaryPrimitives.WriteUInt16BigEndian(control.AsSpan(20), (ushort)Math.Clamp(Math.Round(1000 / clip.FramesPerSecond), 1, ushort.MaxValue));
        BinaryPrimitives.WriteUInt16BigEndian(control.AsSpan(22), 1000);
        return control;
    }
}
