using System.Buffers.Binary;

namespace Temper.Data.Images;

/// <summary>
/// Writes animated PNG files (APNG, part of the PNG Specification, third edition): programs that do not know them show
/// the first picture.
/// </summary>
public static class PngAnimation
{
    /// <summary>
    /// Encodes pictures as an animation that repeats for ever. The same pictures give the same bytes.
    /// </summary>
    /// <param name="frames">At least one, all of one size.</param>
    /// <param name="milliseconds">How long each is shown, 1 to 65,535.</param>
    /// <exception cref="ArgumentException">There is no picture, or sizes differ.</exception>
    public static byte[] Encode(IReadOnlyList<Picture> frames, int milliseconds)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(milliseconds, Math.Clamp(milliseconds, 1, ushort.MaxValue));
        if (frames.Count == 0 || frames.Any(frame =>
            (frame.Width, frame.Height, frame.Channels) != (frames[0].Width, frames[0].Height, frames[0].Channels)))
        {
            throw new ArgumentException(
                $"PngAnimation: needs pictures of one size (got {frames.Count})", nameof(frames));
        }

        using var png = new MemoryStream();
        PngEncoder.WriteHeader(png, frames[0]);
        Span<byte> control = stackalloc byte[8];
        BinaryPrimitives.WriteInt32BigEndian(control, frames.Count);
        BinaryPrimitives.WriteInt32BigEndian(control[4..], 0);                       // repeat for ever
        PngEncoder.WriteChunk(png, "acTL"u8, control);
        int sequence = 0;
        for (int i = 0; i < frames.Count; i++)
        {
            PngEncoder.WriteChunk(png, "fcTL"u8, FrameControl(frames[i], sequence++, milliseconds));
            byte[] data = PngEncoder.Compress(frames[i]);
            if (i == 0)
            {
                PngEncoder.WriteChunk(png, "IDAT"u8, data);
                continue;
            }

            byte[] numbered = new byte[data.Length + 4];
            BinaryPrimitives.WriteInt32BigEndian(numbered, sequence++);
            data.CopyTo(numbered, 4);
            PngEncoder.WriteChunk(png, "fdAT"u8, numbered);
        }

        PngEncoder.WriteChunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    /// <summary>Number, size, position, time; each picture replaces the one before.</summary>
    private static byte[] FrameControl(Picture frame, int sequence, int milliseconds)
    {
        byte[] control = new byte[26];
        BinaryPrimitives.WriteInt32BigEndian(control, sequence);
        BinaryPrimitives.WriteInt32BigEndian(control.AsSpan(4), frame.Width);
        BinaryPrimitives.WriteInt32BigEndian(control.AsSpan(8), frame.Height);
        BinaryPrimitives.WriteUInt16BigEndian(control.AsSpan(20), (ushort)milliseconds);
        BinaryPrimitives.WriteUInt16BigEndian(control.AsSpan(22), 1000);
        return control;
    }
}
