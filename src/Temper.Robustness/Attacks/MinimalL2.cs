namespace Temper.Robustness.Attacks;

/// <summary>
/// A small perturbation in the 2-norm for few gradients: DDN for a start, then guided Carlini-Wagner steps from the
/// best point, with the c at which that point would be a minimum. Our combination.
/// </summary>
public sealed record MinimalL2 : MinimalAttack
{
    /// <inheritdoc/>
    public override string Name => "minimal-l2";

    /// <summary>Steps of DDN.</summary>
    public int StartSteps { get; init; } = 30;

    /// <summary>Gradients spent on the polish.</summary>
    public int PolishSteps { get; init; } = 100;

    /// <summary>Adam's first step, for inputs of 0 to 1; it shrinks to nothing within each round.</summary>
    public double LearningRate { get; init; } = 0.02;

    /// <summary>
    /// The c of the polish as a multiple of the one at which the start would be a minimum; above 1 keeps it
    /// adversarial.
    /// </summary>
    public double Tightness { get; init; } = 1.5;

    internal override void CheckOptions()
    {
        Require(StartSteps >= 1, "start steps", StartSteps, "1 or more");
        Require(PolishSteps >= 0, "polish steps", PolishSteps, "zero or more");
        Require(LearningRate > 0, "learning rate", LearningRate, "above zero");
    }

    internal override IEnumerable<Ask> Find(Search s)
    {
        foreach (Ask ask in new Ddn { Steps = StartSteps }.Find(s))
        {
            yield return ask;
        }

        if (!s.HasBest)
        {
            // The gradients of the polish go to the search for a first adversarial: four values of c where they
            // suffice.
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

    /// <summary>Rounds of guided steps that shrink to nothing, each anchored at the best point so far.</summary>
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
                if (step == 0)
                {
                    path.GoToAnchor();
                }
                else
                {
                    path.Place();
                }

                s.Loss = s.LossOf(LossKind.Margin);
                yield return Ask.Gradient;
                if (step == 0)
                {
                    // At a minimum 2 d = c grad, in units of the range.
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
