namespace Temper.Data.Images;

/// <summary>
/// A decoded picture: bytes <c>[H, W, C]</c> with one channel (gray), three (RGB) or four (RGB and alpha).
/// </summary>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Channels">1, 3 or 4.</param>
/// <param name="Pixels">Width x height x channels bytes, 0 to 255.</param>
public sealed record Picture(int Width, int Height, int Channels, byte[] Pixels)
{
    /// <summary>
    /// Returns the picture as <c>[C, H, W]</c> with one or three channels. Alpha is dropped, gray is repeated, and
    /// color is converted to luma.
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
                // Color to gray: BT.601 luma.
                planes[(c * area) + i] = Channels < 3 ? pixel[0]
                    : channels == 3 ? pixel[c]
                    : (byte)(((299 * pixel[0]) + (587 * pixel[1]) + (114 * pixel[2]) + 500) / 1000);
            }
        }

        return planes;
    }
}
