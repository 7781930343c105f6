using Temper.Randomness;
using Temper.Robustness.Criteria;
using Temper.Tensors;

namespace Temper.Robustness.Attacks;

/// <summary>The versions of <see cref="AutoAttack"/>.</summary>
public enum AutoAttackVersion
{
    /// <summary>APGD-CE, targeted APGD-DLR, targeted FAB, Square.</summary>
    Standard,

    /// <summary>For random defenses: APGD-CE and APGD-DLR, each gradient the mean of 20.</summary>
    Random,
}

/// <summary>
/// AutoAttack (arXiv:2003.01690) as its authors define the standard version: APGD-CE 100 steps, APGD-DLR targeted 100
/// steps for 9 classes, FAB targeted 100 steps for 9 classes, Square 5,000 queries; one start each, in this order, each
/// on the samples that are still right.
/// </summary>
public sealed record AutoAttack : FixedBudgetAttack
{
    /// <inheritdoc/>
    public override string Name => "autoattack";

    /// <summary>Which version.</summary>
    public AutoAttackVersion Version { get; init; }

    /// <summary>Maximum number of classes that the targeted members aim at.</summary>
    public int TargetClasses { get; init; } = 9;

    /// <summary>Steps of the gradient attacks; the authors' 100 unless a quick look is wanted.</summary>
    public int Steps { get; init; } = 100;

    /// <summary>Queries of the last member.</summary>
    public int Queries { get; init; } = 5000;

    /// <inheritdoc/>
    public override bool IsDeterministic => false;

    /// <summary>The members in their order.</summary>
    public IReadOnlyList<Attack> Members
    {
        get
        {
            var entropy = new Apgd { Epsilon = Epsilon, Norm = Norm, Steps = Steps };
            return Version == AutoAttackVersion.Random ? [entropy, entropy with { Loss = ApgdLoss.Dlr }] :
            [
                entropy,
                entropy with { Loss = ApgdLoss.Dlr, TargetClasses = TargetClasses },
                new Fab { Norm = Norm, Steps = Steps, TargetClasses = TargetClasses },
                new Square { Epsilon = Epsilon, Norm = Norm, Queries = Queries },
            ];
        }
    }

    internal override IReadOnlyList<Norm> Norms => [Norm.Linf, Norm.L2];

    /// <inheritdoc/>
    public override AttackResult Run(
        AttackTarget target, Tensor inputs, Criterion criterion, RandomStream random, AttackRun? run = null,
        CancellationToken cancel = default) => base.Run(
            Version == AutoAttackVersion.Random
                ? new ExpectationTarget(target, 20, random.Split("expectation"))
                : target, inputs, criterion, random, run, cancel);

    internal override void CheckOptions()
    {
        base.CheckOptions();
        foreach (Attack member in Members)
        {
            member.CheckOptions();
        }
    }

    internal override IEnumerable<Ask> Find(Search s) => AttacksInTurn.Find(Members, s);
}
