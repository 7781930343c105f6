using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>
/// An attack: its options, and the algorithm for one sample. Attacks are immutable; defaults are those of the papers.
/// </summary>
/// <example><code>
/// AttackResult found = new CarliniWagner { Guidance = Guidance.Weighted }
///     .Run(network, images, Criterion.Misclassified(labels), RandomStream.FromSeed(1));
/// </code></example>
public abstract record Attack
{
    private protected Attack()
    {
    }

    /// <summary>Its name on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>How the attack measures the perturbation.</summary>
    public abstract Norm Norm { get; init; }

    /// <summary>What it asks of its target.</summary>
    public virtual Access Needs => Access.Gradients;

    /// <summary>Whether two runs with different seeds give the same.</summary>
    public virtual bool IsDeterministic => true;

    /// <summary>The norms that it is defined for.</summary>
    internal abstract IReadOnlyList<Norm> Norms { get; }

    /// <summary>Largest size of the perturbation; infinite for attacks that look for the smallest.</summary>
    internal abstract double Radius { get; }

    /// <summary>Attacks a network within the bounds that it states.</summary>
    /// <inheritdoc cref="Run(AttackTarget, Tensor, Criterion, RandomStream, AttackRun?, CancellationToken)"/>
    public AttackResult Run(
        Network network, Tensor inputs, Criterion criterion, RandomStream random, AttackRun? run = null,
        CancellationToken cancel = default) =>
        Run(new NetworkTarget(network), inputs, criterion, random, run, cancel);

    /// <summary>Attacks every sample.</summary>
    /// <param name="target">What is attacked.</param>
    /// <param name="inputs">Clean inputs, float32 <c>[N, ...]</c>, within the target's bounds.</param>
    /// <param name="criterion">What counts as success; knows at least N samples.</param>
    /// <param name="random">
    /// Where random numbers start. What a sample gets depends on it and on the sample alone, not on its place.
    /// </param>
    /// <param name="run">Batch size and budget; null: no budget.</param>
    /// <param name="cancel">Stops it.</param>
    /// <returns>A row for each sample: the same bytes for any batch size, order and number of threads.</returns>
    /// <exception cref="ArgumentException">
    /// Inputs, criterion and target do not fit, an option is out of range, or the norm is not one of the attack's.
    /// </exception>
    /// <exception cref="NotSupportedException">The target cannot be asked what the attack needs.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public virtual AttackResult Run(
        AttackTarget target, Tensor inputs, Criterion criterion, RandomStream random, AttackRun? run = null,
        CancellationToken cancel = default)
    {
        AttackChecks.Check(this, target, inputs, criterion);
        return new AttackRunner(this, target, inputs, criterion, random, run ?? new AttackRun()).Run(cancel);
    }

    /// <summary>The algorithm for one sample.</summary>
    internal abstract IEnumerable<Ask> Find(Search s);

    /// <summary>Throws where an option is out of its range.</summary>
    internal virtual void CheckOptions()
    {
    }

    private protected void Require(bool isRight, string option, object value, string expected)
    {
        if (!isRight)
        {
            throw new ArgumentException($"{Name}: {option} is out of range (got {value}, expected {expected})");
        }
    }
}

/// <summary>Stays within a ball around the clean input and looks for any success in it.</summary>
public abstract record FixedBudgetAttack : Attack
{
    private protected FixedBudgetAttack()
    {
    }

    /// <inheritdoc/>
    public override Norm Norm { get; init; } = Norm.Linf;

    /// <summary>Radius of the ball in units of the inputs.</summary>
    public required double Epsilon { get; init; }

    internal override IReadOnlyList<Norm> Norms => [Norm.Linf, Norm.L2, Norm.L1];

    internal override double Radius => Epsilon;

    internal override void CheckOptions() =>
        Require(Epsilon >= 0 && double.IsFinite(Epsilon), "epsilon", Epsilon, "zero or more");
}

/// <summary>Looks for the smallest perturbation.</summary>
public abstract record MinimalAttack : Attack
{
    private protected MinimalAttack()
    {
    }

    /// <inheritdoc/>
    public override Norm Norm { get; init; } = Norm.L2;

    internal override IReadOnlyList<Norm> Norms => [Norm.L2];

    internal override double Radius => double.PositiveInfinity;
}

/// <summary>How an attack is run; decides cost, not results, but for the budget.</summary>
public sealed record AttackRun
{
    /// <summary>Samples that are worked on at a time.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>Maximum number of backward passes for a sample; null: no limit.</summary>
    public int? Gradients { get; init; }

    /// <summary>Maximum number of forward passes for a sample; null: no limit.</summary>
    public int? Forwards { get; init; }

    /// <summary>Whether searches within a ball go on after their first success; they stop by default.</summary>
    public bool GoesOn { get; init; }

    /// <summary>Told how many samples are finished.</summary>
    public IProgress<int>? Progress { get; init; }
}
