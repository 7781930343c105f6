using System.Globalization;
using Temper.Cli.CommandLine;
using Temper.Compression.Pipeline;
using Temper.Compression.Pruning;
using Temper.Inference;
using Temper.Networks;

namespace Temper.Cli.Runs;

/// <summary>Settings that select the weights to prune.</summary>
internal static class PruningSettings
{
    internal static Setting<string> Rule { get; } = Setting.Choice(
        "rule", "Meaning of --threshold: std (multiple of the layer's standard deviation), absolute, sparsity "
            + "(fraction of zeros in all layers together), layer-sparsity (fraction of zeros in each layer), macs "
            + "(multiply-accumulates per sample) or ms (milliseconds per sample on this machine, compiled)",
        "std", "std", "absolute", "sparsity", "layer-sparsity", "macs", "ms");

    internal static Setting<double?> Threshold { get; } = Setting.OptionalNumber(
        "threshold", "Magnitude below which weights are removed, or the target of the other rules [default: 0.25 "
            + "for std, 0.0001 for absolute]");

    internal static Setting<IReadOnlyList<string>> Ignore { get; } =
        Setting.List("ignore", "Layers to leave unchanged; * matches any text");

    /// <summary>Throws if the rule needs a target and none is given; called before any file is opened.</summary>
    internal static void Require(CommandContext context)
    {
        if (context.Get(Rule) is not ("std" or "absolute"))
        {
            Target(context);
        }
    }

    /// <summary>
    /// The pruning rule. Time is measured once per run, so that a resumed run prunes the same weights.
    /// </summary>
    /// <param name="context">Settings of the command.</param>
    /// <param name="network">The network to prune.</param>
    /// <param name="choose">Returns a named choice: computed the first time, then read from the run's record.</param>
    internal static PruningRule RuleOf(
        CommandContext context, Network network, Func<string, Func<string>, string> choose) => context.Get(Rule) switch
    {
        "std" => PruningRule.StandardDeviations((float)(context.Get(Threshold) ?? 0.25)),
        "absolute" => PruningRule.Absolute((float)(context.Get(Threshold) ?? 1e-4)),
        "sparsity" => PruningRule.GlobalSparsity(Target(context)),
        "layer-sparsity" => PruningRule.LayerSparsity(Target(context)),
        "macs" => PruningRule.TargetMacs((long)Target(context)),
        _ => PruningRule.GlobalSparsity(double.Parse(choose("zeros", () =>
            ZerosFor(context, network).ToString("R", CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture)),
    };

    private static double Target(CommandContext context) => context.Get(Threshold)
        ?? throw ToolException.Usage($"--threshold: is missing; the rule {context.Get(Rule)} needs a target");

    /// <summary>Fraction of the weights that must be zero to reach the target time.</summary>
    private static double ZerosFor(CommandContext context, Network network)
    {
        PruningRule rule = PruningRule.TargetMilliseconds(
            Target(context), one => NetworkTiming.Milliseconds([one], 1, cancel: context.Cancel)[0]);
        IReadOnlyList<string> ignore = context.Get(Ignore);
        Network pruned = network.Prune(rule, ignore);
        Parameter[] prunable = [.. network.Parameters.Where(
            p => !ReferenceEquals(pruned.Parameters[p.Name].Value, p.Value))];
        long total = prunable.Sum(p => (long)p.Value.Count),
            left = prunable.Sum(p => (long)p.Value.Count - Zeros(pruned.Parameters[p.Name]));
        return total == 0 ? 0 : 1 - (left / (double)total);
    }

    private static int Zeros(Parameter parameter) => System.MemoryExtensions.Count(parameter.Value.AsSpan<float>(), 0f);
}
