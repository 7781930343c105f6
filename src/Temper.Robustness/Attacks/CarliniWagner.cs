namespace Temper.Robustness.Attacks;

/// <summary>
/// How the gradient at an anchor point constrains the perturbation (after arXiv:1812.02524; the formulas differ from
/// the paper).
/// </summary>
public enum Guidance
{
    /// <summary>No guidance: the original attack of Carlini and Wagner.</summary>
    None,

    /// <summary>By its sign: <c>x' = P(x - p sign g)</c>, with p zero or more.</summary>
    Sign,

    /// <summary>By its relative magnitude: <c>x' = P(x - s g / max |g|)</c>, with s unconstrained.</summary>
    Weighted,
}

/// <summary>The variable that Adam optimizes.</summary>
public enum AttackVariable
{
    /// <summary>The input itself, clamped to its bounds.</summary>
    Pixel,

    /// <summary>
    /// The authors' <c>x = (tanh w + 1) / 2</c>. Inputs at their bounds change slowly: with the authors' learning rate
    /// of 0.01, a black pixel needs about 600 steps to change by a tenth of the range.
    /// </summary>
    Tanh,
}

/// <summary>
/// The attack of Carlini and Wagner in the 2-norm (arXiv:1608.04644) and its gradient-guided variant. Minimizes <c>|x'
/// - x|^2 + c f(x')</c> with Adam and searches for c.
/// </summary>
/// <remarks>
/// The defaults suit a small budget: 4 searches of 25 steps in pixel space. <see cref="Original"/> has the authors'
/// settings.
/// </remarks>
public sealed record CarliniWagner : MinimalAttack
{
    /// <inheritdoc/>
    public override string Name => Guidance == Guidance.None ? "cw" : "guided-cw";

    /// <summary>How the gradient guides the perturbation.</summary>
    public Guidance Guidance { get; init; }

    /// <summary>The variable that Adam optimizes.</summary>
    public AttackVariable Variable { get; init; }

    /// <summary>Number of steps per value of c.</summary>
    public int Steps { get; init; } = 25;

    /// <summary>Number of values of c to try.</summary>
    public int SearchSteps { get; init; } = 4;

    /// <summary>
    /// Initial c for inputs scaled to 0 to 1, followed by the authors' search for c; null: twice the c at which the
    /// linearized network has its minimum, computed from the gradient at the clean sample. With null, c grows tenfold
    /// after a search without success, and only twofold if an earlier one had success. After a success, each search
    /// starts from the best adversarial example, which determines c, the guidance and the step size.
    /// </summary>
    public double? FirstC { get; init; }

    /// <summary>
    /// Adam's learning rate for inputs scaled to 0 to 1; null: chosen per sample. In pixel space the first step then
    /// has a third of the distance to the linearized boundary. The distance is tripled after a search without success,
    /// and follows that of the best adversarial example after a success. In tanh space the rate is 0.1.
    /// </summary>
    public double? LearningRate { get; init; }

    /// <summary>
    /// Whether the learning rate decays to a hundredth over the steps of each c, along half a cosine. Not in the paper.
    /// </summary>
    public bool DecaysRate { get; init; } = true;

    /// <summary>
    /// Number of steps after which guidance is recomputed from the gradient at the best point; 0: never.
    /// </summary>
    public int Refresh { get; init; }

    /// <summary>
    /// Whether to stop the search for the current c if the loss falls by less than 0.01 % within a tenth of the steps,
    /// as in the authors' code.
    /// </summary>
    public bool AbortsEarly { get; init; }

    /// <summary>
    /// The authors' settings: tanh space, 9 searches of 1,000 steps, initial c 0.001, learning rate 0.01.
    /// </summary>
    public static CarliniWagner Original { get; } = new()
    {
        Variable = AttackVariable.Tanh, SearchSteps = 9, Steps = 1000, FirstC = 1e-3, LearningRate = 0.01,
        AbortsEarly = true, DecaysRate = false,
    };

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        Require(Steps >= 1, "steps", Steps, "1 or more");
        Require(SearchSteps >= 1, "search steps", SearchSteps, "1 or more");
        Require(FirstC is null or > 0, "first c", FirstC ?? 0, "above zero");
        Require(LearningRate is null or > 0, "learning rate", LearningRate ?? 0, "above zero");
        Require(Refresh >= 0, "refresh", Refresh, "zero or more");
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s)
    {
        var path = new CarliniWagnerPath(this, s);
        var weight = new CarliniWagnerWeight(this, s, path);
        for (int search = 0; search < SearchSteps; search++)
        {
            weight.Begin(search);
            path.Restart(search);
            double before = double.PositiveInfinity;
            for (int step = 0; step < Steps; step++)
            {
                bool isAnchoring = path.IsAnchoring(search, step);
                path.Move(isAnchoring);
                s.Loss = s.LossOf(LossKind.Margin);
                yield return Ask.Gradient;
                weight.Take();
                if (isAnchoring)
                {
                    path.Anchor();
                    continue;
                }

                double loss = path.Step(weight.C, path.Rate(LearningRate) * Decay(step));
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
            weight.End();
        }
    }

    private double Decay(int step) => DecaysRate ? Schedules.Cosine(step, Steps, 1, 0.01) : 1;
}
