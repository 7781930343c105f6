namespace Temper.Robustness.Attacks;

/// <summary>
/// Finds a small perturbation in the 2-norm with few gradients: DDN first, then guided Carlini-Wagner steps from the
/// best point, with c derived from that point. A combination of Temper's own.
/// </summary>
public sealed record MinimalL2 : MinimalAttack
{
    /// <inheritdoc/>
    public override string Name => "minimal-l2";

    /// <summary>Number of DDN steps.</summary>
    public int StartSteps { get; init; } = 30;

    /// <summary>Number of gradients of the Carlini-Wagner phase.</summary>
    public int PolishSteps { get; init; } = 100;

    /// <summary>
    /// Initial learning rate of Adam for inputs scaled to 0 to 1; decays to almost zero within each round.
    /// </summary>
    public double LearningRate { get; init; } = 0.02;

    /// <summary>
    /// The c of the Carlini-Wagner phase, relative to the c for which its starting point is a minimum. Values above 1
    /// keep the point adversarial.
    /// </summary>
    public double Tightness { get; init; } = 1.5;

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        Require(StartSteps >= 1, "start steps", StartSteps, "1 or more");
        Require(PolishSteps >= 0, "polish steps", PolishSteps, "zero or more");
        Require(LearningRate > 0, "learning rate", LearningRate, "above zero");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        foreach (Ask ask in new Ddn { Steps = StartSteps }.Find(s))
        {
            yield return ask;
        }

        if (!s.HasBest)
        {
            // Without an adversarial example the remaining gradients search for a first one, with up to four values of
            // c.
            int searches = Math.Min(4, PolishSteps);
            var instead = new CarliniWagner
            {
                Guidance = Guidance.Weighted, SearchSteps = searches, Steps = PolishSteps / Math.Max(searches, 1),
            };
            foreach (Ask ask in PolishSteps == 0 ? [] : instead.Find(s))
            {
                yield return ask;
            }

            yield break;
        }

        foreach (Ask ask in Polish(s))
        {
            yield return ask;
        }
    }

    /// <summary>Rounds of guided steps with decaying learning rate, each anchored at the best point so far.</summary>
    private IEnumerable<Ask> Polish(Search s)
    {
        const int Rounds = 4;
        double range = (double)s.High - s.Low;
        var path = new CarliniWagnerPath(new CarliniWagner { Guidance = Guidance.Weighted }, s);
        for (int round = 0; round < Rounds; round++)
        {
            int steps = PolishSteps / Rounds;
            double c = 0;
            path.LeaveFromBest();
            for (int step = 0; step < steps; step++)
            {
                path.Move(toAnchor: step == 0);
                s.Loss = s.LossOf(LossKind.Margin);
                yield return Ask.Gradient;
                if (step == 0)
                {
                    // At a minimum 2 d = c grad, in units of the input range.
                    path.Anchor();
                    double norm = Perturbations.Length(s.Gradient) * range;
                    c = norm > 0 ? Tightness * 2 * s.BestDistance / range / norm : 1;
                }
                else
                {
                    path.Step(c, LearningRate * Math.Pow(0.5, round) * Schedules.Cosine(step, steps, 1, 0.02));
                }
            }
        }
    }
}
