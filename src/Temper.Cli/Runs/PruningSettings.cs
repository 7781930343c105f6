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
    /// <summary>Largest M of an N:M rule.</summary>
    private const int MaxGroup = 1024;

    private static readonly string[] Rules = ["std", "absolute", "sparsity", "layer-sparsity", "macs", "ms"];

    internal static Setting<string> Rule { get; } = new(
        "rule", "Meaning of --threshold: std (multiple of the layer's standard deviation), absolute, sparsity "
            + "(fraction of zeros in all layers together), layer-sparsity (fraction of zeros in each layer), macs "
            + "(multiply-accumulates per sample) or ms (milliseconds per sample on this machine, compiled); or N:M "
            + "such as 2:4, without --threshold: keep the N largest of every M consecutive inputs",
        "std", text => Rules.Contains(text, StringComparer.Ordinal) || PatternOf(text) is not null
            ? text
            : throw new FormatException($"one of {string.Join(", ", Rules)}, or N:M such as 2:4 with N at most M and M "
                + $"at most {MaxGroup}{Suggestion.For(text, Rules)}"))
    {
        Words = () => [.. Rules, "2:4"],
    };

    internal static Setting<double?> Threshold { get; } = Setting.OptionalNumber(
        "threshold", "Magnitude below which weights are removed, or the target of the other rules [default: 0.25 "
            + "for std, 0.0001 for absolute]");

    internal static Setting<IReadOnlyList<string>> Ignore { get; } =
        Setting.Names("ignore", "Layers to leave unchanged; * matches any text");

    /// <summary>
    /// Throws if the rule's target is missing or out of range, or would be ignored; called before any file is opened.
    /// </summary>
    internal static void Require(CommandContext context)
    {
        string rule = context.Get(Rule);
        if (PatternOf(rule) is not null)
        {
            context.RefuseUnused($"{Rule.Flag} {rule}", [Threshold]);
            return;
        }

        double? threshold = rule is "std" or "absolute" ? context.Get(Threshold) : Target(context);
        string? expected = rule switch
        {
            "sparsity" or "layer-sparsity" when threshold > 1 => "0 to 1",
            "ms" when threshold <= 0 => "above 0",
            "std" or "absolute" when threshold > float.MaxValue => "a number that float32 can hold",
            _ => null,
        };
        if (expected is not null)
        {
            throw ToolException.Usage(string.Create(CultureInfo.InvariantCulture,
                $"{Threshold.Flag}: is out of range for the rule {rule} (got {threshold}, expected {expected})"));
        }
    }

    /// <summary>Throws if a name of <see cref="Ignore"/> matches no layer of the network.</summary>
    internal static void RequireLayers(CommandContext context, Network network) =>
        _ = NetworkPruning.Ignored(network, context.Get(Ignore));

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
        var rule when PatternOf(rule) is { } pattern => PruningRule.Pattern(pattern.Kept, pattern.Of),
        _ => PruningRule.GlobalSparsity(double.Parse(choose("zeros", () =>
            ZerosFor(context, network).ToString("R", CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture)),
    };

    /// <summary>The numbers of an N:M rule; null: the text is not of this form, or a number is out of range.</summary>
    private static (int Kept, int Of)? PatternOf(string rule) => rule.Split(':') is [var n, var m]
        && int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out int kept)
        && int.TryParse(m, NumberStyles.None, CultureInfo.InvariantCulture, out int of)
        && of is >= 1 and <= MaxGroup && kept <= of
            ? (kept, of)
            : null;

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
