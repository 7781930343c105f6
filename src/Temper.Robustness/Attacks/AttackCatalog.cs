namespace Temper.Robustness.Attacks;

/// <summary>The attacks by the names that the command line has for them.</summary>
public static class AttackCatalog
{
    private static readonly (string Name, string Help, Func<AttackChoice, Attack> Make)[] All =
    [
        ("noise", "random points of the ball", c =>
            new Noise { Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Draws = c.Steps ?? 100 }),
        ("fgsm", "one step by the sign of the gradient", c =>
            new Fgsm { Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf) }),
        ("bim", "steps from the clean sample", c => c.FinishInBall(
            new BasicIterative { Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Steps = c.Steps ?? 10 })),
        ("pgd", "steps from a random start", c =>
            c.FinishInBall(new Pgd { Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Steps = c.Steps ?? 40 })),
        ("mim", "steps with momentum", c => c.FinishInBall(new Pgd
        {
            Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Steps = c.Steps ?? 10, RandomStart = false, Momentum = 1,
        })),
        ("apgd-ce", "Auto-PGD on cross-entropy", c =>
            c.FinishInBall(new Apgd { Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Steps = c.Steps ?? 100 })),
        ("apgd-dlr", "Auto-PGD on the difference of logits ratio", c => c.FinishInBall(
            new Apgd { Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Steps = c.Steps ?? 100, Loss = ApgdLoss.Dlr })),
        ("apgd-t", "Auto-PGD on the ratio, aimed at 9 classes", c => new Apgd { Epsilon = c.Radius, Norm = c.NormOr(
            Norm.Linf), Steps = c.Steps ?? 100, Loss = ApgdLoss.Dlr, TargetClasses = 9 }),
        ("square", "random search from scores", c =>
            new Square { Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Queries = c.Steps ?? 5000 }),
        ("autoattack", "the standard ensemble", c =>
            new AutoAttack { Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Steps = c.Steps ?? 100 }),
        ("autoattack-rand", "the ensemble for random defenses", c => new AutoAttack
        {
            Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Steps = c.Steps ?? 100, Version = AutoAttackVersion.Random,
        }),
        ("fab", "fast adaptive boundary", c => new Fab { Norm = c.NormOr(Norm.Linf), Steps = c.Steps ?? 100 }),
        ("deepfool", "to the nearest linearized boundary", c =>
            c.Finish(new DeepFool { Norm = c.NormOr(Norm.L2), Steps = c.Steps ?? 50 })),
        ("ddn", "decoupled direction and norm", c =>
            c.Finish(new Ddn { Norm = c.NormOr(Norm.L2), Steps = c.StepsBeforeFinish(100) })),
        ("fmn", "fast minimum norm", c =>
            c.Finish(new Fmn { Norm = c.NormOr(Norm.L2), Steps = c.StepsBeforeFinish(100) })),
        ("alma", "augmented Lagrangian method", c => c.Finish(new Alma
        {
            Norm = c.NormOr(Norm.L2), Steps = c.StepsBeforeFinish(100),
            Smoothing = c.StepsBeforeFinish(100) <= 100 ? 0.5 : 0.9,
        })),
        ("cw", "Carlini-Wagner in pixels", c => c.Finish(
            new CarliniWagner { Norm = c.NormOr(Norm.L2), Steps = Math.Max(c.StepsBeforeFinish(100) / 4, 1) })),
        ("cw-original", "Carlini-Wagner as its authors have it", c => CarliniWagner.Original with
        {
            Norm = c.NormOr(Norm.L2), Steps = c.Steps is { } n ? Math.Max(n / 9, 1) : 1000,
        }),
        ("guided-cw", "gradient-guided Carlini-Wagner", c => c.Finish(new CarliniWagner
        {
            Norm = c.NormOr(Norm.L2), Guidance = Guidance.Weighted, Steps = Math.Max(c.StepsBeforeFinish(100) / 4, 1),
        })),
        ("ead", "elastic net", c => new Ead { Norm = c.NormOr(Norm.L1), Rule = c.NormOr(Norm.L1) == Norm.L1
            ? EadRule.L1
            : EadRule.ElasticNet, Steps = c.Steps is { } n ? Math.Max(n / 9, 1) : 1000 }),
        ("minimal-l2", "DDN, then guided Carlini-Wagner steps", c => c.Finish(new MinimalL2
        {
            Norm = c.NormOr(Norm.L2), StartSteps = Math.Min(30, c.StepsBeforeFinish(130)),
            PolishSteps = Math.Max(c.StepsBeforeFinish(130) - 30, 0),
        })),
        ("hop-skip-jump", "from decisions alone", c =>
            new HopSkipJump { Norm = c.NormOr(Norm.L2), Queries = c.Steps ?? 10_000 }),
        ("corruptions", "everyday changes of pictures", c => new Corruptions { Norm = c.NormOr(Norm.L2) }),
    ];

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(entry => entry.Name)];

    /// <summary>What an attack does, in a few words.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    public static string Help(string name) => Find(name).Help;

    /// <summary>Makes an attack.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="choice">Its options.</param>
    /// <exception cref="ArgumentException">
    /// There is no attack of this name, or an option that it needs is missing.
    /// </exception>
    public static Attack Create(string name, AttackChoice choice) => Find(name).Make(choice);

    private static (string Name, string Help, Func<AttackChoice, Attack> Make) Find(string name) =>
        All.FirstOrDefault(
            entry => string.Equals(entry.Name, name, StringComparison.Ordinal)) is { Name: not null } found
            ? found
            : throw new ArgumentException(
                $"attack: no such attack (got '{name}', expected one of {string.Join(", ", Names)})");
}

/// <summary>The options that all attacks share.</summary>
/// <param name="Norm">How the perturbation is measured; null: as is usual for the attack.</param>
/// <param name="Epsilon">Largest size, for attacks within a ball.</param>
/// <param name="Steps">Gradients in all, or queries of attacks without gradients; null: the paper's.</param>
/// <param name="FinishGradients">
/// Gradients spent at the end on the linearized network: by attacks in the 2-norm the last of 100 or more, on the
/// nearest point of its boundary; by steps in a ball one more for each class, on the best point of the ball. 0: none,
/// the paper's algorithm alone.
/// </param>
public sealed record AttackChoice(
    Norm? Norm = null, double? Epsilon = null, int? Steps = null, int FinishGradients = 10)
{
    internal double Radius => Epsilon ?? throw new ArgumentException("attack: this attack stays within a ball: say how "
        + "large it is (--epsilon, or --threat with a named one)");

    /// <summary>Gradients that are left for the algorithm itself.</summary>
    internal int StepsBeforeFinish(int usual) =>
        (Steps ?? usual) is var steps && steps >= 100 ? steps - FinishGradients : steps;

    /// <summary>The attack with its finish, where it is one in the 2-norm.</summary>
    internal Attack Finish(Attack attack) => FinishGradients > 0
        && attack.Norm == Attacks.Norm.L2
        && (Steps ?? 100) >= 100 ? new Finished(attack, FinishGradients) : attack;

    /// <summary>
    /// The attack in a ball with its finish, which costs at most one gradient for each class beyond the steps.
    /// </summary>
    internal Attack FinishInBall(FixedBudgetAttack attack) =>
        FinishGradients > 0 ? new FinishedInBall(attack, FinishGradients) : attack;

    internal Norm NormOr(Norm usual) => Norm ?? usual;
}
