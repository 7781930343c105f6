using Temper.Kernels.Flow;

namespace Temper.Tests.Tensors.Flow;

/// <summary>A smooth texture that can be shifted by fractions of a pixel.</summary>
internal static class TestTextures
{
    /// <summary>Returns the texture shifted by (dx, dy), in gray levels from 0 to 255, row-major.</summary>
    internal static double[] Draw(PlaneSize size, double dx, double dy)
    {
        double[] pixels = new double[size.Height * size.Width];
        for (int i = 0; i < pixels.Length; i++)
        {
            double x = (i % size.Width) - dx, y = (i / size.Width) - dy, value = 128;
            for (int wave = 1; wave <= 10; wave++)
            {
                double angle = wave * 2.4, length = 0.08 + (0.06 * wave);
                value += 11 * Math.Cos((length * ((Math.Cos(angle) * x) + (Math.Sin(angle) * y))) + (wave * wave));
            }

            pixels[i] = value;
        }

        return pixels;
    }
}
