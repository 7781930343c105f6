namespace Temper.Robustness.Attacks;

/// <summary>
/// Which of the adversarial examples found by the elastic-net attack is returned (the paper's decision rules).
/// </summary>
public enum EadRule
{
    /// <summary>The example with the smallest <c>|d|^2 + beta |d|_1</c>.</summary>
    ElasticNet,

    /// <summary>The example with the smallest <c>|d|_1</c>.</summary>
    L1,
}

/// <summary>
/// The elastic-net attack (arXiv:1709.04114): minimizes <c>c f(x') + |d|^2 + beta |d|_1</c> by iterative
/// shrinkage-thresholding (FISTA) and searches for c. With beta = 0 it is the Carlini-Wagner attack in pixel space.
/// </summary>
public sealed record Ead : MinimalAttack
{
    /// <inheritdoc/>
    public override string Name => "ead";

    /// <inheritdoc/>
    public override Norm Norm { get; init; } = Norm.L1;

    /// <summary>Which adversarial example is returned.</summary>
    public EadRule Rule { get; init; }

    /// <summary>Weight of the L1 norm.</summary>
    public double Beta { get; init; } = 1e-2;

    /// <summary>Number of steps per value of c.</summary>
    public int Steps { get; init; } = 1000;

    /// <summary>Number of values of c to try.</summary>
    public int SearchSteps { get; init; } = 9;

    /// <summary>Initial value of c.</summary>
    public double FirstC { get; init; } = 1e-3;

    /// <summary>Initial learning rate; decays with the square root of the remaining fraction of steps.</summary>
    public double LearningRate { get; init; } = 1e-2;

    /// <inheritdoc/>
    protected internal override IReadOnlyList<Norm> Norms => [Norm.L1, Norm.L2];

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        Require(Steps >= 1, "steps", Steps, "1 or more");
        Require(SearchSteps >= 1, "search steps", SearchSteps, "1 or more");
        Require(Beta >= 0, "beta", Beta, "zero or more");
        Require(FirstC > 0, "first c", FirstC, "above zero");
        Require(LearningRate > 0, "learning rate", LearningRate, "above zero");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        double range = (double)s.High - s.Low;
        s.Rule = Rule == EadRule.L1
            ? x => Perturbations.Distance(Norm.L1, x, s.Clean)
            : x => Math.Pow(Perturbations.Distance(Norm.L2, x, s.Clean) / range, 2)
                + (Beta * Perturbations.Distance(Norm.L1, x, s.Clean) / range);
        foreach (Ask ask in Walk(s))
        {
            yield return ask;
        }

        s.Rule = null;
    }

    private IEnumerable<Ask> Walk(Search s)
    {
        float[] x = s.Vector(), y = s.Vector();
        double low = 0, high = double.PositiveInfinity, c = FirstC;
        for (int search = 0; search < SearchSteps; search++)
        {
            bool isFound = false;
            s.Clean.CopyTo(x, 0);
            s.Clean.CopyTo(y, 0);
            for (int step = 0; step < Steps; step++)
            {
                y.CopyTo(s.X, 0);
                s.Loss = s.LossOf(LossKind.Margin);
                yield return Ask.Gradient;
                isFound |= s.IsAdversarial;
                Shrink(s, x, y, step, c);
            }

            x.CopyTo(s.X, 0);
            yield return Ask.Scores;
            isFound |= s.IsAdversarial;
            (low, high) = isFound ? (low, Math.Min(high, c)) : (Math.Max(low, c), high);
            c = double.IsFinite(high) ? (low + high) / 2 : c * 10;
        }
    }

    /// <summary>
    /// Equations 6 and 7: a gradient step at y, soft thresholding towards the clean sample by beta, and extrapolation
    /// to the next y.
    /// </summary>
    private void Shrink(Search s, float[] x, float[] y, int step, double c)
    {
        double range = (double)s.High - s.Low, rate = LearningRate * Math.Sqrt(1 - ((double)step / Steps)),
            active = -s.Value > -s.Gap ? c : 0;
        double threshold = Beta * range, ahead = step / (step + 3.0);
        for (int i = 0; i < x.Length; i++)
        {
            double d = (double)y[i] - s.Clean[i];
            double moved = d - (rate * ((2 * d) - (active * range * range * s.Gradient[i])));
            double shrunk = Math.Sign(moved) * Math.Max(Math.Abs(moved) - threshold, 0);
            float next = Math.Clamp((float)(s.Clean[i] + shrunk), s.Low, s.High);
            y[i] = Math.Clamp((float)(next + (ahead * (next - (double)x[i]))), s.Low, s.High);
            x[i] = next;
        }
    }
}
