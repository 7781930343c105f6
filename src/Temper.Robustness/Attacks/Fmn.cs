namespace Temper.Robustness.Attacks;

/// <summary>
/// Fast minimum norm (arXiv:2102.12827): estimates the radius from loss and gradient until the first success.
/// Afterwards the radius shrinks and grows as in DDN, by a decreasing factor.
/// </summary>
public sealed record Fmn : MinimalAttack
{
    /// <inheritdoc/>
    public override string Name => "fmn";

    /// <summary>Number of steps.</summary>
    public int Steps { get; init; } = 100;

    /// <summary>
    /// Initial step for inputs scaled to 0 to 1; null: the authors' value, which is 10 in the L∞ norm and 1 in the
    /// other norms.
    /// </summary>
    public double? StepSize { get; init; }

    /// <summary>Initial relative change of the radius per step.</summary>
    public double Gamma { get; init; } = 0.05;

    /// <summary>
    /// Whether gradient elements that point out of the bounds are set to zero before the gradient is normalized
    /// (projection onto the tangent cone of the box). Not in the paper; without it the first phase may stall at the
    /// bounds.
    /// </summary>
    public bool KeepsToBox { get; init; } = true;

    /// <summary>
    /// Whether a perturbation shorter than the radius is scaled up to the radius (2-norm only), as in
    /// adversarial-library, the source of most published results. The paper only projects into the ball.
    /// </summary>
    public bool FillsRadius { get; init; } = true;

    /// <inheritdoc/>
    protected internal override IReadOnlyList<Norm> Norms => [Norm.L2, Norm.Linf, Norm.L1, Norm.L0];

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        Require(Steps >= 1, "steps", Steps, "1 or more");
        Require(StepSize is null or > 0, "step size", StepSize ?? 0, "above zero");
        Require(Gamma is > 0 and < 1, "gamma", Gamma, "between 0 and 1");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        double range = s.High - s.Low, first = (StepSize ?? (Norm == Norm.Linf ? 10 : 1)) * range,
            radius = double.PositiveInfinity;
        s.Loss = s.LossOf(LossKind.Margin);
        s.Clean.CopyTo(s.X, 0);
        for (int step = 0; step < Steps; step++)
        {
            yield return Ask.Gradient;
            if (KeepsToBox)
            {
                Perturbations.RemoveOutward(s.Gradient, s.X, s.Low, s.High);
            }

            double gamma = Schedules.Cosine(step, Steps, Gamma, 0.001);
            radius = NextRadius(s, radius, gamma);
            Perturbations.Ascend(Norm.L2, s.X, s.Gradient, Schedules.Cosine(step, Steps, first, 0.01 * range));
            if (FillsRadius && Norm == Norm.L2
                && double.IsFinite(radius) && Perturbations.Distance(Norm.L2, s.X, s.Clean) is > 0 and var size)
            {
                Perturbations.ScaleTo(s.X, s.Clean, (float)(radius / size));
                Perturbations.Clip(s.X, s.Low, s.High);
            }
            else if (double.IsFinite(radius))
            {
                Perturbations.Project(Norm, s.X, s.Clean, radius, s.Bounds);
            }
            else
            {
                Perturbations.Clip(s.X, s.Low, s.High);
            }
        }

        yield return Ask.Scores;
    }

    /// <summary>Algorithm 1, lines 5 to 10.</summary>
    private double NextRadius(Search s, double radius, double gamma)
    {
        if (Norm == Norm.L0)
        {
            // Not below 0: for a transfer, the clean sample itself may count as adversarial.
            return s.IsAdversarial
                ? Math.Max(0, Math.Min(Math.Min(radius - 1, Math.Floor(radius * (1 - gamma))), s.BestDistance))
                : s.HasBest ? Math.Max(radius + 1, Math.Floor(radius * (1 + gamma)))
                : s.Distance + 1 + Math.Abs(s.Value / Math.Max(Perturbations.Size(Norm.Linf, s.Gradient), 1e-12));
        }

        if (s.IsAdversarial)
        {
            return Math.Min(double.IsFinite(radius) ? radius * (1 - gamma) : s.Distance * (1 - gamma), s.BestDistance);
        }

        // Goes slightly beyond the estimate: exactly on the boundary rounding decides, and the search would stall.
        double dual = Norm switch
        {
            Norm.Linf => Perturbations.Sum(s.Gradient),
            Norm.L1 => Perturbations.Size(Norm.Linf, s.Gradient),
            _ => Perturbations.Length(s.Gradient),
        };
        return s.HasBest ? radius * (1 + gamma)
            : dual > 0 ? (s.Distance * (1 + 1e-4)) + (Math.Abs(s.Value) / dual * (1 + gamma))
            : radius;
    }
}
