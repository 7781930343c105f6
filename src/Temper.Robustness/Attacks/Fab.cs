namespace Temper.Robustness.Attacks;

/// <summary>
/// The targeted version of the fast adaptive boundary attack (arXiv:1907.02044), as used by AutoAttack: steps to the
/// linearized decision boundary, biased towards the clean sample. After each success it moves back towards the clean
/// sample.
/// </summary>
public sealed record Fab : MinimalAttack
{
    private const double MaxAlpha = 0.1, Eta = 1.05, Beta = 0.9;
    private const int BisectionSteps = 3;

    /// <inheritdoc/>
    public override string Name => "fab";

    /// <inheritdoc/>
    public override Norm Norm { get; init; } = Norm.Linf;

    /// <summary>Number of steps per start.</summary>
    public int Steps { get; init; } = 100;

    /// <summary>Number of starts: the first is the clean sample, the others are random points near it.</summary>
    public int Restarts { get; init; } = 1;

    /// <summary>Number of target classes, tried in turn from the most likely wrong class down.</summary>
    public int TargetClasses { get; init; } = 9;

    /// <inheritdoc/>
    public override bool IsDeterministic => Restarts == 1;

    /// <inheritdoc/>
    protected internal override IReadOnlyList<Norm> Norms => [Norm.Linf, Norm.L2];

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        Require(Steps >= 1, "steps", Steps, "1 or more");
        Require(Restarts >= 1, "restarts", Restarts, "1 or more");
        Require(TargetClasses >= 1, "target classes", TargetClasses, "1 or more");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        float[] fromX = s.Vector(), fromClean = s.Vector(), x = s.Vector();
        foreach (int target in s.ClassesToAimAt(TargetClasses))
        {
            for (int restart = 0; restart < Restarts; restart++)
            {
                Begin(s, restart);
                for (int step = 0; step < Steps; step++)
                {
                    int rival = s.Target >= 0 && step > 0 ? AttackLoss.LargestOther(s.Logits, target) : s.Label;
                    s.Loss = new AttackLoss(LossKind.Difference, rival, target);
                    yield return Ask.Gradient;
                    Move(s, x, fromX, fromClean);
                    yield return Ask.Scores;
                    if (s.IsAdversarial)
                    {
                        // Step back towards the clean sample: x = (1 - beta) x0 + beta x.
                        Perturbations.ScaleTo(s.X, s.Clean, (float)Beta);
                    }
                }
            }
        }

        foreach (Ask ask in Bisect(s))
        {
            yield return ask;
        }
    }

    /// <summary>
    /// x' = P((1 - alpha)(x + eta d(x)) + alpha (x0 + eta d(x0))), where d is the step to the linearized boundary
    /// (equation 9).
    /// </summary>
    private void Move(Search s, float[] x, float[] fromX, float[] fromClean)
    {
        s.X.CopyTo(x, 0);
        double rise = -s.Value, cleanRise = rise;
        for (int i = 0; i < x.Length; i++)
        {
            cleanRise += (double)s.Gradient[i] * (x[i] - s.Clean[i]);
        }

        HyperplaneProjection.Solve(Norm, x, s.Gradient, rise, s.Bounds, fromX);
        HyperplaneProjection.Solve(Norm, s.Clean, s.Gradient, cleanRise, s.Bounds, fromClean);
        double a = Math.Max(Perturbations.Size(Norm, fromX), 1e-8),
            b = Math.Max(Perturbations.Size(Norm, fromClean), 1e-8);
        double alpha = Math.Min(a / (a + b), MaxAlpha);
        for (int i = 0; i < x.Length; i++)
        {
            double moved = ((1 - alpha) * (x[i] + (Eta * fromX[i]))) + (alpha * (s.Clean[i] + (Eta * fromClean[i])));
            s.X[i] = Math.Clamp((float)moved, s.Low, s.High);
        }
    }

    private void Begin(Search s, int restart)
    {
        if (restart == 0)
        {
            s.Clean.CopyTo(s.X, 0);
            return;
        }

        // A random point at half the distance of the best adversarial example, or at half the radius if there is none
        // yet.
        double best = s.HasBest ? s.BestDistance : double.IsFinite(s.Epsilon) ? s.Epsilon : Norm == Norm.Linf ? 0.1 : 1;
        Starts.OnSphere(s, best / 2);
    }

    /// <summary>Bisects between the clean sample and the best adversarial example.</summary>
    private static IEnumerable<Ask> Bisect(Search s)
    {
        if (!s.HasBest)
        {
            yield break;
        }

        float[] far = (float[])s.Best.Clone();
        double low = 0, high = 1;
        for (int step = 0; step < BisectionSteps; step++)
        {
            double middle = (low + high) / 2;
            far.CopyTo(s.X, 0);
            Perturbations.ScaleTo(s.X, s.Clean, (float)middle);
            yield return Ask.Scores;
            (low, high) = s.IsAdversarial ? (low, middle) : (middle, high);
        }
    }
}
