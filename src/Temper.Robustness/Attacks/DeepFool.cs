namespace Temper.Robustness.Attacks;

/// <summary>
/// DeepFool (arXiv:1511.04599): repeatedly steps slightly beyond the nearest decision boundary of the linearized
/// network. Unlike in the paper, each step goes to the nearest point of the hyperplane within the input bounds.
/// </summary>
public sealed record DeepFool : MinimalAttack
{
    /// <inheritdoc/>
    public override string Name => "deepfool";

    /// <summary>Maximum number of steps.</summary>
    public int Steps { get; init; } = 50;

    /// <summary>Distance by which a step passes the boundary, as a fraction of the step.</summary>
    public double Overshoot { get; init; } = 0.02;

    /// <summary>Number of most likely wrong classes whose boundaries are considered.</summary>
    public int Candidates { get; init; } = 9;

    /// <inheritdoc/>
    protected internal override IReadOnlyList<Norm> Norms => [Norm.L2, Norm.Linf];

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        Require(Steps >= 1, "steps", Steps, "1 or more");
        Require(Candidates >= 1, "candidates", Candidates, "1 or more");
        Require(Overshoot >= 0, "overshoot", Overshoot, "zero or more");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        int[] classes = s.ClassesToAimAt(Candidates);
        float[] way = s.Vector(), nearest = s.Vector();
        for (int step = 0; step < Steps; step++)
        {
            double min = double.PositiveInfinity;
            foreach (int k in classes)
            {
                // Targeted: the boundary to the currently most likely other class, which need not be the true one.
                int rival = s.Target >= 0 ? AttackLoss.LargestOther(s.Logits, k) : s.Label;
                s.Loss = new AttackLoss(LossKind.Difference, rival, k);
                yield return Ask.Gradient;
                if (s.IsAdversarial)
                {
                    yield break;
                }

                // Equation 8: the step to f_k = f_label, linearized.
                HyperplaneProjection.Solve(Norm, s.X, s.Gradient, Math.Max(-s.Value + s.Gap, 0), s.Bounds, way);
                double size = Perturbations.Size(Norm, way);
                if (size < min && size > 0)
                {
                    min = size;
                    way.CopyTo(nearest, 0);
                }
            }

            if (!double.IsFinite(min))
            {
                yield break;
            }

            double factor = 1 + Overshoot + (1e-5 / Math.Max(min, 1e-5));
            Perturbations.AddScaled(s.X, nearest, factor);
            Perturbations.Clip(s.X, s.Low, s.High);
            yield return Ask.Scores;
            if (s.IsAdversarial)
            {
                yield break;
            }
        }
    }
}
