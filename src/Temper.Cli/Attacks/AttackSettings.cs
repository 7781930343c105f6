using System.Globalization;
using Temper.Cli.CommandLine;
using Temper.Robustness.Attacks;
using Temper.Robustness.Evaluation;

namespace Temper.Cli.Attacks;

/// <summary>Settings of <c>temper attack</c>.</summary>
internal static class AttackSettings
{
    private const string None = "none", Usual = "usual";

    internal static Setting<string?> Data { get; } = Setting.OptionalText(
        "data", "Samples: a known set, a path, or an npz with x_test and y_test; see 'temper data list'");

    internal static Setting<string> Attack { get; } =
        Setting.Choice("attack", "Attack; usual: autoattack if a radius is given, else minimal-l2 (without gradients "
            + "square or hop-skip-jump); see docs/attacks.md", Usual, [Usual, .. AttackCatalog.Names]);

    internal static Setting<string> Threat { get; } = Setting.Choice(
        "threat", "Named threat model instead of --norm and --epsilon, for pixels of 0 to 1", None,
        [None, .. ThreatModel.Presets.Select(threat => threat.Name)]);

    internal static Setting<string> NormName { get; } = Setting.Choice(
        "norm", "Norm of the perturbation: l2, linf, l1 or l0; usual: the attack's own", Usual, Usual,
        "l2", "linf", "l1", "l0");

    internal static Setting<double?> Epsilon { get; } =
        Setting.OptionalNumber("epsilon", "Maximum perturbation, in units of the input; for attacks that search the "
            + "smallest one, samples beyond it count as right");

    internal static Setting<string?> TargetClass { get; } = Setting.OptionalText(
        "target", "Class, by index or name, as which the attacked samples are to be classified; only that counts as "
            + "success, and samples of this class are left out; without it, any wrong class counts");

    internal static Setting<int?> Steps { get; } = OptionalInteger(
        "steps", "Steps of the attack (see docs/attacks.md), or queries of an attack without gradients; none = the "
            + "paper's number",
        1);

    internal static Setting<int> Restarts { get; } = Setting.Integer(
        "restarts", "Number of starts of an attack with random starts, such as pgd or each attack of autoattack", 1);

    internal static Setting<int?> Limit { get; } =
        OptionalInteger("limit", "Number of samples, from the start of the set; none = all", 1);

    internal static Setting<int?> Budget { get; } =
        OptionalInteger("budget", "Maximum number of gradients per sample, obeyed exactly; 5000 for a property", 0);

    internal static Setting<int> Batch { get; } =
        Setting.Integer(
            "batch", "Samples per batch; does not change results", defaultValue: 128, aliases: "--batch-size");

    internal static Setting<ulong> Seed { get; } = Setting.Seed();

    internal static Setting<string?> Output { get; } = Setting.Output(
        "output", "Folder for adversarial.npz, report.html and pictures; an interrupted run continues",
        OutputKind.Folder);

    internal static Setting<string?> VnnLib { get; } =
        Setting.OptionalText("vnnlib", "Search a counterexample of this VNN-LIB property instead; exit code 4 if "
            + "one is found");

    internal static Setting<double?> FailBelow { get; } = Setting.OptionalNumber(
        "fail-below", "Exit with code 4 if the accuracy under attack is below this fraction, 0 to 1", maximum: 1);

    internal static Setting<bool> NoChecks { get; } =
        Setting.Switch("no-checks", "Skip the checklist of signs that a result is not trustworthy");

    internal static Setting<string?> TokenFile { get; } =
        Setting.OptionalText("token-file", "File with the token of a served model; without it, the environment "
            + "variable TEMPER_SERVE_TOKEN is used");

    internal static Setting<string?> Surrogate { get; } = Setting.OptionalText(
        "surrogate", "Compute the perturbations on this model, with the same preprocessing, and test them on MODEL, "
            + "of which only decisions are used; also with --video");

    internal static Setting<bool> TensorBoard { get; } = Setting.Switch(
        "tensorboard",
        "Write an event file to the output folder: accuracy under attack, perturbation size and gradients after "
            + "each part");

    internal static IReadOnlyList<Setting> All { get; } =
    [
        Data, Attack, Threat, NormName, Epsilon, TargetClass, Steps, Restarts, Limit, Budget, Batch, Seed, Output,
        VnnLib, FailBelow, NoChecks, AttackAccess.Setting, TokenFile, Surrogate, TensorBoard,
    ];

    /// <summary>
    /// Reads the token from a file or the environment; command lines can be read by all users of the machine.
    /// </summary>
    internal static string? Token(CommandContext context) =>
        context.Get(TokenFile) is { } file ? File.ReadAllText(file).Trim()
        : Environment.GetEnvironmentVariable("TEMPER_SERVE_TOKEN") is { Length: > 0 } token ? token
        : null;

    /// <summary>
    /// Creates the attack that the settings describe. Throws a usage error if it does not support the norm or a target
    /// class, has no steps, or needs more access to the model than it has.
    /// </summary>
    internal static Attack Create(CommandContext context)
    {
        if (context.Get(Epsilon) == 0)
        {
            throw ToolException.Usage(
                $"{Epsilon.Flag}: is out of range (got 0, expected above zero); within 0 nothing is attacked");
        }

        ThreatModel? threat = ThreatOf(context);
        Norm? norm = context.Get(NormName) switch { "l2" =>
            Norm.L2, "linf" => Norm.Linf, "l1" => Norm.L1, "l0" => Norm.L0, _ => threat?.Norm };
        if (threat is not null && norm != threat.Norm)
        {
            throw ToolException.Usage($"--norm: contradicts --threat {threat.Name}; give only one of them");
        }

        if (threat is not null && context.Get(Epsilon) is { } radius && radius != threat.Epsilon)
        {
            throw ToolException.Usage($"{Epsilon.Flag}: contradicts --threat {threat.Name}; give only one of them");
        }

        string name = context.Get(Attack) is not Usual and var asked ? asked : DefaultName(context);
        Attack attack = AttackCatalog.Create(
            name, new AttackChoice(norm, context.Get(Epsilon) ?? threat?.Epsilon, context.Get(Steps))
            {
                Restarts = context.Get(Restarts),
            });
        if (!attack.Norms.Contains(attack.Norm))
        {
            throw ToolException.Usage($"{(threat is null ? NormName : Threat).Flag}: {name} does not support "
                + $"{Shown(attack.Norm)} (expected {OneOf(attack.Norms)})");
        }

        context.RefuseUnused($"{Attack.Flag} {name}", AttackCatalog.HasSteps(name) ? [] : [Steps]);
        context.RefuseUnused($"{Attack.Flag} {name}", AttackCatalog.HasRestarts(name) ? [] : [Restarts]);
        AttackAccess.Require(context, attack);
        return context.Get(TargetClass) is null || attack.AimsAtTarget ? attack : throw ToolException.Usage(
            $"{TargetClass.Flag}: {name} does not support a target class; choose another attack, such as pgd, square "
            + "or minimal-l2");
    }

    /// <summary>Index of the target class; null: any wrong class.</summary>
    /// <param name="context">Settings of the command.</param>
    /// <param name="classes">Names of the classes, one per output.</param>
    internal static int? TargetOf(CommandContext context, IReadOnlyList<string> classes)
    {
        if (context.Get(TargetClass) is not { } text)
        {
            return null;
        }

        int named = Enumerable.Range(0, classes.Count).FirstOrDefault(
            i => string.Equals(classes[i], text, StringComparison.Ordinal), -1);
        bool isNumber = int.TryParse(
            text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int index);
        return named >= 0 ? named
            : isNumber && index >= 0 && index < classes.Count ? index
            : throw ToolException.Usage($"{TargetClass.Flag}: no such class (got '{text}', expected an index of 0 to "
                + $"{classes.Count - 1} or a name){(isNumber ? "" : Suggestion.For(text, classes))}");
    }

    /// <summary>Name of a norm on the command line.</summary>
    internal static string Shown(Norm norm) => norm.ToString().ToLowerInvariant();

    /// <summary>
    /// Name of the strongest attack for the access to the model on which perturbations are computed.
    /// </summary>
    private static string DefaultName(CommandContext context) =>
        (AttackAccess.OfComputation(context), Radius(context) is not null) switch
        {
            (Access.Gradients, true) => "autoattack",
            (Access.Gradients, false) => "minimal-l2",
            (Access.Scores, true) => "square",
            _ => "hop-skip-jump",
        };

    /// <summary>The radius of the accuracy under attack; null: no limit.</summary>
    internal static double? Radius(CommandContext context) => context.Get(Epsilon) ?? ThreatOf(context)?.Epsilon;

    /// <summary>The named threat model; null: none.</summary>
    internal static ThreatModel? ThreatOf(CommandContext context) =>
        ThreatModel.Presets.FirstOrDefault(
            preset => string.Equals(preset.Name, context.Get(Threat), StringComparison.Ordinal));

    private static string OneOf(IReadOnlyList<Norm> norms)
    {
        string[] names = [.. norms.Select(Shown)];
        return names.Length == 1 ? names[0] : $"{string.Join(", ", names[..^1])} or {names[^1]}";
    }

    private static Setting<int?> OptionalInteger(string name, string help, int minimum) => new(name, help, null, text =>
        text is None ? null
        : int.TryParse(text, out int value) && value >= minimum ? value
        : throw new FormatException($"a whole number of at least {minimum}, or none"));
}
