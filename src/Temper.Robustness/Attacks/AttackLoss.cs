using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Robustness.Criteria;

namespace Temper.Robustness.Attacks;

/// <summary>The losses that attacks maximize, computed from the logits of one sample.</summary>
public enum LossKind
{
    /// <summary>Cross-entropy of the true class; with a target class, its negated cross-entropy.</summary>
    CrossEntropy,

    /// <summary>
    /// Largest wrong logit minus the true logit; with a target class, its logit minus the largest other one.
    /// </summary>
    Margin,

    /// <summary>
    /// Difference of logits ratio (arXiv:2003.01690, equations 5 and 6): invariant to shifting and scaling the logits.
    /// With fewer than three classes, or four with a target class, it can be constant.
    /// </summary>
    Dlr,

    /// <summary>Logit of a given class minus the logit of another given class.</summary>
    Difference,

    /// <summary>
    /// <c>log(1 - p_y + 1e-6)</c>, where p_y is the softmax of the true class (arXiv:1803.02536); with a target class,
    /// its negated cross-entropy.
    /// </summary>
    Complement,
}

/// <summary>A loss and the classes that it depends on.</summary>
/// <param name="Kind">Kind of loss.</param>
/// <param name="Label">True class.</param>
/// <param name="Target">Target class; -1: any wrong class.</param>
public readonly record struct AttackLoss(LossKind Kind, int Label, int Target = -1)
{
    /// <summary>Returns the loss and computes its derivative with respect to each logit.</summary>
    /// <param name="z">Logits, <c>[K]</c>.</param>
    /// <param name="gradient">Receives the derivative, <c>[K]</c>; every entry is written.</param>
    public double Evaluate(ReadOnlySpan<float> z, Span<float> gradient)
    {
        gradient.Clear();
        return Kind switch
        {
            LossKind.CrossEntropy => CrossEntropy(z, gradient),
            LossKind.Margin => Margin(z, gradient),
            LossKind.Difference => Difference(z, gradient, Target, Label),
            LossKind.Complement => Target < 0 ? Complement(z, gradient) : CrossEntropy(z, gradient),
            _ => Target < 0 ? Ratio(z, gradient) : TargetedRatio(z, gradient),
        };
    }

    /// <summary>Returns the class with the largest logit, other than the given class.</summary>
    internal static int LargestOther(ReadOnlySpan<float> z, int index)
    {
        int best = index == 0 ? 1 : 0;
        for (int k = 0; k < z.Length; k++)
        {
            best = k != index && z[k] > z[best] ? k : best;
        }

        return best;
    }

    private double CrossEntropy(ReadOnlySpan<float> z, Span<float> gradient)
    {
        int index = Target < 0 ? Label : Target;
        float sign = Target < 0 ? 1 : -1, largest = TensorPrimitives.Max(z);
        double sum = 0;
        for (int k = 0; k < z.Length; k++)
        {
            double e = Math.Exp((double)z[k] - largest);
            gradient[k] = (float)e;
            sum += e;
        }

        for (int k = 0; k < z.Length; k++)
        {
            gradient[k] *= (float)(sign / sum);
        }

        // 1 - p is computed as the sum of the other probabilities, which avoids cancellation.
        double others = 0;
        for (int k = 0; k < z.Length; k++)
        {
            others += k == index ? 0 : Math.Exp((double)z[k] - largest);
        }

        gradient[index] = (float)(-sign * others / sum);
        return sign * (Math.Log(sum) + largest - z[index]);
    }

    private double Complement(ReadOnlySpan<float> z, Span<float> gradient)
    {
        const double Floor = 1e-6;
        double most = TensorPrimitives.Max(z), own = Math.Exp(z[Label] - most), others = 0;
        for (int k = 0; k < z.Length; k++)
        {
            double e = k == Label ? 0 : Math.Exp(z[k] - most);
            gradient[k] = (float)e;
            others += e;
        }

        // d p_y / d z_k = p_y ([k = y] - p_k). 1 - p_y is the sum of the other probabilities, which avoids
        // cancellation.
        double sum = own + others, rest = others / sum, factor = own / sum / (rest + Floor);
        for (int k = 0; k < z.Length; k++)
        {
            gradient[k] = (float)(k == Label ? -factor * rest : factor * gradient[k] / sum);
        }

        return Math.Log(rest + Floor);
    }

    private double Margin(ReadOnlySpan<float> z, Span<float> gradient) => Target < 0
        ? Difference(z, gradient, LargestOther(z, Label), Label)
        : Difference(z, gradient, Target, LargestOther(z, Target));

    private static double Difference(ReadOnlySpan<float> z, Span<float> gradient, int plus, int minus)
    {
        (gradient[plus], gradient[minus]) = (1, -1);
        return (double)z[plus] - z[minus];
    }

    /// <summary>-(z_y - max other) / (z_(1) - z_(3))</summary>
    private double Ratio(ReadOnlySpan<float> z, Span<float> gradient)
    {
        Span<int> order = stackalloc int[4];
        int count = Largest(z, order);
        int other = LargestOther(z, Label), first = order[0], third = order[Math.Min(2, count - 1)];
        double above = (double)z[other] - z[Label], below = (double)z[first] - z[third] + 1e-12;
        gradient[other] += (float)(1 / below);
        gradient[Label] -= (float)(1 / below);
        gradient[first] -= (float)(above / below / below);
        gradient[third] += (float)(above / below / below);
        return above / below;
    }

    /// <summary>-(z_y - z_t) / (z_(1) - (z_(3) + z_(4)) / 2)</summary>
    private double TargetedRatio(ReadOnlySpan<float> z, Span<float> gradient)
    {
        Span<int> order = stackalloc int[4];
        int count = Largest(z, order);
        int first = order[0], third = order[Math.Min(2, count - 1)], fourth = order[Math.Min(3, count - 1)];
        double above = (double)z[Target] - z[Label], below = z[first] - (0.5 * ((double)z[third] + z[fourth])) + 1e-12,
            part = above / below / below;
        gradient[Target] += (float)(1 / below);
        gradient[Label] -= (float)(1 / below);
        gradient[first] -= (float)part;
        gradient[third] += (float)(part / 2);
        gradient[fourth] += (float)(part / 2);
        return above / below;
    }

    /// <summary>
    /// Writes the classes with the largest logits, in descending order; returns how many were written.
    /// </summary>
    internal static int Largest(ReadOnlySpan<float> z, Span<int> order)
    {
        int count = 0;
        for (int k = 0; k < z.Length; k++)
        {
            int rank = count;
            while (rank > 0 && z[k] > z[order[rank - 1]])
            {
                rank--;
            }

            if (rank < order.Length)
            {
                count = Math.Min(count + 1, order.Length);
                for (int i = count - 1; i > rank; i--)
                {
                    order[i] = order[i - 1];
                }

                order[rank] = k;
            }
        }

        return count;
    }
}
