using Temper.Randomness;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>The versions of <see cref="AutoAttack"/>.</summary>
public enum AutoAttackVersion
{
    /// <summary>APGD-CE, targeted APGD-DLR, targeted FAB, Square.</summary>
    Standard,

    /// <summary>For randomized defenses: APGD-CE and APGD-DLR, each gradient averaged over 20 evaluations.</summary>
    Random,
}

/// <summary>
/// AutoAttack (arXiv:2003.01690), by default its authors' standard version: APGD-CE (100 steps), targeted APGD-DLR (100
/// steps, 9 classes), targeted FAB (100 steps, 9 classes) and Square (5,000 queries). They run in this order, by
/// default with one start each, each on the samples that the previous ones did not fool.
/// </summary>
public sealed record AutoAttack : FixedBudgetAttack
{
    /// <inheritdoc/>
    public override string Name => Version == AutoAttackVersion.Random ? "autoattack-rand" : "autoattack";

    /// <summary>Version of the attack.</summary>
    public AutoAttackVersion Version { get; init; }

    /// <summary>Maximum number of target classes of the targeted attacks.</summary>
    public int TargetClasses { get; init; } = 9;

    /// <summary>Steps of the gradient attacks. The authors use 100; fewer steps overestimate robustness.</summary>
    public int Steps { get; init; } = 100;

    /// <summary>Queries of <see cref="Square"/>.</summary>
    public int Queries { get; init; } = 5000;

    /// <summary>Number of starts of each attack; the authors use 1.</summary>
    public int Restarts { get; init; } = 1;

    /// <inheritdoc/>
    public override bool IsDeterministic => false;

    /// <summary>The attacks of the ensemble, in order.</summary>
    public IReadOnlyList<Attack> Members
    {
        get
        {
            var entropy = new Apgd { Epsilon = Epsilon, Norm = Norm, Steps = Steps, Restarts = Restarts };
            return Version == AutoAttackVersion.Random ? [entropy, entropy with { Loss = ApgdLoss.Dlr }] :
            [
                entropy,
                entropy with { Loss = ApgdLoss.Dlr, TargetClasses = TargetClasses },
                new Fab { Norm = Norm, Steps = Steps, TargetClasses = TargetClasses, Restarts = Restarts },
                new Square { Epsilon = Epsilon, Norm = Norm, Queries = Queries, Restarts = Restarts },
            ];
        }
    }

    /// <inheritdoc/>
    protected internal override IReadOnlyList<Norm> Norms => [Norm.Linf, Norm.L2];

    /// <inheritdoc/>
    public override AttackResult Run(
        AttackTarget target, Tensor inputs, Criterion criterion, RandomStream random, AttackRun? run = null,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(random);
        return base.Run(
            Version == AutoAttackVersion.Random
                ? new ExpectationTarget(target, 20, random.Split("expectation"))
                : target, inputs, criterion, random, run, cancel);
    }

    /// <inheritdoc/>
    protected internal override void CheckOptions()
    {
        base.CheckOptions();
        foreach (Attack member in Members)
        {
            member.CheckOptions();
        }
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<Ask> Find(Search s) => AttacksInTurn.Find(Members, s);
}
