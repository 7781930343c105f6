using Temper.Cli.Commands;
using Temper.Cli.CommandLine;
using Temper.Robustness.Video;

namespace Temper.Cli.Attacks;

/// <summary>What <c>temper attack --video</c> can be told besides.</summary>
internal static class VideoAttackSettings
{
    internal const string Own = "own", WhiteBox = "white-box", SummedLogits = "logits";

    private static readonly string[] DefaultRules =
    [
        "noise", "one-shot", "iterative", "transplant", "refresh", "sparse",
    ];

    internal static Setting<bool> Video { get; } =
        Setting.Switch("video", "Attack a network of clips [T, C, H, W]: which few frames matter; see docs/video.md");

    internal static Setting<string?> Clip { get; } = Setting.OptionalText(
        "clip", "With --video: one video file instead of --data; its class is what the network says");

    internal static Setting<IReadOnlyList<string>> Rules { get; } = new(
        "rules", $"With --video: attacks, of {string.Join(", ", VideoAttacks.Names)}", DefaultRules,
        ReadRules) { Separator = ',' };

    internal static Setting<double[]> Levels { get; } =
        Setting.Numbers("levels", "With --video: largest changes of a pixel, in 255ths", [4], minimum: 0, maximum: 255);

    internal static Setting<int> Queries { get; } = Setting.Integer(
        "queries", "With --video: most questions a clip for square, which knows scores alone",
        defaultValue: VideoAttacks.UsualQueries);

    internal static Setting<string> Flow { get; } =
        Setting.Choice("flow", "With --video: the victim's optical flow", Own, [Own, .. FlowMethods.Names]);

    internal static Setting<string> Gradients { get; } = Setting.Choice(
        "gradients", "With --video: what the attacker knows: all; all, by the sum of both streams' logits; one stream; "
            + "or the network with another flow",
        WhiteBox, [WhiteBox, SummedLogits, "motion", "frame", .. FlowMethods.Names]);

    internal static Setting<bool> TrueLabels { get; } = Setting.Switch(
        "true-labels", "With --video: the attack knows the right classes; else it uses the network's own");

    internal static Setting<bool> Defenses { get; } = Setting.Switch(
        "defenses",
        "With --video: also try the clips of the last attack after smoothing over time, flow in 8 bits and H.264");

    internal static IReadOnlyList<Setting> All { get; } =
    [
        Video, Clip, Rules, Levels, Queries, Flow, Gradients, TrueLabels, Defenses,
    ];

    private static IReadOnlyList<string> ReadRules(string text)
    {
        string[] rules = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return rules.Length > 0 && rules.All(rule => VideoAttacks.Names.Contains(rule, StringComparer.Ordinal))
            ? rules
            : throw new FormatException($"some of {string.Join(", ", VideoAttacks.Names)}, with commas between");
    }
}
