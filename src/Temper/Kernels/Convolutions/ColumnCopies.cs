using System.Runtime.Intrinsics;

namespace Temper.Kernels;

/// <summary>Copies of a few contiguous floats per pixel, for many pixels.</summary>
internal static unsafe class ColumnCopies
{
    /// <inheritdoc cref="Copy(float*, long, float*, long, int, int)"/>
    internal static void Copy(
        FloatAddress source, long sourceDistance, FloatAddress target, long targetDistance, int count, int pixels) =>
        Copy(source.Pointer, sourceDistance, target.Pointer, targetDistance, count, pixels);

    /// <summary>Copies <paramref name="count"/> floats per pixel. No other floats are read or written.</summary>
    internal static void Copy(
        float* source, long sourceDistance, float* target, long targetDistance, int count, int pixels)
    {
        if (count >= Vector256<float>.Count && Vector256.IsHardwareAccelerated)
        {
            Copy256(source, sourceDistance, target, targetDistance, count, pixels);
        }
        else if (count >= Vector128<float>.Count && Vector128.IsHardwareAccelerated)
        {
            Copy128(source, sourceDistance, target, targetDistance, count, pixels);
        }
        else
        {
            for (int pixel = 0; pixel < pixels; pixel++, source += sourceDistance, target += targetDistance)
            {
                for (int i = 0; i < count; i++)
                {
                    target[i] = source[i];
                }
            }
        }
    }

    // The last vector of a pixel ends at the pixel's last float, so it may overlap the previous vector.
    private static void Copy256(
        float* source, long sourceDistance, float* target, long targetDistance, int count, int pixels)
    {
        int last = count - Vector256<float>.Count;
        for (int pixel = 0; pixel < pixels; pixel++, source += sourceDistance, target += targetDistance)
        {
            for (int i = 0; i < last; i += Vector256<float>.Count)
            {
                Vector256.Load(source + i).Store(target + i);
            }

            Vector256.Load(source + last).Store(target + last);
        }
    }

    private static void Copy128(
        float* source, long sourceDistance, float* target, long targetDistance, int count, int pixels)
    {
        int last = count - Vector128<float>.Count;
        for (int pixel = 0; pixel < pixels; pixel++, source += sourceDistance, target += targetDistance)
        {
            for (int i = 0; i < last; i += Vector128<float>.Count)
            {
                Vector128.Load(source + i).Store(target + i);
            }

            Vector128.Load(source + last).Store(target + last);
        }
    }
}
