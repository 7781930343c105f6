using System.Numerics.Tensors;
using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>
/// A picture and its common corruptions, as used by attacks, probes and training. Corrupted values may exceed the
/// bounds.
/// </summary>
/// <param name="Pixels">Pixels <c>[channels, height, width]</c>, row-major.</param>
/// <param name="Shape">Channels, height and width.</param>
/// <param name="Low">Smallest value; also used outside the picture.</param>
/// <param name="High">Largest allowed value.</param>
internal readonly record struct CleanPicture(float[] Pixels, Shape Shape, float Low, float High)
{
    private int Height => Shape[1];

    private int Width => Shape[2];

    /// <summary>Length of the shorter side, in pixels.</summary>
    internal int Side => Math.Min(Height, Width);

    private float Range => High - Low;

    /// <summary>Adds Gaussian noise.</summary>
    /// <param name="deviation">Standard deviation as a fraction of the value range.</param>
    /// <param name="x">Standard normal numbers; overwritten with the noisy picture.</param>
    internal void AddNoise(double deviation, Span<float> x) =>
        TensorPrimitives.MultiplyAdd(x, (float)(deviation * Range), Pixels, x);

    /// <summary>Adds a fraction of the value range to every pixel.</summary>
    internal void Brighten(double part, Span<float> x) => TensorPrimitives.Add(Pixels, (float)(part * Range), x);

    /// <summary>Multiplies the differences from the picture's mean by a factor, which changes the contrast.</summary>
    internal void Flatten(double factor, Span<float> x)
    {
        float mean = TensorPrimitives.Average(Pixels);
        TensorPrimitives.Subtract(Pixels, mean, x);
        TensorPrimitives.Multiply(x, (float)factor, x);
        TensorPrimitives.Add(x, mean, x);
    }

    /// <summary>Applies a Gaussian blur; pixels at the border are repeated.</summary>
    /// <param name="sigma">Standard deviation in pixels.</param>
    /// <param name="x">Receives the blurred picture.</param>
    internal void Blur(double sigma, Span<float> x)
    {
        (int height, int width) = (Height, Width);
        float[] weights = BlurWeights(sigma), rows = new float[x.Length];
        int reach = weights.Length / 2;
        for (int i = 0; i < x.Length; i++)
        {
            int column = i % width, start = i - column;
            for (int k = -reach; k <= reach; k++)
            {
                rows[i] += weights[k + reach] * Pixels[start + Math.Clamp(column + k, 0, width - 1)];
            }
        }

        for (int i = 0; i < x.Length; i++)
        {
            int row = i / width % height, start = i - (row * width);
            float sum = 0;
            for (int k = -reach; k <= reach; k++)
            {
                sum += weights[k + reach] * rows[start + (Math.Clamp(row + k, 0, height - 1) * width)];
            }

            x[i] = sum;
        }
    }

    /// <summary>Rotates the picture around its center by an angle in radians, with bilinear interpolation.</summary>
    internal void Rotate(double angle, Span<float> x) => Warp((Math.Cos(angle), Math.Sin(angle), 0, 0), x);

    /// <summary>Shifts the picture by a number of pixels, with bilinear interpolation.</summary>
    internal void Shift(double down, double right, Span<float> x) => Warp((1, 0, down, right), x);

    /// <summary>
    /// Removes high frequencies like strong JPEG compression: keeps the first diagonals of the discrete cosine
    /// transform of each 8x8 block.
    /// </summary>
    /// <param name="diagonals">Number of diagonals to keep, 1 or more.</param>
    /// <param name="x">Receives the coarse picture.</param>
    internal void Coarsen(int diagonals, Span<float> x)
    {
        const int Block = 8;
        for (int plane = 0; plane < x.Length; plane += Height * Width)
        {
            for (int top = 0; top < Height; top += Block)
            {
                for (int left = 0; left < Width; left += Block)
                {
                    (int, int) size = (Math.Min(Block, Height - top), Math.Min(Block, Width - left));
                    CoarsenBlock(plane + (top * Width) + left, size, diagonals, x);
                }
            }
        }
    }

    private static float[] BlurWeights(double sigma)
    {
        int reach = (int)Math.Ceiling(3 * sigma);
        double twice = Math.Max(2 * sigma * sigma, 1e-12);
        double[] weights = [.. Enumerable.Range(-reach, (2 * reach) + 1).Select(k => Math.Exp(-k * k / twice))];
        double sum = weights.Sum();
        return [.. weights.Select(weight => (float)(weight / sum))];
    }

    private void Warp((double Cos, double Sin, double Down, double Right) to, Span<float> x)
    {
        double middleY = (Height - 1) / 2.0, middleX = (Width - 1) / 2.0;
        for (int row = 0; row < Height; row++)
        {
            for (int column = 0; column < Width; column++)
            {
                double dy = row - middleY - to.Down, dx = column - middleX - to.Right;
                double y = middleY + (to.Cos * dy) - (to.Sin * dx), u = middleX + (to.Sin * dy) + (to.Cos * dx);
                for (int plane = 0; plane < x.Length; plane += Height * Width)
                {
                    x[plane + (row * Width) + column] = Between(plane, y, u);
                }
            }
        }
    }

    private float Between(int plane, double y, double x)
    {
        int top = (int)Math.Floor(y), left = (int)Math.Floor(x);
        double below = y - top, right = x - left;
        return (float)((((Value(plane, top, left) * (1 - right)) + (Value(plane, top, left + 1) * right)) * (1 - below))
            + (((Value(plane, top + 1, left) * (1 - right)) + (Value(plane, top + 1, left + 1) * right)) * below));
    }

    private double Value(int plane, int y, int x) =>
        (uint)y < (uint)Height && (uint)x < (uint)Width ? Pixels[plane + (y * Width) + x] : Low;

    private void CoarsenBlock(int start, (int Height, int Width) size, int diagonals, Span<float> x)
    {
        double[] sum = new double[size.Height * size.Width];
        for (int v = 0; v < size.Height; v++)
        {
            for (int u = 0; u < size.Width && u + v < diagonals; u++)
            {
                double part = 0;
                for (int i = 0; i < sum.Length; i++)
                {
                    part += Pixels[start + (i / size.Width * Width) + (i % size.Width)] * Waves(v, u, i);
                }

                for (int i = 0; i < sum.Length; i++)
                {
                    sum[i] += part * Waves(v, u, i);
                }
            }
        }

        for (int i = 0; i < sum.Length; i++)
        {
            x[start + (i / size.Width * Width) + (i % size.Width)] = (float)sum[i];
        }

        double Waves(int v, int u, int i) => Wave(v, i / size.Width, size.Height) * Wave(u, i % size.Width, size.Width);

        static double Wave(int k, int index, int length) =>
            Math.Sqrt((k == 0 ? 1.0 : 2.0) / length) * Math.Cos(Math.PI * (index + 0.5) * k / length);
    }
}
