namespace Temper.Robustness.Attacks;

/// <summary>
/// Decoupled direction and norm (arXiv:1811.09600): gradient steps on a sphere whose radius shrinks while the sample is
/// adversarial and grows while it is not.
/// </summary>
public sealed record Ddn : MinimalAttack
{
    /// <inheritdoc/>
    public override string Name => "ddn";

    /// <summary>Number of steps.</summary>
    public int Steps { get; init; } = 100;

    /// <summary>Relative change of the radius per step.</summary>
    public double Gamma { get; init; } = 0.05;

    /// <summary>Initial radius for inputs scaled to 0 to 1; scaled with the range of the inputs.</summary>
    public double FirstRadius { get; init; } = 1;

    /// <summary>
    /// Number of levels to which results are quantized, such as 256 for 8-bit pictures; 0: not quantized.
    /// </summary>
    public int Levels { get; init; }

    /// <summary>
    /// Whether gradient elements that point out of the bounds are set to zero before the gradient is normalized. Not in
    /// the paper.
    /// </summary>
    public bool KeepsToBox { get; init; } = true;

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        Require(Steps >= 1, "steps", Steps, "1 or more");
        Require(Gamma is > 0 and < 1, "gamma", Gamma, "between 0 and 1");
        Require(FirstRadius > 0, "first radius", FirstRadius, "above zero");
        Require(Levels is 0 or > 1, "levels", Levels, "0, or 2 or more");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        double range = s.High - s.Low, radius = FirstRadius * range;
        float[] x = (float[])s.Clean.Clone();
        s.Loss = s.LossOf(LossKind.CrossEntropy);
        for (int step = 0; step < Steps; step++)
        {
            x.CopyTo(s.X, 0);
            Round(s);
            yield return Ask.Gradient;

            // Algorithm 1: d += alpha g / |g|;  eps *= 1 -+ gamma;  d = eps d / |d|
            if (KeepsToBox)
            {
                Perturbations.RemoveOutward(s.Gradient, x, s.Low, s.High);
            }

            Perturbations.Ascend(Norm.L2, x, s.Gradient, Schedules.Cosine(step, Steps, range, 0.01 * range));
            radius *= s.IsAdversarial ? 1 - Gamma : 1 + Gamma;
            double size = Perturbations.Distance(Norm.L2, x, s.Clean);
            if (size > 0)
            {
                Perturbations.ScaleTo(x, s.Clean, (float)(radius / size));
            }

            Perturbations.Clip(x, s.Low, s.High);
        }

        x.CopyTo(s.X, 0);
        Round(s);
        yield return Ask.Scores;
    }

    private void Round(Search s)
    {
        if (Levels > 1)
        {
            float step = (s.High - s.Low) / (Levels - 1);
            for (int i = 0; i < s.X.Length; i++)
            {
                s.X[i] = Math.Clamp(s.Low + (MathF.Round((s.X[i] - s.Low) / step) * step), s.Low, s.High);
            }
        }
    }
}
