using System.Numerics.Tensors;
using Temper.Robustness.Attacks;

namespace Temper.Robustness.Video;

/// <summary>
/// Attack with the mixed norm l2,1 (after arXiv:1803.02536): ascends <c>log(1 - p_y + 1e-6) - lambda sum_t |e_t|_2</c>,
/// where e_t is the change of frame t. The norm leaves a frame unchanged if its gradient does not outweigh lambda.
/// Returns the adversarial example with the fewest changed frames; among these, the one with the smallest norm.
/// </summary>
/// <remarks>
/// The authors use Adam and choose the frames beforehand. Here, steps are proximal, so frames can stay exactly
/// unchanged, and follow the sign of the gradient, since <see cref="Epsilon"/> limits the largest change. The second
/// half of the steps drops the norm and only changes the frames chosen by the first half. Lambda is found by bisection
/// between values with and without success.
/// </remarks>
public sealed record FrameNormAttack : MinimalAttack
{
    /// <summary>Creates the attack with <see cref="Norm.L0"/>, the number of changed elements.</summary>
    public FrameNormAttack() => Norm = Norm.L0;

    /// <inheritdoc/>
    public override string Name => "l21";

    /// <summary>Maximum change of an element, in units of the inputs; infinite: not limited, as in the paper.</summary>
    public required double Epsilon { get; init; }

    /// <summary>Number of gradient steps per lambda.</summary>
    public int Steps { get; init; } = 25;

    /// <summary>
    /// Number of values of lambda to try, each with <see cref="Steps"/> steps. The defaults give 100 steps in total, as
    /// many as the authors use.
    /// </summary>
    public int Searches { get; init; } = 4;

    /// <summary>
    /// Initial lambda as a fraction of the smallest lambda at which no frame changes; above 0 and below 1.
    /// </summary>
    public double FirstPart { get; init; } = 0.5;

    /// <summary>
    /// Step size in units of the inputs; null: epsilon / 8, or 1/255 of the input range if epsilon is infinite.
    /// </summary>
    public double? StepSize { get; init; }

    /// <inheritdoc/>
    protected internal override IReadOnlyList<Norm> Norms => [Norm.L0];

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        Require(Epsilon >= 0, "epsilon", Epsilon, "zero or more");
        Require(Steps >= 1, "steps", Steps, "1 or more");
        Require(Searches >= 1, "searches", Searches, "1 or more");
        Require(FirstPart is > 0 and < 1, "first part", FirstPart, "above 0, below 1");
        Require(StepSize is null or > 0, "step size", StepSize ?? 0, "above zero");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        if (s.Shape.Rank != 4)
        {
            throw new NotSupportedException($"{Name}: wrong input shape (got {s.Shape}, expected [T, C, H, W])");
        }

        s.Loss = s.LossOf(LossKind.Complement);
        s.Rule = x => Cost(x, s.Clean, s.Shape[0]);
        int half = (Steps + 1) / 2;
        double found = 0, failed = 1, part = FirstPart;
        for (int search = 0; search < Searches; search++)
        {
            s.Clean.CopyTo(s.X, 0);
            bool isFound = false;
            for (int step = 0; step < Steps; step++)
            {
                yield return Ask.Gradient;
                isFound |= s.IsAdversarial;
                if (step < half)
                {
                    Shrink(s, part);
                }
                else
                {
                    Refine(s);
                }
            }

            yield return Ask.Scores;
            isFound |= s.IsAdversarial;
            (found, failed) = isFound ? (part, failed) : (found, part);
            part = (found + failed) / 2;
        }

        s.Rule = null;
    }

    /// <summary>Number of changed frames, plus a value below 1 that grows with the norm.</summary>
    private static double Cost(float[] x, float[] clean, int frames)
    {
        int size = x.Length / frames, changed = 0;
        double norm = 0;
        for (int frame = 0; frame < frames; frame++)
        {
            int at = frame * size;
            double length = Perturbations.Distance(Norm.L2, x.AsSpan(at, size), clean.AsSpan(at, size));
            (norm, changed) = (norm + length, changed + (length > 0 ? 1 : 0));
        }

        return changed + (norm / (1 + norm));
    }

    private double Size(Search s) => StepSize ?? (double.IsFinite(Epsilon) ? Epsilon / 8 : (s.High - s.Low) / 255.0);

    /// <summary>
    /// x = clip(shrink(x + a (s_t / max s) sign g)), where s_t is the sum of absolute gradients in frame t. Lambda
    /// shrinks the change of each frame: an unchanged frame only moves if s_t exceeds that fraction of the largest.
    /// </summary>
    private void Shrink(Search s, double part)
    {
        int frames = s.Shape[0], size = s.Clean.Length / frames;
        double[] salience =
            [.. Enumerable.Range(0, frames).Select(frame => Perturbations.Sum(s.Gradient.AsSpan(frame * size, size)))];
        double most = salience.Max(), step = Size(s);
        for (int frame = 0; frame < frames && most > 0; frame++)
        {
            Span<float> x = s.X.AsSpan(frame * size, size);
            ReadOnlySpan<float> clean = s.Clean.AsSpan(frame * size, size);
            Perturbations.Ascend(Norm.Linf, x, s.Gradient.AsSpan(frame * size, size), step * salience[frame] / most);
            double length = Perturbations.Distance(Norm.L2, x, clean);
            double kept = 1 - (step * part * Math.Sqrt(size) / length);
            if (!(kept > 0))
            {
                clean.CopyTo(x);
                continue;
            }

            TensorPrimitives.Subtract(x, clean, x);
            TensorPrimitives.MultiplyAdd(x, (float)kept, clean, x);
            Perturbations.Project(Norm.Linf, x, clean, Epsilon, s.Bounds);
        }
    }

    /// <summary>x = clip(x + a sign g) on the changed frames.</summary>
    private void Refine(Search s)
    {
        int frames = s.Shape[0], size = s.Clean.Length / frames;
        for (int frame = 0; frame < frames; frame++)
        {
            Span<float> x = s.X.AsSpan(frame * size, size);
            ReadOnlySpan<float> clean = s.Clean.AsSpan(frame * size, size);
            if (!x.SequenceEqual(clean))
            {
                Perturbations.Ascend(Norm.Linf, x, s.Gradient.AsSpan(frame * size, size), Size(s));
                Perturbations.Project(Norm.Linf, x, clean, Epsilon, s.Bounds);
            }
        }
    }
}
