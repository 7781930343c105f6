namespace Temper.Robustness.Attacks;

/// <summary>Creates attacks by their command-line names.</summary>
public static class AttackCatalog
{
    private static readonly (string Name, string Help, Func<AttackChoice, Attack> Make)[] All =
    [
        ("noise", "random points on the surface of the ball", c =>
            new Noise { Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Draws = c.Steps ?? 100 }),
        ("fgsm", "one gradient step (fast gradient sign method)", c =>
            new Fgsm { Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf) }),
        ("bim", "gradient steps from the clean sample", c => c.FinishInBall(
            new BasicIterative { Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Steps = c.Steps ?? 10 })),
        ("pgd", "gradient steps from a random start", c =>
            c.FinishInBall(new Pgd
            {
                Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Steps = c.Steps ?? 40, Restarts = c.Restarts,
            })),
        ("mim", "gradient steps with momentum", c => c.FinishInBall(new Pgd
        {
            Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Steps = c.Steps ?? 10, RandomStart = false, Momentum = 1,
        })),
        ("apgd-ce", "Auto-PGD on cross-entropy", c =>
            c.FinishInBall(new Apgd
            {
                Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Steps = c.Steps ?? 100, Restarts = c.Restarts,
            })),
        ("apgd-dlr", "Auto-PGD on the difference of logits ratio (DLR)", c => c.FinishInBall(
            new Apgd
            {
                Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Steps = c.Steps ?? 100, Loss = ApgdLoss.Dlr,
                Restarts = c.Restarts,
            })),
        ("apgd-t", "Auto-PGD on DLR, up to 9 target classes", c => new Apgd
        {
            Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Steps = c.Steps ?? 100, Loss = ApgdLoss.Dlr,
            TargetClasses = 9, Restarts = c.Restarts,
        }),
        ("square", "random search with square patches; needs scores only", c =>
            new Square
            {
                Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Queries = c.Steps ?? 5000, Restarts = c.Restarts,
            }),
        ("autoattack", "the standard version of AutoAttack", c =>
            new AutoAttack
            {
                Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Steps = c.Steps ?? 100, Restarts = c.Restarts,
            }),
        ("autoattack-rand", "AutoAttack for randomized defenses", c => new AutoAttack
        {
            Epsilon = c.Radius, Norm = c.NormOr(Norm.Linf), Steps = c.Steps ?? 100, Version = AutoAttackVersion.Random,
            Restarts = c.Restarts,
        }),
        ("fab", "fast adaptive boundary", c =>
            new Fab { Norm = c.NormOr(Norm.Linf), Steps = c.Steps ?? 100, Restarts = c.Restarts }),
        ("deepfool", "steps to the nearest linearized decision boundary", c =>
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
        ("cw", "Carlini-Wagner in pixel space", c => c.Finish(
            new CarliniWagner { Norm = c.NormOr(Norm.L2), Steps = Math.Max(c.StepsBeforeFinish(100) / 4, 1) })),
        ("cw-original", "Carlini-Wagner with its authors' settings", c => CarliniWagner.Original with
        {
            Norm = c.NormOr(Norm.L2), Steps = c.Steps is { } n ? Math.Max(n / 9, 1) : 1000,
        }),
        ("guided-cw", "gradient-guided Carlini-Wagner", c => c.Finish(new CarliniWagner
        {
            Norm = c.NormOr(Norm.L2), Guidance = Guidance.Weighted, Steps = Math.Max(c.StepsBeforeFinish(100) / 4, 1),
        })),
        ("ead", "elastic net", c => new Ead
        {
            Norm = c.NormOr(Norm.L1), Rule = c.NormOr(Norm.L1) == Norm.L1 ? EadRule.L1 : EadRule.ElasticNet,
            Steps = c.Steps is { } n ? Math.Max(n / 9, 1) : 1000,
        }),
        ("minimal-l2", "DDN, then guided Carlini-Wagner steps", c => c.Finish(new MinimalL2
        {
            Norm = c.NormOr(Norm.L2), StartSteps = Math.Min(30, c.StepsBeforeFinish(130)),
            PolishSteps = Math.Max(c.StepsBeforeFinish(130) - 30, 0),
        })),
        ("hop-skip-jump", "boundary search; needs decisions only", c =>
            new HopSkipJump { Norm = c.NormOr(Norm.L2), Queries = c.Steps ?? 10_000 }),
        ("corruptions", "common image corruptions", c => new Corruptions { Norm = c.NormOr(Norm.L2) }),
    ];

    /// <summary>Names of all attacks.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(entry => entry.Name)];

    /// <summary>Returns a short description of an attack.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    public static string Help(string name) => Find(name).Help;

    /// <summary>Creates an attack.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="choice">Options of the attack.</param>
    /// <exception cref="ArgumentException">No attack has this name, or a required option is missing.</exception>
    public static Attack Create(string name, AttackChoice choice) => Find(name).Make(choice);

    /// <summary>Whether an attack reads the number of steps.</summary>
    internal static bool HasSteps(string name) => name is not ("fgsm" or "corruptions");

    /// <summary>Whether an attack reads the number of restarts.</summary>
    internal static bool HasRestarts(string name) => name is "pgd" or "apgd-ce" or "apgd-dlr" or "apgd-t" or "square"
        or "autoattack" or "autoattack-rand" or "fab";

    private static (string Name, string Help, Func<AttackChoice, Attack> Make) Find(string name) =>
        All.FirstOrDefault(
            entry => string.Equals(entry.Name, name, StringComparison.Ordinal)) is { Name: not null } found
            ? found
            : throw new ArgumentException(
                $"attack: no such attack (got '{name}', expected one of {string.Join(", ", Names)})");
}

/// <summary>Options shared by all attacks.</summary>
/// <param name="Norm">Norm of the perturbation; null: the attack's usual norm.</param>
/// <param name="Epsilon">Radius of the ball, for attacks within a ball; null: not given.</param>
/// <param name="Steps">
/// Number of steps (for minimizing attacks about the total number of gradients), or number of queries for attacks
/// without gradients; null: the attack's default.
/// </param>
/// <param name="FinishGradients">
/// Gradients spent on a final search that treats the network as linear. Attacks in the 2-norm with 100 or more steps
/// use their last gradients to find the nearest point of the linearized decision boundary. Attacks within a ball spend
/// up to this many additional gradients, one per class, to find the best point of the ball. 0: no final search, as in
/// the papers.
/// </param>
/// <param name="Restarts">Number of starts, 1 or more, of attacks that start at random points.</param>
public sealed record AttackChoice(
    Norm? Norm = null, double? Epsilon = null, int? Steps = null, int FinishGradients = 10, int Restarts = 1)
{
    internal double Radius => Epsilon ?? throw new ArgumentException("attack: the radius is missing; give "
        + "--epsilon or --threat");

    /// <summary>Number of gradients left for the attack itself.</summary>
    internal int StepsBeforeFinish(int usual) =>
        (Steps ?? usual) is var steps && steps >= 100 && NormOr(Attacks.Norm.L2) == Attacks.Norm.L2
            ? steps - FinishGradients
            : steps;

    /// <summary>
    /// Adds the final search to an attack in the 2-norm with 100 or more steps; returns other attacks unchanged.
    /// </summary>
    internal Attack Finish(Attack attack) => FinishGradients > 0
        && attack.Norm == Attacks.Norm.L2
        && (Steps ?? 100) >= 100 ? new Finished(attack, FinishGradients) : attack;

    /// <summary>
    /// Adds the final search to an attack within a ball. It costs at most one gradient per class in addition to the
    /// steps.
    /// </summary>
    internal Attack FinishInBall(FixedBudgetAttack attack) =>
        FinishGradients > 0 ? new FinishedInBall(attack, FinishGradients) : attack;

    internal Norm NormOr(Norm usual) => Norm ?? usual;
}
