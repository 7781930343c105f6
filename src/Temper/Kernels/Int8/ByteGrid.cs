namespace Temper.Kernels;

/// <summary>Quantization grid of a byte: byte b, 0 to 255, represents the number <c>scale (b - zero)</c>.</summary>
/// <param name="Scale">Distance between neighboring values, above 0.</param>
/// <param name="Zero">The byte that represents 0, from 0 to 255.</param>
internal readonly record struct ByteGrid(float Scale, int Zero)
{
    /// <summary>
    /// Adding this number to a float below 2^22 in magnitude, and subtracting it again, rounds the float to the nearest
    /// integer, ties to even.
    /// </summary>
    internal const float Rounder = 12582912;

    /// <summary>Returns the number of bytes per pixel: the channels, padded to a multiple of four.</summary>
    internal static int Stride(int channels) => (channels + 3) & ~3;
}
