namespace Temper.Robustness.Attacks;

/// <summary>The losses of <see cref="Apgd"/>.</summary>
public enum ApgdLoss
{
    /// <summary>Cross-entropy.</summary>
    CrossEntropy,

    /// <summary>
    /// Difference of logits ratio. With fewer than three classes, or four with target classes, the ratio can be
    /// constant; its numerator, the difference of two logits, is then used instead.
    /// </summary>
    Dlr,

    /// <summary>Largest wrong logit minus the logit of the true class.</summary>
    Margin,
}

/// <summary>
/// Auto-PGD (arXiv:2003.01690, algorithm 1): gradient steps with momentum. When the loss stops growing, the step is
/// halved and the search returns to its best point, so no step size has to be chosen.
/// </summary>
public sealed record Apgd : FixedBudgetAttack
{
    private const double Rho = 0.75, Alpha = 0.75;

    /// <inheritdoc/>
    public override string Name => Loss switch
    {
        ApgdLoss.CrossEntropy => "apgd-ce",
        ApgdLoss.Margin => "apgd-margin",
        _ => TargetClasses > 0 ? "apgd-t" : "apgd-dlr",
    };

    /// <summary>The loss to maximize.</summary>
    public ApgdLoss Loss { get; init; }

    /// <summary>Steps per start.</summary>
    public int Steps { get; init; } = 100;

    /// <summary>Number of random starts.</summary>
    public int Restarts { get; init; } = 1;

    /// <summary>
    /// Number of target classes, tried in turn from the most likely wrong class down; 0: untargeted. Success with any
    /// of them counts.
    /// </summary>
    public int TargetClasses { get; init; }

    /// <inheritdoc/>
    public override bool IsDeterministic => false;

    /// <inheritdoc/>
    protected internal override IReadOnlyList<Norm> Norms => [Norm.Linf, Norm.L2];

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        base.CheckOptions();
        Require(Steps >= 1, "steps", Steps, "1 or more");
        Require(Restarts >= 1, "restarts", Restarts, "1 or more");
        Require(TargetClasses >= 0, "target classes", TargetClasses, "zero or more");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        foreach (AttackLoss loss in Losses(s))
        {
            for (int restart = 0; restart < Restarts; restart++)
            {
                s.Loss = loss;
                foreach (Ask ask in FromRandomStart(s))
                {
                    yield return ask;
                }
            }
        }
    }

    private IReadOnlyList<AttackLoss> Losses(Search s)
    {
        bool isUntargeted = TargetClasses == 0 && s.Target < 0, isRatio = s.Classes >= (isUntargeted ? 3 : 4);
        LossKind kind = Loss switch
        {
            ApgdLoss.Dlr when isRatio => LossKind.Dlr,
            ApgdLoss.CrossEntropy => LossKind.CrossEntropy,
            _ => LossKind.Margin,
        };
        if (isUntargeted || s.Target >= 0)
        {
            return [s.LossOf(kind)];
        }

        LossKind aimed = Loss == ApgdLoss.Dlr && !isRatio ? LossKind.Difference : kind;
        return [.. s.ClassesToAimAt(TargetClasses).Select(target => new AttackLoss(aimed, s.Label, target))];
    }

    private IEnumerable<Ask> FromRandomStart(Search s)
    {
        Starts.OnSurfaceOf(s, Epsilon);
        yield return Ask.Gradient;
        float[] best = (float[])s.X.Clone(), bestGradient = (float[])s.Gradient.Clone(), before = (float[])s.X.Clone(),
            z = s.Vector();
        double bestLoss = s.Value, checkedLoss = s.Value, size = 2 * Epsilon;
        var check = new StepCheck(Steps);
        for (int step = 0; step < Steps; step++)
        {
            Move(s, z, before, size, step == 0 ? 1 : Alpha);
            yield return Ask.Gradient;
            if (s.Value > bestLoss)
            {
                bestLoss = s.Value;
                s.X.CopyTo(best, 0);
                s.Gradient.CopyTo(bestGradient, 0);
            }

            if (check.IsHalved(s.Value, bestLoss, ref checkedLoss))
            {
                size /= 2;
                best.CopyTo(s.X, 0);
                bestGradient.CopyTo(s.Gradient, 0);
            }
        }
    }

    /// <summary>z = P(x + size * steepest(grad));  x' = P(x + alpha (z - x) + (1 - alpha)(x - x_previous))</summary>
    private void Move(Search s, float[] z, float[] before, double size, double alpha)
    {
        s.X.CopyTo(z, 0);
        Perturbations.Ascend(Norm, z, s.Gradient, size);
        Perturbations.Project(Norm, z, s.Clean, Epsilon, s.Bounds);
        for (int i = 0; i < z.Length; i++)
        {
            float x = s.X[i];
            s.X[i] = (float)(x + (alpha * (z[i] - x)) + ((1 - alpha) * (x - before[i])));
            before[i] = x;
        }

        Perturbations.Project(Norm, s.X, s.Clean, Epsilon, s.Bounds);
    }

    /// <summary>Decides at checkpoints whether the step is halved (the paper's conditions 1 and 2).</summary>
    private sealed class StepCheck(int steps)
    {
        private readonly int _shortest = Math.Max((int)(0.06 * steps), 1);
        private readonly int _shorter = Math.Max((int)(0.03 * steps), 1);
        private int _period = Math.Max((int)(0.22 * steps), 1);
        private int _since;
        private int _grew;
        private double _last = double.NaN;
        private bool _wasHalved = true;

        internal bool IsHalved(double loss, double best, ref double checkedLoss)
        {
            _grew += loss > _last ? 1 : 0;
            _last = loss;
            if (++_since < _period)
            {
                return false;
            }

            bool isHalved = _grew <= Rho * _period || (!_wasHalved && checkedLoss >= best);
            (_wasHalved, checkedLoss) = (isHalved, best);
            (_period, _since, _grew) = (Math.Max(_period - _shorter, _shortest), 0, 0);
            return isHalved;
        }
    }
}
