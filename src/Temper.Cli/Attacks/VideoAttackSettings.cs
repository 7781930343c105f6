using Temper.Cli.Commands;
using Temper.Cli.CommandLine;
using Temper.Robustness.Video;

namespace Temper.Cli.Attacks;

/// <summary>Additional settings of <c>temper attack --video</c>.</summary>
internal static class VideoAttackSettings
{
    internal const string Own = "own", WhiteBox = "white-box", SummedLogits = "logits";

    private static readonly string[] DefaultRules =
    [
        "noise", "one-shot", "iterative", "transplant", "refresh", "sparse",
    ];

    internal static Setting<bool> Video { get; } =
        Setting.Switch("video", "Attack a network that classifies clips [T, C, H, W]: find the few frames that have "
            + "to change; see docs/video.md");

    internal static Setting<string?> Clip { get; } = Setting.OptionalText(
        "clip", "With --video: one video file instead of --data; its label is the network's prediction");

    internal static Setting<IReadOnlyList<string>> Rules { get; } = new(
        "rules", $"With --video: attacks, of {string.Join(", ", VideoAttacks.Names)}", DefaultRules,
        ReadRules) { IsList = true, Separator = ',', Words = () => VideoAttacks.Names };

    internal static Setting<double[]> Levels { get; } =
        Setting.Numbers("levels", "With --video: maximum perturbations of a pixel, in units of 1/255 of the input "
            + "range; fractions are rounded down, because frames have 8 bits",
            [4], minimum: 0, maximum: 255);

    internal static Setting<int> Queries { get; } = Setting.Integer(
        "queries", "With --video: maximum number of queries per clip for the attack square, which sees scores only",
        defaultValue: VideoAttacks.DefaultQueries);

    internal static Setting<string> Flow { get; } =
        Setting.Choice("flow", "With --video: optical flow that the victim computes; own = the network's",
            Own, [Own, .. FlowMethods.Names]);

    internal static Setting<string> Gradients { get; } = Setting.Choice(
        "gradients", "With --video: what the attacker knows: white-box (everything), logits (everything, by the sum "
            + "of both streams' logits), motion or frame (one stream), or another method of optical flow",
        WhiteBox, [WhiteBox, SummedLogits, "motion", "frame", .. FlowMethods.Names]);

    internal static Setting<bool> TrueLabels { get; } = Setting.Switch(
        "true-labels", "With --video: attack the true labels instead of the network's predictions");

    internal static Setting<bool> Defenses { get; } = Setting.Switch(
        "defenses",
        "With --video: also test the clips of the last attack after smoothing over time, with flow in 8 bits, and "
            + "after H.264");

    internal static IReadOnlyList<Setting> All { get; } =
    [
        Video, Clip, Rules, Levels, Queries, Flow, Gradients, TrueLabels, Defenses,
    ];

    /// <summary>Throws if a setting is given that none of the chosen attacks reads.</summary>
    internal static void RequireOwnOfRules(CommandContext context)
    {
        IReadOnlyList<string> rules = context.Get(Rules);
        string mode = $"{Rules.Flag} {string.Join(',', rules)}";
        context.RefuseUnused(mode, rules.Any(VideoAttacks.HasSteps) ? [] : [AttackSettings.Steps]);
        context.RefuseUnused(mode, rules.Any(VideoAttacks.HasQueries) ? [] : [Queries]);
    }

    private static IReadOnlyList<string> ReadRules(string text)
    {
        string[] rules = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return rules.Length > 0 && rules.All(rule => VideoAttacks.Names.Contains(rule, StringComparer.Ordinal))
            ? rules
            : throw new FormatException($"some of {string.Join(", ", VideoAttacks.Names)}, separated by commas");
    }
}
