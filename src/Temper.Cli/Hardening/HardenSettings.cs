using System.Globalization;
using Temper.Cli.CommandLine;
using Temper.Cli.Runs;
using Temper.Robustness.Attacks;
using Temper.Robustness.Feedback;
using Temper.Robustness.Training;
using Temper.Training;

namespace Temper.Cli.Hardening;

/// <summary>
/// Settings of hardening; each sets one option of <see cref="FeedbackOptions"/>, of a baseline defense, or of the final
/// check.
/// </summary>
internal static class HardenSettings
{
    internal const string Feedback = "feedback", Corruptions = "corruptions";

    internal static Setting<string?> Output { get; } = Setting.Output(
        "output", "Folder for the hardened network, usable as MODEL in every command, and for the report",
        OutputKind.Folder);

    internal static Setting<bool> Force { get; } = Setting.Switch("force", "Overwrite existing files");

    internal static Setting<string> Method { get; } = Setting.Choice(
        "method", "Training method: feedback, or a baseline with about the same number of passes: plain, pgd, "
            + "trades, mart, fair, noise or corruptions", Feedback, [Feedback, .. Defense.Names]);

    internal static Setting<double> Drop { get; } = Setting.Number(
        "max-accuracy-drop", "Largest accepted loss of accuracy on clean samples, in percentage points, 0 to 100",
        defaultValue: 0.5, maximum: 100);

    internal static Setting<int> MeasuredSamples { get; } = Setting.Integer(
        "measure-samples", "Number of test samples used to probe and attack the network before and after",
        defaultValue: 200);

    internal static Setting<string> Check { get; } = Setting.Choice(
        "check", "Attacks of the final check, never used in training: autoattack (standard), quick (20 steps and "
            + "500 queries; overestimates robustness) or none", "autoattack", "autoattack", "quick", "none");

    internal static Setting<string> Families { get; } = ProbeSettings.FamilyList(
        "families",
        "Direction families in which examples are made, separated by commas; all families are measured in any case",
        "adversarial,random,nearest,class-mean");

    private static readonly Setting<int> Rounds =
        Setting.Integer("rounds", "Maximum number of rounds; each round measures, makes examples and trains",
            defaultValue: 5);

    private static readonly Setting<int> RoundEpochs =
        Setting.Integer("round-epochs", "Epochs of training per round", defaultValue: 2);

    private static readonly Setting<int> Probed =
        Setting.Integer("probe-samples", "Maximum number of training samples probed per round", defaultValue: 2000);

    private static readonly Setting<double> ProbedPart = Setting.Number(
        "probe-part", "Fraction of the training samples probed per round, at most --probe-samples", defaultValue: 0.2,
        minimum: 1e-6, maximum: 1);

    private static readonly Setting<double> Examples = Setting.Number(
        "examples", "Feedback examples made per round, as a fraction of the number of training samples, up to 10",
        defaultValue: 0.3, minimum: 1e-6,
        maximum: 10);

    private static readonly Setting<double> Gamma = Setting.Number(
        "gamma", "How strongly poorly learned classes are favored when examples are distributed; 0 = equal shares",
        defaultValue: 1);

    private static readonly Setting<double> Share = Setting.Number(
        "feedback-share", "Fraction of each batch that is taken from the feedback examples, above 0 up to 1",
        defaultValue: 0.3, minimum: 1e-6, maximum: 1);

    private static readonly Setting<double> MaxAlpha =
        Setting.Number("max-alpha", "Farthest example on a path, relative to the distance to the boundary, from 0.9; "
            + "larger values push the boundary farther per round",
            defaultValue: 1.1, minimum: 0.9, maximum: 10);

    private static readonly Setting<double> RateFactor =
        Setting.Number("rate-factor", "Factor on the learning rate during the rounds",
            defaultValue: 0.1, minimum: 1e-9);

    private static readonly Setting<double> MinGain =
        Setting.Number("min-gain", "Minimum improvement of the criteria for another round, in percent",
            defaultValue: 1);

    private static readonly Setting<double> Epsilon = Setting.Number(
        "attack-epsilon", "Radius of the attack used in training, in --attack-norm and units of the input; for "
            + "methods that attack", defaultValue: 0.1,
        minimum: 1e-9);

    private static readonly Setting<string> AttackNorm =
        Setting.Choice("attack-norm", "Norm of the attack used in training: linf or l2", "linf", "linf", "l2");

    private static readonly Setting<int> AttackSteps = Setting.Integer("attack-steps", "Gradient steps of the "
        + "attack used in training", defaultValue: 10);

    private static readonly Setting<double> WeightPerturbation = Setting.Number(
        "weight-perturbation", "Gamma of adversarial weight perturbation (AWP), for methods that attack; 0 = off",
        defaultValue: 0);

    private static readonly Setting<string> Budgets = new(
        "budgets", "Radii of the check as NORM:RADIUS in units of the input, such as linf:0.03,l2:0.5",
        "linf:0.03,l2:0.5", text =>
    {
        BudgetsOf(text);
        return text;
    })
    {
        IsList = true, Separator = ',',
    };

    internal static IReadOnlyList<Setting> All { get; } =
    [
        Method, Output, Force, Drop, Rounds, RoundEpochs, Probed, ProbedPart, Families, Examples, Gamma, Share,
        MaxAlpha, RateFactor, MinGain,
        Epsilon, AttackNorm, AttackSteps, WeightPerturbation, MeasuredSamples, Check, Budgets, .. ProbeSettings.OfRuns,
    ];

    /// <summary>Settings that only feedback learning reads.</summary>
    private static Setting[] OfFeedback =>
        [Probed, ProbedPart, Families, Examples, Gamma, Share, MaxAlpha, RateFactor, MinGain];

    /// <summary>Settings that only the defenses with an attack in each step read.</summary>
    private static Setting[] OfAttack => [Epsilon, AttackNorm, AttackSteps, WeightPerturbation];

    /// <summary>Throws if a setting is given that the method or the check does not read.</summary>
    internal static void RequireOwn(CommandContext context)
    {
        string method = context.Get(Method), check = context.Get(Check);
        context.RefuseUnused($"{Method.Flag} {method}", method switch
        {
            Feedback => OfAttack,
            "plain" or "noise" or Corruptions => [.. OfFeedback, .. OfAttack],
            _ => OfFeedback,
        });
        context.RefuseUnused($"{Check.Flag} {check}", check is "none" ? [Budgets] : []);
    }

    /// <summary>
    /// Throws if a setting is given that only the training of a built-in network reads, and the network is stored:
    /// hardening has its own number of epochs, and feedback learning its own schedule.
    /// </summary>
    internal static void RequireOwnOfStored(CommandContext context) => context.RefuseUnused(
        $"a stored network, which is trained for {Rounds.Flag} of {RoundEpochs.Flag}",
        context.Get(Method) is Feedback
            ? [.. TrainingSettings.OfFirstTraining, TrainingSettings.Patience]
            : [TrainingSettings.Epochs, TrainingSettings.Patience]);

    internal static IReadOnlyList<string> FamilyNames(CommandContext context) =>
        context.Get(Families).Split(',', StringSplitOptions.TrimEntries);

    internal static FeedbackOptions Options(CommandContext context, TrainingOptions training, ProbeOptions probe) =>
        new()
    {
        Seed = context.Get(RunSettings.Seed),
        Rounds = context.Get(Rounds),
        Epochs = context.Get(RoundEpochs),
        MaxProbed = context.Get(Probed),
        ProbedPart = context.Get(ProbedPart),
        Families = FamilyNames(context),
        ExamplePart = context.Get(Examples),
        Gamma = context.Get(Gamma),
        FeedbackShare = context.Get(Share),
        MaxAlpha = context.Get(MaxAlpha),
        RateFactor = context.Get(RateFactor),
        MinGain = context.Get(MinGain) / 100,
        MaxAccuracyDrop = context.Get(Drop) / 100,
        Probe = probe,
        Training = training,
    };

    internal static InnerAttack Attack(CommandContext context) => new()
    {
        Norm = context.Get(AttackNorm) is "l2" ? Norm.L2 : Norm.Linf, Epsilon = context.Get(Epsilon),
        Steps = context.Get(AttackSteps),
    };

    internal static double WeightGamma(CommandContext context) => context.Get(WeightPerturbation);

    internal static UntrainedCheck? CheckOf(CommandContext context) => context.Get(Check) switch
    {
        "none" => null,
        "quick" => new UntrainedCheck { Budgets = BudgetsOf(context.Get(Budgets)), Steps = 20, Queries = 500 },
        _ => new UntrainedCheck { Budgets = BudgetsOf(context.Get(Budgets)) },
    };

    /// <summary>Reads the radii; each must have a name of its own in the report.</summary>
    private static AttackBudget[] BudgetsOf(string text)
    {
        AttackBudget[] budgets = [.. text.Split(',', StringSplitOptions.TrimEntries).Select(BudgetOf)];
        return budgets.DistinctBy(budget => budget.Name, StringComparer.Ordinal).Count() == budgets.Length
            ? budgets
            : throw new FormatException("radii that differ in their first five decimals, such as linf:0.03,l2:0.5");
    }

    private static AttackBudget BudgetOf(string part)
    {
        Norm? norm = part.Split(':')[0] switch { "linf" => Norm.Linf, "l2" => Norm.L2, _ => null };
        string size = part[(part.IndexOf(':', StringComparison.Ordinal) + 1)..];
        return norm is { } found
            && double.TryParse(size, NumberStyles.Float, CultureInfo.InvariantCulture, out double epsilon)
            && epsilon > 0
            && double.IsFinite(epsilon)
            ? new AttackBudget(found, epsilon)
            : throw new FormatException(
                "linf: or l2: and a radius above zero, separated by commas, such as linf:0.03,l2:0.5");
    }
}
