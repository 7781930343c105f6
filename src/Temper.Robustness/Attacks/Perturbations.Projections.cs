using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Robustness.Attacks;

/// <content>Projections onto the balls of all norms.</content>
public static partial class Perturbations
{
    /// <summary>
    /// Projects a point onto the ball around a center, then clamps it to the bounds. The result lies inside the ball
    /// also in double precision.
    /// </summary>
    /// <param name="norm">The norm.</param>
    /// <param name="x">The point, <c>[D]</c>, changed in place.</param>
    /// <param name="center">Center of the ball, <c>[D]</c>, within the bounds.</param>
    /// <param name="radius">Radius of the ball, in units of the inputs.</param>
    /// <param name="bounds">Smallest and largest input value.</param>
    public static void Project(
        Norm norm, Span<float> x, ReadOnlySpan<float> center, double radius, (float Low, float High) bounds)
    {
        if (norm == Norm.Linf)
        {
            for (int i = 0; i < x.Length; i++)
            {
                float inside = Math.Clamp(x[i], Lowest(center[i], radius), Highest(center[i], radius));
                x[i] = Math.Clamp(inside, bounds.Low, bounds.High);
            }

            return;
        }

        // The center lies within the bounds, so clamping afterwards cannot leave the ball.
        double size = Distance(norm, x, center);
        if (size > radius)
        {
            switch (norm)
            {
                case Norm.L2: ScaleTo(x, center, (float)(radius / size)); break;
                case Norm.L1: Shrink(x, center, radius); break;
                default: KeepLargest(x, center, (int)radius); break;
            }

            // Rounding can leave the point just outside; every repetition shrinks it twice as much.
            for (float less = 1e-7f; Distance(norm, x, center) > radius; less *= 2)
            {
                ScaleTo(x, center, Math.Max(1 - less, 0));
            }
        }

        Clip(x, bounds.Low, bounds.High);
    }

    /// <summary>
    /// The largest number whose distance to the center, in double precision, is at most the radius. The rounded sum may
    /// lie outside by half a unit in the last place.
    /// </summary>
    internal static float Highest(float center, double radius)
    {
        float edge = (float)(center + radius);
        return (double)edge - center > radius ? MathF.BitDecrement(edge) : edge;
    }

    /// <summary>The smallest number whose distance to the center is at most the radius.</summary>
    internal static float Lowest(float center, double radius) => -Highest(-center, radius);

    /// <summary>x = center + factor (x - center)</summary>
    internal static void ScaleTo(Span<float> x, ReadOnlySpan<float> center, float factor)
    {
        TensorPrimitives.Subtract(x, center, x);
        TensorPrimitives.MultiplyAdd(x, factor, center, x);
    }

    /// <summary>
    /// Projects onto the ball of the 1-norm: soft-thresholds every difference by the same amount (Duchi et al. 2008).
    /// </summary>
    private static void Shrink(Span<float> x, ReadOnlySpan<float> center, double radius)
    {
        double[] sizes = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            sizes[i] = Math.Abs((double)x[i] - center[i]);
        }

        Array.Sort(sizes);
        double sum = 0, threshold = 0;
        for (int k = 1; k <= sizes.Length; k++)
        {
            sum += sizes[^k];
            double candidate = (sum - radius) / k;
            if (candidate >= sizes[^k])
            {
                break;
            }

            threshold = candidate;
        }

        for (int i = 0; i < x.Length; i++)
        {
            double d = (double)x[i] - center[i];
            x[i] = (float)(center[i] + (Math.Sign(d) * Math.Max(Math.Abs(d) - threshold, 0)));
        }
    }

    private static void KeepLargest(Span<float> x, ReadOnlySpan<float> center, int count)
    {
        float[] sizes = new float[x.Length];
        int[] order = new int[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            (sizes[i], order[i]) = (-Math.Abs(x[i] - center[i]), i);
        }

        Array.Sort(sizes, order);
        foreach (int i in order.AsSpan(Math.Min(count, order.Length)))
        {
            x[i] = center[i];
        }
    }
}
