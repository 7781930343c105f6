using Temper.Randomness;
using Temper.Robustness.Attacks;

namespace Temper.Robustness.Feedback;

/// <summary>An everyday change of a picture whose severity grows from 0 to 1.</summary>
public abstract record PictureFamily : DirectionFamily
{
    private protected PictureFamily()
    {
    }

    /// <inheritdoc/>
    public sealed override bool IsRay => false;

    /// <summary>Puts a changed picture into <paramref name="x"/>; bounds are seen to afterwards.</summary>
    internal abstract void Change(ProbedSample sample, RandomStream random, double severity, Span<float> x);

    private protected sealed override ProbePath PathOf(ProbedSample sample, int index) => new Path(this, sample, StreamOf(sample, index));

    private sealed class Path(PictureFamily family, ProbedSample sample, RandomStream random) : ProbePath(sample)
    {
        internal override double Limit => 1;

        internal override double First => 1.0 / 16;

        internal override void At(double t, Span<float> x)
        {
            family.Change(Sample, random, t, x);
            Perturbations.Clip(x, Sample.Low, Sample.High);
        }
    }
}

/// <summary>A shift by up to a quarter of the picture, in a direction of the sample's own.</summary>
public sealed record TranslationPath : PictureFamily
{
    /// <inheritdoc/>
    public override string Name => "translation";

    internal override void Change(ProbedSample sample, RandomStream random, double severity, Span<float> x)
    {
        double angle = 2 * Math.PI * random.Cursor().NextDouble(), way = severity * Math.Min(sample.Shape[1], sample.Shape[2]) / 4;
        Warp.Into(sample, (1, 0, way * Math.Sin(angle), way * Math.Cos(angle)), x);
    }
}

/// <summary>A rotation by up to 45 degrees, to a side of the sample's own.</summary>
public sealed record RotationPath : PictureFamily
{
    /// <inheritdoc/>
    public override string Name => "rotation";

    internal override void Change(ProbedSample sample, RandomStream random, double severity, Span<float> x)
    {
        double angle = severity * Math.PI / 4 * (random.Cursor().NextBoolean() ? 1 : -1);
        Warp.Into(sample, (Math.Cos(angle), Math.Sin(angle), 0, 0), x);
    }
}

/// <summary>A Gaussian blur whose deviation grows up to an eighth of the picture.</summary>
public sealed record BlurPath : PictureFamily
{
    /// <inheritdoc/>
    public override string Name => "blur";

    internal override void Change(ProbedSample sample, RandomStream random, double severity, Span<float> x)
    {
        (int height, int width) = (sample.Shape[1], sample.Shape[2]);
        float[] weights = Weights(severity * Math.Min(height, width) / 8), rows = new float[x.Length];
        int reach = weights.Length / 2;
        for (int i = 0; i < x.Length; i++)
        {
            int column = i % width, start = i - column;
            for (int k = -reach; k <= reach; k++)
            {
                rows[i] += weights[k + reach] * sample.Clean[start + Math.Clamp(column + k, 0, width - 1)];
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

    private static float[] Weights(double sigma)
    {
        int reach = (int)Math.Ceiling(2.5 * sigma);
        double[] weights = [.. Enumerable.Range(-reach, (2 * reach) + 1).Select(k => Math.Exp(-k * k / Math.Max(2 * sigma * sigma, 1e-12)))];
        double sum = weights.Sum();
        return [.. weights.Select(weight => (float)(weight / sum))];
    }
}

/// <summary>Brighter by up to half of the range.</summary>
public sealed record BrightnessPath : PictureFamily
{
    /// <inheritdoc/>
    public override string Name => "brightness";

    internal override void Change(ProbedSample sample, RandomStream random, double severity, Span<float> x) =>
        System.Numerics.Tensors.TensorPrimitives.Add(sample.Clean, (float)(severity * 0.5 * (sample.High - sample.Low)), x);
}

/// <summary>Gaussian noise, one draw for a sample, whose deviation grows up to half of the range.</summary>
public sealed record NoisePath : PictureFamily
{
    /// <inheritdoc/>
    public override string Name => "noise";

    internal override void Change(ProbedSample sample, RandomStream random, double severity, Span<float> x)
    {
        random.FillGaussian(x);
        System.Numerics.Tensors.TensorPrimitives.MultiplyAdd(x, (float)(severity * 0.5 * (sample.High - sample.Low)), sample.Clean, x);
    }
}

/// <summary>Turned and shifted pictures, by linear interpolation.</summary>
internal static class Warp
{
    /// <summary>The picture that is turned around its middle and then shifted; outside it is the smallest value.</summary>
    /// <param name="sample">The picture.</param>
    /// <param name="to">Cosine and sine of the angle, pixels down and to the right.</param>
    /// <param name="x">Receives the picture.</param>
    internal static void Into(ProbedSample sample, (double Cos, double Sin, double Down, double Right) to, Span<float> x)
    {
        (int height, int width) = (sample.Shape[1], sample.Shape[2]);
        double middleY = (height - 1) / 2.0, middleX = (width - 1) / 2.0;
        for (int row = 0; row < height; row++)
        {
            for (int column = 0; column < width; column++)
            {
                double dy = row - middleY - to.Down, dx = column - middleX - to.Right;
                double y = middleY + (to.Cos * dy) - (to.Sin * dx), u = middleX + (to.Sin * dy) + (to.Cos * dx);
                for (int plane = 0; plane < x.Length; plane += height * width)
                {
                    x[plane + (row * width) + column] = At(sample, plane, y, u);
                }
            }
        }
    }

    private static float At(ProbedSample sample, int plane, double y, double x)
    {
        int top = (int)Math.Floor(y), left = (int)Math.Floor(x);
        double below = y - top, right = x - left;
        return (float)((((Value(sample, plane, top, left) * (1 - right)) + (Value(sample, plane, top, left + 1) * right)) * (1 - below))
            + (((Value(sample, plane, top + 1, left) * (1 - right)) + (Value(sample, plane, top + 1, left + 1) * right)) * below));
    }

    private static double Value(ProbedSample sample, int plane, int y, int x) =>
        (uint)y < (uint)sample.Shape[1] && (uint)x < (uint)sample.Shape[2] ? sample.Clean[plane + (y * sample.Shape[2]) + x] : sample.Low;
}
