namespace Temper.Kernels;

/// <summary>Numbers that a byte stands for: <c>scale (byte - zero)</c>, bytes 0 to 255.</summary>
/// <param name="Scale">Distance of neighbors, positive.</param>
/// <param name="Zero">The byte that stands for 0, from 0 to 255.</param>
internal readonly record struct ByteGrid(float Scale, int Zero)
{
    /// <summary>
    /// Adding it to a float below 2^22 in magnitude, and taking it away, rounds to the nearest whole number, of two the
    /// even one.
    /// </summary>
    internal const float Rounder = 12582912;

    /// <summary>Bytes of a pixel: channels, filled up to whole groups of four.</summary>
    internal static int Stride(int channels) => (channels + 3) & ~3;
}
