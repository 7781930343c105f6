using Temper.Cli.CommandLine;
using Temper.Formats;
using Temper.Parallelism.Execution;
using Temper.Training;

namespace Temper.Cli.Runs;

/// <summary>Settings for training on several ranks of mpirun, in addition to <see cref="RunSettings.Plan"/>.</summary>
internal static class RankSettings
{
    private static readonly Setting<string> Gradients = Setting.Choice(
        "gradient-format",
        "Format of gradients sent between ranks; bfloat16 halves the bytes, for slow links; with --plan data",
        "float32",
        "float32", "bfloat16");

    private static readonly Setting<string> Statistics = Setting.Choice(
        "batch-statistics",
        "Batch-normalization statistics: all (synchronized over all ranks) or local (of each rank's own batch)", "all",
        "all",
        "local");

    private static readonly Setting<bool> ShardOptimizer = Setting.Switch(
        "shard-optimizer",
        "Shard the optimizer state over the ranks (ZeRO stage 1); with --plan data");

    private static readonly Setting<string?> Timeline = Setting.Output(
        "timeline", "Write a timeline of the training steps to this file (Chrome trace format, for Perfetto); ranks "
            + "from 1 on append their number to the file name", OutputKind.File);

    private static readonly Setting<TimeSpan?> Timeout = Setting.OptionalDuration(
        "rank-timeout",
        "Abort the job if a rank waits longer than this for the others, such as 30s [default: 10m]");

    internal static IReadOnlyList<Setting> All { get; } = [Gradients, Statistics, ShardOptimizer, Timeline, Timeout];

    /// <summary>Settings that do not change the results, so that a resumed run may have others.</summary>
    internal static IReadOnlyList<Setting> WithoutEffectOnResults { get; } = [ShardOptimizer, Timeline, Timeout];

    /// <summary>Flags of the given settings that apply only if the ranks divide the samples.</summary>
    internal static IEnumerable<string> DataOnly(CommandContext context) =>
        new Setting[] { Gradients, Statistics, ShardOptimizer }.Where(context.Values.IsGiven)
            .Select(setting => setting.Flag);

    internal static bool ShardsOptimizer(CommandContext context) => context.Get(ShardOptimizer);

    internal static TimeSpan TimeLimit(CommandContext context) => context.Get(Timeout) ?? TimeSpan.FromMinutes(10);

    internal static DataRanksOptions DataOptions(CommandContext context, StepTimeline? timeline) => new()
    {
        Gradients = context.Get(Gradients) is "bfloat16" ? GradientFormat.BFloat16 : GradientFormat.Float32,
        SynchronizesStatistics = context.Get(Statistics) is "all",
        ShardsOptimizer = context.Get(ShardOptimizer),
        Timeline = timeline,
    };

    /// <summary>A timeline if <c>--timeline</c> is given, else null.</summary>
    internal static StepTimeline? TimelineOf(CommandContext context, int rank) =>
        context.Get(Timeline) is null ? null : new StepTimeline(context.Time, rank);

    /// <summary>
    /// Writes the timeline, if any, to the file given; ranks other than 0 add their number to the file name.
    /// </summary>
    internal static void Save(CommandContext context, StepTimeline? timeline, int rank)
    {
        if (timeline is null || context.Get(Timeline) is not { } file)
        {
            return;
        }

        string own = rank == 0 ? file : Path.ChangeExtension(file, $"{rank}{Path.GetExtension(file)}");
        byte[] trace = timeline.ToJson();
        AtomicFile.Write(own, stream => stream.Write(trace));
    }
}
