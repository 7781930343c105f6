using System.Diagnostics.CodeAnalysis;

namespace Temper.Robustness.Attacks;

/// <summary>
/// A final search within a ball. For each of the most likely wrong classes it takes one gradient at the clean sample
/// and tries the point of the ball that maximizes the linearized logit difference. This is exact for linear networks,
/// where ascent on the cross-entropy can end in a local maximum. Not part of the papers; off by default.
/// </summary>
internal static class BallFinish
{
    internal static IEnumerable<Ask> From(Search s, int gradients)
    {
        if (s.Norm is not (Norm.Linf or Norm.L2))
        {
            yield break;
        }

        int[] classes = s.ClassesToAimAt(gradients);
        float[] way = s.Vector();
        foreach (int k in classes.Take(gradients))
        {
            s.Clean.CopyTo(s.X, 0);
            s.Loss = new AttackLoss(
                LossKind.Difference, s.Target >= 0 ? AttackLoss.LargestOther(s.CleanLogits, k) : s.Label, k);
            yield return Ask.Gradient;
            if (LargestRise(s, way))
            {
                s.Clean.CopyTo(s.X, 0);
                Perturbations.AddScaled(s.X, way, 1);
                Perturbations.Project(s.Norm, s.X, s.Clean, s.Epsilon, s.Bounds);
                yield return Ask.Scores;
            }
        }
    }

    /// <summary>
    /// Finds the d within the ball and the bounds that maximizes (g, d): <c>clip(t g)</c> with t chosen to reach the
    /// radius, or <c>clip(epsilon sign g)</c> in the L∞ norm.
    /// </summary>
    private static bool LargestRise(Search s, float[] way)
    {
        double length = Perturbations.Size(Norm.Linf, s.Gradient);
        if (length == 0)
        {
            return false;
        }

        double low = 0, high = s.Norm == Norm.Linf ? s.Epsilon : ((double)s.High - s.Low) * 1e12;
        if (Fill(high) > s.Epsilon)
        {
            for (int round = 0; round < 100; round++)
            {
                double middle = (low + high) / 2;
                (low, high) = Fill(middle) > s.Epsilon ? (low, middle) : (middle, high);
            }

            Fill(low);
        }

        return true;

        double Fill(double t)
        {
            for (int i = 0; i < way.Length; i++)
            {
                double v = s.Norm == Norm.Linf ? Math.Sign(s.Gradient[i]) : s.Gradient[i] / length;
                way[i] = (float)Math.Clamp(t * v, (double)s.Low - s.Clean[i], (double)s.High - s.Clean[i]);
            }

            return Perturbations.Size(s.Norm, way);
        }
    }
}

/// <summary>
/// An attack within a ball, followed by <see cref="BallFinish"/> on the samples that were not fooled. The command line
/// uses this form.
/// </summary>
public sealed record FinishedInBall : FixedBudgetAttack
{
    /// <summary>Adds a final search to an attack.</summary>
    /// <param name="inner">Attack to run first.</param>
    /// <param name="gradients">
    /// Maximum number of gradients of the final search: one per class, most likely class first.
    /// </param>
    [SetsRequiredMembers]
    public FinishedInBall(FixedBudgetAttack inner, int gradients) =>
        (Inner, Gradients, Epsilon, Norm) = (inner, gradients, inner.Epsilon, inner.Norm);

    /// <summary>The attack that runs first.</summary>
    public FixedBudgetAttack Inner { get; }

    /// <summary>Maximum number of gradients of the final search.</summary>
    public int Gradients { get; }

    /// <inheritdoc/>
    public override string Name => Inner.Name;

    /// <inheritdoc/>
    public override bool IsDeterministic => Inner.IsDeterministic;

    /// <inheritdoc/>
    protected internal override IReadOnlyList<Norm> Norms => Inner.Norms;

    /// <inheritdoc/>
    protected internal override bool AimsAtTarget => Inner.AimsAtTarget;

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        Inner.CheckOptions();
        Require(Gradients >= 0, "gradients of the final search", Gradients, "zero or more");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        foreach (Ask ask in Inner.Find(s))
        {
            yield return ask;
        }

        s.Stage = "finish";
        foreach (Ask ask in BallFinish.From(s, Gradients))
        {
            yield return ask;
        }
    }
}
