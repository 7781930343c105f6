namespace Temper.Data.Images;

/// <summary>
/// A decoded picture: bytes <c>[H, W, C]</c>, one channel (gray), three (RGB) or four (RGB and opacity).
/// </summary>
/// <param name="Width">Pixels per row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Channels">1, 3 or 4.</param>
/// <param name="Pixels">Width x height x channels bytes, 0 to 255.</param>
public sealed record Picture(int Width, int Height, int Channels, byte[] Pixels)
{
    /// <summary>
    /// The same picture with one or three channels, as <c>[C, H, W]</c>; opacity is dropped, gray is repeated or the
    /// luma taken.
    /// </summary>
    /// <param name="channels">1 or 3.</param>
    public byte[] ToPlanes(int channels)
    {
        byte[] planes = new byte[channels * Width * Height];
        int area = Width * Height;
        for (int i = 0; i < area; i++)
        {
            ReadOnlySpan<byte> pixel = Pixels.AsSpan(i * Channels, Channels);
            for (int c = 0; c < channels; c++)
            {
                // BT.601 luma where color becomes gray.
                planes[(c * area) + i] = Channels < 3 ? pixel[0]
                    : channels == 3 ? pixel[c]
                    : (byte)(((299 * pixel[0]) + (587 * pixel[1]) + (114 * pixel[2]) + 500) / 1000);
            }
        }

        return planes;
    }
}
