namespace Temper.Robustness.Attacks;

/// <summary>
/// What the gradient at an anchor point says about the perturbation (after arXiv:1812.02524; the formulations are
/// ours).
/// </summary>
public enum Guidance
{
    /// <summary>Nothing: the attack of Carlini and Wagner.</summary>
    None,

    /// <summary>Its sign: <c>x' = P(x - p sign g)</c>, p zero or more.</summary>
    Sign,

    /// <summary>Its relative sizes: <c>x' = P(x - s g / max |g|)</c>, s free.</summary>
    Weighted,
}

/// <summary>The variable that Adam optimizes.</summary>
public enum AttackVariable
{
    /// <summary>Inputs themselves, clipped to their bounds.</summary>
    Pixel,

    /// <summary>
    /// The authors' <c>x = (tanh w + 1) / 2</c>. Inputs at their bounds are slow: with the authors' learning rate of
    /// 0.01 a black pixel needs about 600 steps to change by a tenth.
    /// </summary>
    Tanh,
}

/// <summary>
/// The attack of Carlini and Wagner in the 2-norm (arXiv:1608.04644), <c>min |x' - x|^2 + c f(x')</c> by Adam with a
/// search for c, and its gradient-guided form.
/// </summary>
/// <remarks>
/// Defaults are for a small budget, in pixels: 4 searches of 25 steps. <see cref="Original"/> has those of the authors.
/// </remarks>
public sealed record CarliniWagner : MinimalAttack
{
    /// <inheritdoc/>
    public override string Name => Guidance == Guidance.None ? "cw" : "guided-cw";

    /// <summary>How the gradient guides the perturbation.</summary>
    public Guidance Guidance { get; init; }

    /// <summary>The variable that Adam optimizes.</summary>
    public AttackVariable Variable { get; init; }

    /// <summary>Steps for each c.</summary>
    public int Steps { get; init; } = 25;

    /// <summary>Values of c that are tried.</summary>
    public int SearchSteps { get; init; } = 4;

    /// <summary>
    /// The first c, for inputs of 0 to 1, from which the authors' search goes on; null: twice the c at which the
    /// linearized network has its minimum, from the gradient at the clean sample; ten times as much after a search that
    /// found nothing. Once there is an adversarial, searches go on from the best one, with the c, the guidance and the
    /// step that follow from it.
    /// </summary>
    public double? FirstC { get; init; }

    /// <summary>
    /// Adam's step, for inputs of 0 to 1; null: from the sample. In pixels the first step then has a third of the
    /// length of the way to the linearized boundary; after a search that found nothing it is three times as long, after
    /// an adversarial it follows its distance. In tanh space 0.1.
    /// </summary>
    public double? LearningRate { get; init; }

    /// <summary>
    /// Whether the step shrinks to a hundredth over the steps of each c, along half a cosine; not in the paper.
    /// </summary>
    public bool DecaysRate { get; init; } = true;

    /// <summary>
    /// Steps after which the search is anchored again at its best point, with the gradient there; 0: never.
    /// </summary>
    public int Refresh { get; init; }

    /// <summary>
    /// Whether a c is given up after a tenth of the steps that lowers the loss by less than 0.01 %, as in the authors'
    /// code.
    /// </summary>
    public bool AbortsEarly { get; init; }

    /// <summary>The authors' settings: tanh, 9 searches of 1,000 steps, c from 0.001, step 0.01.</summary>
    public static CarliniWagner Original { get; } = new()
    {
        Variable = AttackVariable.Tanh, SearchSteps = 9, Steps = 1000, FirstC = 1e-3, LearningRate = 0.01,
        AbortsEarly = true, DecaysRate = false,
    };

    internal override void CheckOptions()
    {
        Require(Steps >= 1, "steps", Steps, "1 or more");
        Require(SearchSteps >= 1, "search steps", SearchSteps, "1 or more");
        Require(FirstC is null or > 0, "first c", FirstC ?? 0, "above zero");
        Require(LearningRate is null or > 0, "learning rate", LearningRate ?? 0, "above zero");
        Require(Refresh >= 0, "refresh", Refresh, "zero or more");
    }

    internal override IEnumerable<Ask> Find(Search s)
    {
        var path = new CarliniWagnerPath(this, s);
        double low = 0, high = double.PositiveInfinity, c = FirstC ?? double.NaN;
        for (int search = 0; search < SearchSteps; search++)
        {
            // The authors: with ten or more searches the last one is at the upper bound.
            c = FirstC is not null && SearchSteps >= 10 && search == SearchSteps
                - 1 && double.IsFinite(high) ? high : c;
            path.Restart(search);
            bool isFound = false;
            double before = double.PositiveInfinity;
            for (int step = 0; step < Steps; step++)
            {
                if (path.IsAnchoring(search, step))
                {
                    path.GoToAnchor();
                    s.Loss = s.LossOf(LossKind.Margin);
                    yield return Ask.Gradient;
                    c = double.IsNaN(c) ? path.EstimateC() : c;
                    path.Anchor();
                    isFound |= s.IsAdversarial;
                    continue;
                }

                path.Place();
                s.Loss = s.LossOf(LossKind.Margin);
                yield return Ask.Gradient;
                c = double.IsNaN(c) ? path.EstimateC() : c;
                isFound |= s.IsAdversarial;
                double loss =
                    path.Step(c, path.Rate(LearningRate) * (DecaysRate ? Schedules.Cosine(step, Steps, 1, 0.01) : 1));
                if (AbortsEarly && step % Math.Max(Steps / 10, 1) == 0)
                {
                    if (loss > 0.9999 * before)
                    {
                        break;
                    }

                    before = loss;
                }
            }

            path.EndSearch(search);
            (low, high) = isFound ? (low, Math.Min(high, c)) : (Math.Max(low, c), high);
            c = double.IsFinite(high) ? FirstC is null && s.HasBest ? isFound ? path.BestC : 2
                * c : (low + high) / 2 : c
                * 10;
        }
    }
}
