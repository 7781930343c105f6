namespace Temper.Robustness.Attacks;

/// <summary>
/// DeepFool (arXiv:1511.04599): again and again to the nearest boundary of the linearized network, a little beyond.
/// Steps stay within the bounds of inputs: the nearest point of the hyperplane in the box.
/// </summary>
public sealed record DeepFool : MinimalAttack
{
    /// <inheritdoc/>
    public override string Name => "deepfool";

    /// <summary>Maximum number of steps.</summary>
    public int Steps { get; init; } = 50;

    /// <summary>How far beyond the boundary, as a fraction of the way.</summary>
    public double Overshoot { get; init; } = 0.02;

    /// <summary>The most likely classes whose boundaries are looked at, the right one not counted.</summary>
    public int Candidates { get; init; } = 9;

    internal override IReadOnlyList<Norm> Norms => [Norm.L2, Norm.Linf];

    internal override void CheckOptions()
    {
        Require(Steps >= 1, "steps", Steps, "1 or more");
        Require(Candidates >= 1, "candidates", Candidates, "1 or more");
        Require(Overshoot >= 0, "overshoot", Overshoot, "zero or more");
    }

    internal override IEnumerable<Ask> Find(Search s)
    {
        int[] classes = s.Target >= 0 ? [s.Target] : TargetOrder.Of(s, Candidates);
        float[] way = s.Vector(), nearest = s.Vector();
        for (int step = 0; step < Steps; step++)
        {
            double min = double.PositiveInfinity;
            foreach (int k in classes)
            {
                // Targeted: the boundary to the class that wins now, which need not be the right one.
                int rival = s.Target >= 0 ? AttackLoss.LargestOther(s.Logits, k) : s.Label;
                s.Loss = new AttackLoss(LossKind.Difference, rival, k);
                yield return Ask.Gradient;
                if (s.IsAdversarial)
                {
                    yield break;
                }

                // Equation 8: the way to f_k = f_label, linearized.
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
