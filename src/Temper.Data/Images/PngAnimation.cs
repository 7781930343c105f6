using System.Buffers.Binary;

namespace Temper.Data.Images;

/// <summary>
/// Writes animated PNG files (APNG, PNG Specification, third edition). Programs without APNG support show the first
/// frame.
/// </summary>
public static class PngAnimation
{
    /// <summary>
    /// Encodes pictures as an animation that repeats endlessly. The output is deterministic.
    /// </summary>
    /// <param name="frames">One or more pictures, all of the same size.</param>
    /// <param name="milliseconds">Display time of each frame, in milliseconds, 1 to 65,535.</param>
    /// <exception cref="ArgumentException">There are no pictures, or their sizes differ.</exception>
    public static byte[] Encode(IReadOnlyList<Picture> frames, int milliseconds)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(milliseconds, Math.Clamp(milliseconds, 1, ushort.MaxValue));
        if (frames.Count == 0 || frames.Any(frame =>
            (frame.Width, frame.Height, frame.Channels) != (frames[0].Width, frames[0].Height, frames[0].Channels)))
        {
            throw new ArgumentException(
                $"PngAnimation: frames must be one or more pictures of the same size (got {frames.Count} "
                    + "frames)", nameof(frames));
        }

        using var png = new MemoryStream();
        PngEncoder.WriteHeader(png, frames[0]);
        Span<byte> control = stackalloc byte[8];
        BinaryPrimitives.WriteInt32BigEndian(control, frames.Count);
        BinaryPrimitives.WriteInt32BigEndian(control[4..], 0);                       // repeat endlessly
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

    /// <summary>
    /// Returns a frame control chunk: sequence number, size, position and delay; each frame replaces the previous one.
    /// </summary>
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
