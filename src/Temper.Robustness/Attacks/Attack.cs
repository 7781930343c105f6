using System.Globalization;
using Temper.Networks;
using Temper.Randomness;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>
/// An adversarial attack: its options and the algorithm for one sample. Attacks are immutable; their defaults are those
/// of the papers unless stated otherwise.
/// </summary>
/// <remarks>
/// To write an attack of your own, derive from <see cref="FixedBudgetAttack"/> or <see cref="MinimalAttack"/> and
/// implement <see cref="Name"/> and <see cref="Find"/>.
/// </remarks>
/// <example><code>
/// AttackResult found = new CarliniWagner { Guidance = Guidance.Weighted }
///     .Run(network, images, Criterion.Misclassified(labels), RandomStream.FromSeed(1));
/// </code></example>
public abstract record Attack
{
    private protected Attack()
    {
    }

    /// <summary>Name of the attack in messages and, for the attacks of Temper, on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>Norm in which the perturbation is measured.</summary>
    public abstract Norm Norm { get; init; }

    /// <summary>Access to the target that the attack needs.</summary>
    public virtual Access Needs => Access.Gradients;

    /// <summary>Whether the result does not depend on the random seed.</summary>
    public virtual bool IsDeterministic => true;

    /// <summary>Norms that the attack supports.</summary>
    protected internal abstract IReadOnlyList<Norm> Norms { get; }

    /// <summary>
    /// Whether the attack works towards the target class of its criterion. Others only try points until one happens to
    /// be classified as it.
    /// </summary>
    protected internal virtual bool AimsAtTarget => true;

    /// <summary>Maximum size of the perturbation; infinite for attacks that minimize it.</summary>
    protected internal abstract double Radius { get; }

    /// <summary>
    /// Attacks a network that returns logits, see <see cref="Network.WithoutFinalSoftmax"/>, within the input bounds
    /// that the network states.
    /// </summary>
    /// <inheritdoc cref="Run(AttackTarget, Tensor, Criterion, RandomStream, AttackRun?, CancellationToken)"/>
    public AttackResult Run(
        Network network, Tensor inputs, Criterion criterion, RandomStream random, AttackRun? run = null,
        CancellationToken cancel = default) =>
        Run(new NetworkTarget(network), inputs, criterion, random, run, cancel);

    /// <summary>Attacks every sample.</summary>
    /// <param name="target">Model to attack.</param>
    /// <param name="inputs">Clean inputs, float32 <c>[N, ...]</c>, within the target's bounds.</param>
    /// <param name="criterion">Defines success; must cover at least N samples.</param>
    /// <param name="random">
    /// Source of random numbers. The numbers drawn for a sample depend on this stream and the sample's content, not on
    /// its index.
    /// </param>
    /// <param name="run">Batch size and budget; null: default batch size, no budget.</param>
    /// <param name="cancel">Cancels the attack.</param>
    /// <returns>
    /// One result per sample, bitwise identical for every batch size, order of the samples and number of threads.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// The inputs, criterion and target do not match, an option is out of range, or the attack does not support the
    /// norm.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// The target does not provide the access that the attack needs.
    /// </exception>
    /// <exception cref="OperationCanceledException">The attack was canceled.</exception>
    public virtual AttackResult Run(
        AttackTarget target, Tensor inputs, Criterion criterion, RandomStream random, AttackRun? run = null,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(criterion);
        ArgumentNullException.ThrowIfNull(random);
        run ??= new AttackRun();
        AttackChecks.Check(this, target, inputs, criterion);
        AttackChecks.Check(this, run);
        return new AttackRunner(this, target, inputs, criterion, random, run).Run(cancel);
    }

    /// <summary>
    /// Runs the algorithm for one sample: sets <see cref="Search.X"/>, yields a query, and reads the result. The
    /// sequence ends when the attack has nothing left to try; the runner ends it earlier when a budget is used up or,
    /// within a ball, at the first success. It must depend on the search alone, so that results do not depend on
    /// batches and threads.
    /// </summary>
    /// <param name="s">The sample, the point to evaluate, and the best adversarial example so far.</param>
    protected internal abstract IEnumerable<Ask> Find(Search s);

    /// <summary>Throws if an option is out of range.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    protected internal virtual void CheckOptions()
    {
    }

    /// <summary>Throws unless an option is valid; for <see cref="CheckOptions"/>.</summary>
    /// <param name="isRight">Whether the option is valid.</param>
    /// <param name="option">Name of the option.</param>
    /// <param name="value">Its value.</param>
    /// <param name="expected">The valid values, in words.</param>
    /// <exception cref="ArgumentException">The option is not valid.</exception>
    protected void Require(bool isRight, string option, object value, string expected)
    {
        if (!isRight)
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"{Name}: {option} is out of range (got {value}, expected {expected})"));
        }
    }
}

/// <summary>An attack that searches for any adversarial example within a ball around the clean input.</summary>
public abstract record FixedBudgetAttack : Attack
{
    /// <summary>Creates an attack whose options are set by an initializer.</summary>
    protected FixedBudgetAttack()
    {
    }

    /// <inheritdoc/>
    public override Norm Norm { get; init; } = Norm.Linf;

    /// <summary>Radius of the ball, in units of the inputs.</summary>
    public required double Epsilon { get; init; }

    /// <inheritdoc/>
    protected internal override IReadOnlyList<Norm> Norms => [Norm.Linf, Norm.L2, Norm.L1];

    /// <inheritdoc/>
    protected internal override double Radius => Epsilon;

    /// <inheritdoc/>
    protected internal override void CheckOptions() =>
        Require(Epsilon >= 0 && double.IsFinite(Epsilon), "epsilon", Epsilon, "zero or more");
}

/// <summary>An attack that searches for the smallest perturbation.</summary>
public abstract record MinimalAttack : Attack
{
    /// <summary>Creates an attack whose options are set by an initializer.</summary>
    protected MinimalAttack()
    {
    }

    /// <inheritdoc/>
    public override Norm Norm { get; init; } = Norm.L2;

    /// <inheritdoc/>
    protected internal override IReadOnlyList<Norm> Norms => [Norm.L2];

    /// <inheritdoc/>
    protected internal override double Radius => double.PositiveInfinity;
}

/// <summary>
/// How an attack is run. These options affect cost; only the budgets and <see cref="GoesOn"/> affect results.
/// </summary>
public sealed record AttackRun
{
    /// <summary>Number of samples attacked at the same time, 1 or more.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>Maximum number of backward passes per sample, 0 or more; null: not limited.</summary>
    public int? Gradients { get; init; }

    /// <summary>
    /// Maximum number of forward passes per sample, 1 or more, because the clean sample needs one; null: not limited.
    /// </summary>
    public int? Forwards { get; init; }

    /// <summary>Whether attacks within a ball continue after their first success; default: they stop.</summary>
    public bool GoesOn { get; init; }

    /// <summary>
    /// Whether the results are tried on another model (<see cref="Transfer"/>). Samples that this model misclassifies
    /// are then attacked too, and a search without success returns its best attempt instead of the clean sample.
    /// </summary>
    internal bool Transfers { get; init; }

    /// <summary>Receives the number of finished samples.</summary>
    public IProgress<int>? Progress { get; init; }
}
