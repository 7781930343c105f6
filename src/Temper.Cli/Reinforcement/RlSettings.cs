using Temper.Cli.CommandLine;
using Temper.Reinforcement.Environments;

namespace Temper.Cli.Reinforcement;

/// <summary>Settings shared by the commands for agents.</summary>
internal static class RlSettings
{
    internal static Setting<string?> Environment { get; } =
        new("env", "Environment, such as cartpole or brick-break; in rl play also the tcp://, ws://, http:// or "
            + "godot:// address of one in another process",
            null, text => text) { Words = () => EnvironmentCatalog.Names };

    internal static Setting<int> Episodes { get; } = Setting.Integer("episodes", "Episodes to play", defaultValue: 10);

    internal static Setting<double?> Sticky { get; } = Setting.OptionalNumber(
        "sticky", "Grid games: probability that the previous action is repeated; when not given, the value that "
            + "the agent, if any, was trained with, else 0.1", maximum: 1);

    internal static Setting<int?> StepLimit { get; } = new(
        "step-limit", "Steps after which an episode is truncated, 0 = never (not in rl train); when not given, the "
            + "value that the agent, if any, was trained with, else the environment's default", null,
        text => int.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out int value) && value >= 0
            ? value
            : throw new FormatException("a whole number of at least 0"));

    internal static Setting<int?> FrameSkip { get; } = new(
        "frame-skip", "Game steps for which an action is repeated; not for grid games; when not given, the value "
            + "that the agent, if any, was trained with, else 1 (rl train: 4 in pixel-pong)", null,
        text => int.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out int value) && value >= 1
            ? value
            : throw new FormatException("a whole number of at least 1"));

    internal static Setting<bool> AllActions { get; } =
        Setting.Switch("all-actions", "Grid games: offer all six actions, also those without effect in the game");

    /// <summary>The environment options that are given.</summary>
    internal static EnvironmentOptions Options(CommandContext context) => new()
    {
        Sticky = (float?)context.Get(Sticky), StepLimit = context.Get(StepLimit), FrameSkip = context.Get(FrameSkip),
        HasAllActions = context.Get(AllActions),
    };
}
