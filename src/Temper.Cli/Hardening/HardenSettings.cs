using System.Globalization;
using Temper.Cli.CommandLine;
using Temper.Cli.Runs;
using Temper.Robustness.Attacks;
using Temper.Robustness.Feedback;
using Temper.Robustness.Training;
using Temper.Training;

namespace Temper.Cli.Hardening;

/// <summary>
/// How to harden, as settings: each stands for one part of <see cref="FeedbackOptions"/>, of another defense, or of the
/// check.
/// </summary>
internal static class HardenSettings
{
    internal const string Feedback = "feedback";

    internal static Setting<string?> Output { get; } = new(
        "output", "Folder for the network that comes out, as a model that every command takes, and the report", null,
        text => text)
    {
        IsAboutOutput = true,
    };

    internal static Setting<bool> Force { get; } = Setting.Switch("force", "Overwrite existing files");

    internal static Setting<string> Method { get; } = Setting.Choice(
        "method", "feedback, or what it is compared with for about as many passes: plain, pgd, trades, mart, fair, "
            + "noise or corruptions", Feedback, [Feedback, .. Defense.Names]);

    internal static Setting<double> Drop { get; } = Setting.Number(
        "max-accuracy-drop", "Points of clean accuracy that may be lost", defaultValue: 0.5, maximum: 100);

    internal static Setting<int> MeasuredSamples { get; } = Setting.Integer(
        "measure-samples", "Test samples on which before and after are probed and attacked", defaultValue: 200);

    internal static Setting<string> Check { get; } = Setting.Choice(
        "check", "Attacks that nothing is trained on: autoattack (the standard one), quick (20 steps, 500 queries: an "
            + "upper bound) or none", "autoattack", "autoattack", "quick", "none");

    internal static Setting<string> Families { get; } = ProbeSettings.FamilyList(
        "families",
        "Families of directions in which examples are made, with commas between; the others are measured too",
        "adversarial,random,nearest,class-mean");

    private static readonly Setting<int> Rounds =
        Setting.Integer("rounds", "Most rounds of measuring, making examples and training", defaultValue: 5);

    private static readonly Setting<int> RoundEpochs =
        Setting.Integer("round-epochs", "Epochs of a round", defaultValue: 2);

    private static readonly Setting<int> Probed =
        Setting.Integer("probe-samples", "Most training samples that a round probes", defaultValue: 2000);

    private static readonly Setting<double> ProbedPart = Setting.Number(
        "probe-part", "Part of the training samples that a round probes, if that is fewer", defaultValue: 0.2,
        minimum: 1e-6, maximum: 1);

    private static readonly Setting<double> Examples = Setting.Number(
        "examples", "Feedback examples of a round, as a part of the training samples", defaultValue: 0.3, minimum: 1e-6,
        maximum: 10);

    private static readonly Setting<double> Gamma = Setting.Number(
        "gamma", "How strongly classes that are learned worse get more examples; 0: equal shares", defaultValue: 1);

    private static readonly Setting<double> Share = Setting.Number(
        "feedback-share", "Part of each batch that is feedback examples", defaultValue: 0.3, minimum: 1e-6, maximum: 1);

    private static readonly Setting<double> RateFactor =
        Setting.Number("rate-factor", "Times the learning rate in rounds", defaultValue: 0.1, minimum: 1e-9);

    private static readonly Setting<double> MinGain =
        Setting.Number("min-gain", "Percent by which the criteria must rise for another round", defaultValue: 1);

    private static readonly Setting<double> Epsilon = Setting.Number(
        "attack-epsilon", "Radius of the attack in training, for the methods that attack", defaultValue: 0.1,
        minimum: 1e-9);

    private static readonly Setting<string> AttackNorm =
        Setting.Choice("attack-norm", "Its norm: linf or l2", "linf", "linf", "l2");

    private static readonly Setting<int> AttackSteps = Setting.Integer("attack-steps", "Its steps", defaultValue: 10);

    private static readonly Setting<double> WeightPerturbation = Setting.Number(
        "weight-perturbation", "Gamma of adversarial weight perturbation (AWP), for the methods that attack; 0: none",
        defaultValue: 0);

    private static readonly Setting<string> Budgets = new(
        "budgets", "Largest changes in the check, such as linf:0.03,l2:0.5", "linf:0.03,l2:0.5", text =>
    {
        BudgetsOf(text);
        return text;
    });

    internal static IReadOnlyList<Setting> All { get; } =
    [
        Method, Output, Force, Drop, Rounds, RoundEpochs, Probed, ProbedPart, Families, Examples, Gamma, Share,
        RateFactor, MinGain,
        Epsilon, AttackNorm, AttackSteps, WeightPerturbation, MeasuredSamples, Check, Budgets, .. ProbeSettings.OfRuns,
    ];

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

    private static AttackBudget[] BudgetsOf(string text) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part =>
    {
        Norm? norm = part.Split(':')[0] switch { "linf" => Norm.Linf, "l2" => Norm.L2, _ => null };
        string size = part[(part.IndexOf(':', StringComparison.Ordinal) + 1)..];
        return norm is { } found
            && double.TryParse(size, NumberStyles.Float, CultureInfo.InvariantCulture, out double epsilon)
            && epsilon > 0
            ? new AttackBudget(found, epsilon)
            : throw new FormatException(
                "linf: or l2: and a size above zero, with commas between, such as linf:0.03,l2:0.5");
    })];
}
