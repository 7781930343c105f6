using Temper.Cli.CommandLine;
using Temper.Compression.Pruning;

namespace Temper.Cli.Runs;

/// <summary>Which weights go.</summary>
internal static class PruningSettings
{
    internal static Setting<string> Rule { get; } = Setting.Choice(
        "rule", "What a weight is compared with: std (its layer's deviation times the threshold) or absolute (the threshold)", "std", "std", "absolute");

    internal static Setting<double?> Threshold { get; } = Setting.OptionalNumber(
        "threshold", "Weights below go [default: 0.25 for std, 0.0001 for absolute]");

    internal static PruningRule RuleOf(CommandContext context) => context.Get(Rule) is "std"
        ? PruningRule.StandardDeviations((float)(context.Get(Threshold) ?? 0.25))
        : PruningRule.Absolute((float)(context.Get(Threshold) ?? 1e-4));
}
