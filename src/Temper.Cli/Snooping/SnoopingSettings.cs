using Temper.Cli.CommandLine;
using Temper.Cli.Reinforcement;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Snooping.Logs;
using Temper.Snooping.Proxies;

namespace Temper.Cli.Snooping;

/// <summary>Settings shared by the snooping commands.</summary>
internal static class SnoopingSettings
{
    internal static Setting<string> Threat { get; } = Setting.Choice(
        "threat", "What the eavesdropper records: s (observations), sr (and rewards), sa (and actions) or sra (all)",
        "sa", "s", "sr",
        "sa", "sra");

    internal static Setting<int> Steps { get; } = Setting.Integer("steps", "Steps to record", defaultValue: 10_000);

    internal static Setting<IReadOnlyList<string>> Agents { get; } =
        Setting.List("agent", "File of the attacked agent; repeat the option for several victims");

    internal static Setting<string?> Output { get; } = Setting.Output("output", "File to write", OutputKind.File);

    internal static Setting<string?> Log { get; } = Setting.OptionalText("log", "Log written by temper rl record");

    internal static Setting<string> Proxy { get; } = Setting.Choice(
        "proxy", "Task that the proxy is trained on: " + string.Join(", ", RelatedTasks.All.Select(task => task.Name)),
        "action-imitator", [.. RelatedTasks.All.Select(task => task.Name)]);

    internal static Setting<string> Architecture { get; } = Setting.Choice(
        "architecture", "Network of the proxy: default (as victims usually have), mlp, small-tanh or large", "default",
        "default", "mlp", "small-tanh", "large");

    internal static Setting<int> Epochs { get; } = Setting.Integer("epochs", "Passes over the log", defaultValue: 10);

    internal static Setting<int> BatchSize { get; } =
        Setting.Integer("batch", "Samples per batch", defaultValue: 64, aliases: "--batch-size");

    internal static Setting<double> LearningRate { get; } =
        Setting.Number("learning-rate", "Learning rate of Adam", defaultValue: 1e-3).AlsoCalled("--lr");

    /// <summary>The environment options that are given; the action set is taken from the agent.</summary>
    internal static EnvironmentOptions EnvironmentOptions(CommandContext context) => new()
    {
        Sticky = (float?)context.Get(RlSettings.Sticky), StepLimit = context.Get(RlSettings.StepLimit),
        FrameSkip = context.Get(RlSettings.FrameSkip),
    };

    internal static ProxyOptions ProxyOptions(CommandContext context, ulong seed) => new()
    {
        Seed = seed, Epochs = context.Get(Epochs), BatchSize = context.Get(BatchSize),
        LearningRate = (float)context.Get(LearningRate),
        Architecture = context.Get(Architecture) switch
        {
            "mlp" => ProxyArchitecture.Mlp,
            "small-tanh" => ProxyArchitecture.SmallTanh,
            "large" => ProxyArchitecture.Large,
            _ => ProxyArchitecture.Default,
        },
    };

    /// <summary>The format of an environment's observation stream, as known to an eavesdropper.</summary>
    internal static StreamInfo StreamOf(Policy policy, EnvironmentSpec spec) =>
        new(spec.ObservationShape, policy.FramesIn(spec), spec.Minimum, spec.Maximum, spec.Actions.Count, spec.Name);
}
