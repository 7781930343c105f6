using System.Globalization;
using Temper.Randomness;

namespace Temper.Robustness.Attacks;

/// <summary>
/// Input diversity (DI, arXiv:1803.06978) for <see cref="Transfer"/>: before the surrogate runs, pictures are randomly
/// shrunk and moved, so that adversarial examples depend less on its exact pixels. Gradients are propagated back
/// through this change.
/// </summary>
/// <param name="inner">Surrogate with inputs <c>[channels, height, width]</c>.</param>
/// <param name="random">
/// Source of random numbers. The numbers drawn for a sample depend on this stream and the sample's bytes, not on its
/// index in the batch.
/// </param>
/// <param name="probability">Probability that a picture is changed, 0 to 1; the authors use 0.5.</param>
/// <param name="smallest">
/// Smallest height and width, as a fraction of the picture's, above 0 and at most 1; the authors use 299 of 330.
/// </param>
public sealed class DiverseInputTarget(
    AttackTarget inner, RandomStream random, double probability = 0.5, double smallest = 0.9)
    : WrappedTarget(RequirePictures(inner))
{
    /// <inheritdoc/>
    public override void Scores(ReadOnlySpan<float> x, int count, Span<float> logits) =>
        Inner.Scores(Changed(x, Sources(x, count)), count, logits);

    /// <inheritdoc/>
    public override void Gradient(
        ReadOnlySpan<float> x, int count, Span<float> logits, LogitDerivative derivative, Span<float> gradient)
    {
        int[] sources = Sources(x, count);
        float[] bySource = new float[sources.Length];
        Inner.Gradient(Changed(x, sources), count, logits, derivative, bySource);
        gradient[..sources.Length].Clear();
        for (int i = 0; i < sources.Length; i++)
        {
            if (sources[i] >= 0)
            {
                gradient[sources[i]] += bySource[i];
            }
        }
    }

    internal static AttackTarget RequirePictures(AttackTarget inner) => inner.SampleShape.Rank == 3
        ? inner
        : throw new ArgumentException($"needs pictures [C, H, W] (got samples of {inner.SampleShape})", nameof(inner));

    /// <summary>
    /// Maps each pixel of the changed pictures to the index of its source pixel; -1: padding with the smallest value.
    /// </summary>
    private int[] Sources(ReadOnlySpan<float> x, int count)
    {
        (int channels, int height, int width) = (SampleShape[0], SampleShape[1], SampleShape[2]);
        int size = SampleShape.Count;
        int[] sources = new int[count * size];
        for (int row = 0; row < count; row++)
        {
            RandomCursor cursor = random.Split((long)ContentHash.Of(x.Slice(row * size, size))).Cursor();
            bool isChanged = cursor.NextDouble() < probability;
            double part = isChanged ? smallest + ((1 - smallest) * cursor.NextDouble()) : 1;
            (int high, int wide) =
                (Math.Max(1, (int)Math.Round(part * height)), Math.Max(1, (int)Math.Round(part * width)));
            (int top, int left) =
                ((int)(cursor.NextDouble() * (height - high + 1)), (int)(cursor.NextDouble() * (width - wide + 1)));
            for (int i = 0; i < size; i++)
            {
                (int c, int y, int z) = (i / (height * width), (i / width % height) - top, (i % width) - left);
                sources[(row * size) + i] = y < 0 || z < 0 || y >= high || z >= wide || c >= channels
                    ? -1
                    : (row * size) + (((c * height) + (y * height / high)) * width) + (z * width / wide);
            }
        }

        return sources;
    }

    private float[] Changed(ReadOnlySpan<float> x, int[] sources)
    {
        float[] changed = new float[sources.Length];
        for (int i = 0; i < changed.Length; i++)
        {
            changed[i] = sources[i] < 0 ? Minimum : x[sources[i]];
        }

        return changed;
    }
}

/// <summary>
/// Translation invariance (TI, arXiv:1904.02884) for <see cref="Transfer"/>: smooths gradients with a Gaussian kernel,
/// which approximates averaging over shifted pictures. Adversarial examples then transfer better to other networks.
/// Scores are not changed.
/// </summary>
/// <param name="inner">Surrogate with inputs <c>[channels, height, width]</c>.</param>
/// <param name="deviation">Standard deviation in pixels, above 0; the authors use 3.</param>
/// <param name="radius">Radius of the kernel in pixels, 0 or more; the authors use 7.</param>
public sealed class SmoothedGradientTarget(AttackTarget inner, double deviation = 3, int radius = 7)
    : WrappedTarget(DiverseInputTarget.RequirePictures(inner))
{
    private readonly double[] _kernel = Kernel(deviation, radius);

    /// <inheritdoc/>
    public override void Gradient(
        ReadOnlySpan<float> x, int count, Span<float> logits, LogitDerivative derivative, Span<float> gradient)
    {
        Inner.Gradient(x, count, logits, derivative, gradient);
        (int height, int width) = (SampleShape[1], SampleShape[2]);
        int planes = count * SampleShape[0];
        double[] line = new double[Math.Max(height, width)];
        for (int plane = 0; plane < planes; plane++)
        {
            Span<float> own = gradient.Slice(plane * height * width, height * width);
            for (int y = 0; y < height; y++)
            {
                Smooth(own, y * width, 1, width, line);
            }

            for (int z = 0; z < width; z++)
            {
                Smooth(own, z, width, height, line);
            }
        }
    }

    private void Smooth(Span<float> values, int start, int stride, int count, double[] line)
    {
        int reach = _kernel.Length / 2;
        for (int i = 0; i < count; i++)
        {
            double sum = 0;
            for (int k = Math.Max(-reach, -i); k <= Math.Min(reach, count - 1 - i); k++)
            {
                sum += _kernel[k + reach] * values[start + ((i + k) * stride)];
            }

            line[i] = sum;
        }

        for (int i = 0; i < count; i++)
        {
            values[start + (i * stride)] = (float)line[i];
        }
    }

    private static double[] Kernel(double deviation, int radius)
    {
        if (!(deviation > 0 && double.IsFinite(deviation)) || radius < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(deviation), string.Create(
                CultureInfo.InvariantCulture,
                $"SmoothedGradientTarget: deviation or radius is out of range (got {deviation} and {radius}, expected "
                + $"above 0, and 0 or more)"));
        }

        double[] kernel = [.. Enumerable.Range(-radius, (2 * radius) + 1).Select(
            i => Math.Exp(-0.5 * i * i / (deviation * deviation)))];
        double sum = kernel.Sum();
        return [.. kernel.Select(value => value / sum)];
    }
}
