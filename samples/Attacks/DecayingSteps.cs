using Temper.Robustness.Attacks;

namespace Temper.AttacksSample;

/// <summary>
/// An attack written outside of Temper: gradient ascent on the margin whose steps become smaller. It describes one
/// sample; Temper batches the queries of all samples, keeps the best example and enforces budgets.
/// </summary>
internal sealed record DecayingSteps : FixedBudgetAttack
{
    /// <inheritdoc/>
    public override string Name => "decaying";

    /// <summary>Number of steps, 1 or more.</summary>
    public int Steps { get; init; } = 20;

    /// <inheritdoc/>
    protected override void CheckOptions()
    {
        base.CheckOptions();
        Require(Steps >= 1, "steps", Steps, "1 or more");
    }

    /// <inheritdoc/>
    protected override IEnumerable<Ask> Find(Search s)
    {
        s.Loss = s.LossOf(LossKind.Margin);
        for (int step = 0; step < Steps; step++)
        {
            yield return Ask.Gradient;

            // Now s.Gradient, s.Logits and s.IsAdversarial are those at s.X.
            Perturbations.Ascend(Norm, s.X, s.Gradient, 2 * Epsilon / (step + 1));
            Perturbations.Project(Norm, s.X, s.Clean, Epsilon, s.Bounds);
        }

        yield return Ask.Scores;
    }
}
