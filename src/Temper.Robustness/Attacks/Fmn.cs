namespace Temper.Robustness.Attacks;

/// <summary>
/// Fast minimum norm (arXiv:2102.12827): until the first success the radius is estimated from loss and gradient,
/// afterwards it shrinks and grows as in DDN, by less and less.
/// </summary>
public sealed record Fmn : MinimalAttack
{
    /// <inheritdoc/>
    public override string Name => "fmn";

    /// <summary>Number of steps.</summary>
    public int Steps { get; init; } = 100;

    /// <summary>
    /// The first step for inputs of 0 to 1; null: 1 in the 2-norm and 1-norm, 10 in the L∞ norm, as its authors have
    /// it.
    /// </summary>
    public double? StepSize { get; init; }

    /// <summary>Initial relative change of the radius per step.</summary>
    public double Gamma { get; init; } = 0.05;

    /// <summary>
    /// Whether parts of the gradient that point out of the bounds are left out before it is scaled (projection on the
    /// box's tangent cone). Not in the paper; without it the first phase may stall at the bounds.
    /// </summary>
    public bool KeepsToBox { get; init; } = true;

    /// <summary>
    /// Whether a perturbation in the 2-norm that is shorter than the radius is brought out to it, as in the library
    /// from which results are usually quoted (adversarial-library); the paper projects into the ball.
    /// </summary>
    public bool FillsRadius { get; init; } = true;

    internal override IReadOnlyList<Norm> Norms => [Norm.L2, Norm.Linf, Norm.L1, Norm.L0];

    internal override void CheckOptions()
    {
        Require(Steps >= 1, "steps", Steps, "1 or more");
        Require(StepSize is null or > 0, "step size", StepSize ?? 0, "above zero");
        Require(Gamma is > 0 and < 1, "gamma", Gamma, "between 0 and 1");
    }

    internal override IEnumerable<Ask> Find(Search s)
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
            return s.IsAdversarial ? Math.Min(Math.Min(radius - 1, Math.Floor(radius * (1 - gamma))), s.BestDistance)
                : s.HasBest ? Math.Max(radius + 1, Math.Floor(radius * (1 + gamma)))
                : s.Distance + 1 + Math.Abs(s.Value / Math.Max(Perturbations.Size(Norm.Linf, s.Gradient), 1e-12));
        }

        if (s.IsAdversarial)
        {
            return Math.Min(double.IsFinite(radius) ? radius * (1 - gamma) : s.Distance * (1 - gamma), s.BestDistance);
        }

        // A little beyond the estimate: on the boundary itself rounding decides, and the search would stand still.
        double dual = Norm switch
        {
            Norm.Linf => Perturbations.Sum(s.Gradient),
            Norm.L1 => Perturbations.Size(Norm.Linf, s.Gradient),
            _ => Perturbations.Length(s.Gradient),
        };
        return s.HasBest ? radius * (1 + gamma) : dual > 0 ? (s.Distance * (1 + 1e-4))
            + (Math.Abs(s.Value) / dual * (1 + gamma)) : radius;
    }
}
