using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Robustness.Attacks;

/// <summary>
/// Vector arithmetic shared by the attacks: norms, projections and steps. Vectors hold one sample, <c>[D]</c>.
/// </summary>
public static partial class Perturbations
{
    /// <summary>Returns the norm of a perturbation; for <see cref="Norm.L0"/> the number of changed elements.</summary>
    /// <param name="norm">The norm.</param>
    /// <param name="d">The perturbation, <c>[D]</c>.</param>
    public static double Size(Norm norm, ReadOnlySpan<float> d) => norm switch
    {
        Norm.Linf => d.IsEmpty ? 0 : TensorPrimitives.MaxMagnitude(d) is var largest ? Math.Abs(largest) : 0,
        Norm.L2 => Length(d),
        Norm.L1 => Sum(d),
        _ => Changed(d),
    };

    /// <summary>Returns the norm of the difference of two points.</summary>
    /// <param name="norm">The norm.</param>
    /// <param name="a">A point, <c>[D]</c>.</param>
    /// <param name="b">Another point, <c>[D]</c>.</param>
    public static double Distance(Norm norm, ReadOnlySpan<float> a, ReadOnlySpan<float> b) => norm switch
    {
        Norm.Linf => LargestDifference(a, b),
        Norm.L2 => Math.Sqrt(SquaredDistance(a, b)),
        _ => SummedDifferences(a, b, counts: norm == Norm.L0),
    };

    /// <summary>
    /// The 2-norm. Falls back to double precision if the sum of squares leaves the accurate range of single precision,
    /// such as for gradients of about 1e-25.
    /// </summary>
    internal static double Length(ReadOnlySpan<float> d)
    {
        double squares = TensorPrimitives.SumOfSquares(d);
        if (squares is > 1e-30 and < 1e30)
        {
            return Math.Sqrt(squares);
        }

        squares = 0;
        foreach (float value in d)
        {
            squares += (double)value * value;
        }

        return Math.Sqrt(squares);
    }

    internal static double Sum(ReadOnlySpan<float> d) => TensorPrimitives.SumOfMagnitudes(d);

    internal static void Clip(Span<float> x, float low, float high) => TensorPrimitives.Clamp(x, low, high, x);

    /// <summary>
    /// Takes a step of steepest ascent: adds the d with a norm of size that maximizes (g, d). A zero gradient moves
    /// nothing.
    /// </summary>
    /// <param name="norm">The norm.</param>
    /// <param name="x">The point, <c>[D]</c>, changed in place.</param>
    /// <param name="g">The gradient, <c>[D]</c>.</param>
    /// <param name="size">Norm of the step.</param>
    public static void Ascend(Norm norm, Span<float> x, ReadOnlySpan<float> g, double size)
    {
        switch (norm)
        {
            case Norm.Linf:
                for (int i = 0; i < x.Length; i++)
                {
                    x[i] += (float)size * Sign(g[i]);
                }

                break;
            case Norm.L2:
                double length = Length(g);
                AddScaled(x, g, length > 0 ? size / length : 0);
                break;
            default:
                AscendLargest(x, g, size);
                break;
        }
    }

    /// <summary>x += factor g</summary>
    internal static void AddScaled(Span<float> x, ReadOnlySpan<float> g, double factor)
    {
        float single = (float)factor;
        if (float.IsFinite(single))
        {
            TensorPrimitives.MultiplyAdd(g, single, x, x);
            return;
        }

        // The reciprocal length of a gradient of about 1e-39 overflows single precision.
        for (int i = 0; i < x.Length; i++)
        {
            x[i] = (float)(x[i] + (factor * g[i]));
        }
    }

    /// <summary>
    /// Sets to zero the elements of an ascent direction that point out of the bounds (projection onto the tangent cone
    /// of the box). Otherwise they use up the step, and the point may not move.
    /// </summary>
    internal static void RemoveOutward(Span<float> g, ReadOnlySpan<float> x, float low, float high)
    {
        x = x[..g.Length];
        for (int i = 0; i < g.Length; i++)
        {
            // Branch-free: at black pixels the sign of the gradient is unpredictable, so branches would be
            // mispredicted.
            int isOutward =
                ((x[i] <= low ? 1 : 0) & (g[i] < 0 ? 1 : 0)) | ((x[i] >= high ? 1 : 0) & (g[i] > 0 ? 1 : 0));
            g[i] = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(g[i]) & (isOutward - 1));
        }
    }

    internal static float Sign(float value) => value > 0 ? 1 : value < 0 ? -1 : 0;

    /// <summary>
    /// Returns the largest absolute difference, or NaN if one is not finite. A comparison and a sum that detects
    /// non-finite values are four times as fast as Math.Max.
    /// </summary>
    private static double LargestDifference(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double max = 0, zero = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double d = Math.Abs((double)a[i] - b[i]);
            max = max >= d ? max : d;
            zero += d - d;
        }

        return max + zero;
    }

    /// <summary>Returns the sum of the absolute differences, or the number of nonzero differences.</summary>
    private static double SummedDifferences(ReadOnlySpan<float> a, ReadOnlySpan<float> b, bool counts)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double d = Math.Abs((double)a[i] - b[i]);
            sum += !counts ? d : d > 0 ? 1 : 0;
        }

        return sum;
    }

    /// <summary>Accumulates in double precision. Four independent sums hide the latency of the additions.</summary>
    private static double SquaredDistance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double first = 0, second = 0, third = 0, fourth = 0;
        b = b[..a.Length];
        int i = 0;
        for (; i <= a.Length - 4; i += 4)
        {
            double d0 = (double)a[i] - b[i], d1 = (double)a[i + 1] - b[i + 1], d2 = (double)a[i + 2] - b[i + 2],
                d3 = (double)a[i + 3] - b[i + 3];
            first += d0 * d0;
            second += d1 * d1;
            third += d2 * d2;
            fourth += d3 * d3;
        }

        for (; i < a.Length; i++)
        {
            double d = (double)a[i] - b[i];
            first += d * d;
        }

        return first + second + (third + fourth);
    }

    private static double Changed(ReadOnlySpan<float> d)
    {
        int count = 0;
        foreach (float value in d)
        {
            count += value != 0 ? 1 : 0;
        }

        return count;
    }

    /// <summary>
    /// The step of sparse descent (SLIDE): changes the 1 % of elements with the largest gradients, all by the same
    /// amount.
    /// </summary>
    private static void AscendLargest(Span<float> x, ReadOnlySpan<float> g, double size)
    {
        float[] sizes = new float[g.Length];
        TensorPrimitives.Abs(g, sizes);
        int[] order = [.. Enumerable.Range(0, sizes.Length)];
        Array.Sort(sizes, order);
        int count = Math.Max(1, g.Length / 100);
        for (int k = order.Length - count; k < order.Length; k++)
        {
            x[order[k]] += (float)(size / count) * Sign(g[order[k]]);
        }
    }
}
