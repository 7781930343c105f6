using Temper.Cli.CommandLine;
using Temper.Parallelism.Planning;
using Temper.Parallelism.Simulation;

namespace Temper.Cli.Commands;

/// <summary>Settings of <c>temper plan</c> for accelerators, costs and limits.</summary>
internal static class PlanSettings
{
    private static readonly Setting<int> Accelerators =
        Setting.Integer("accelerators", "Number of accelerators to divide the training among, 1 to 4096",
            defaultValue: 16);

    private static readonly Setting<int> Batch =
        Setting.Integer(
            "batch", "Samples per step, over all accelerators together", defaultValue: 256, aliases: "--batch-size");

    private static readonly Setting<string> Cost = Setting.Choice(
        "cost", "How bytes are counted: figure (reproduces the paper's figures), table (the paper's tables as "
            + "printed) or exact (what the shards have to send)",
        "figure", "figure", "table", "exact");

    private static readonly Setting<string> Search = Setting.Choice(
        "search", "greedy (the paper's, level by level) or joint (all levels together; never worse than greedy; "
            + "proves the optimum or prints a lower bound)", "joint", "greedy", "joint");

    /// <summary>Kinds of splits, each with those before it.</summary>
    private const string KernelSplits = "kernel", OutputSplits = "output", SpaceSplits = "space";

    private static readonly Setting<string> Splits = Setting.Choice(
        "splits", "What may be split: kernel (samples and input channels), output (also output channels) or space "
            + "(also rows of images)",
        KernelSplits, KernelSplits, OutputSplits, SpaceSplits);

    private static readonly Setting<double?> Memory =
        Setting.OptionalNumber("memory", "Maximum memory per accelerator, in MiB");

    private static readonly Setting<int> OptimizerStates = Setting.Integer(
        "optimizer-states", "Values that the optimizer stores per weight: 0 for sgd, 1 with momentum, 2 for adam",
        defaultValue: 1, minimum: 0);

    private const string PaperMachine = "paper";

    private static readonly Setting<string> Wires = Setting.Choice(
        "machine", "Accelerators to simulate: paper (its two-term model), bus, htree or torus", PaperMachine,
        PaperMachine, "bus", "htree", "torus");

    private static readonly Setting<string?> TopologyPath =
        Setting.OptionalText("topology", "File with the links between accelerators, instead of --machine, "
            + "--bandwidth and --latency; see docs/hypar.md");

    internal static Setting<double> Gigaflops { get; } =
        Setting.Number("gflops", "Speed of an accelerator, in billions of operations per second",
            defaultValue: 84, minimum: 1e-6);

    private static readonly Setting<double> Bandwidth =
        Setting.Number("bandwidth", "Bandwidth of a link, in GB/s (bus, htree, torus)",
            defaultValue: 0.2, minimum: 1e-9);

    private static readonly Setting<double> Latency =
        Setting.Number("latency", "Latency of a link, in microseconds (bus, htree, torus)", defaultValue: 0);

    private static readonly Setting<bool> Overlap = Setting.Switch("overlap", "Overlap communication with computation");

    private static readonly Setting<double[]> Speeds = Setting.Numbers(
        "speeds", "Relative speeds of the accelerators, such as 1,1,0.5,1; each gets work in proportion",
        [], minimum: 1e-6);

    internal static IReadOnlyList<Setting> All { get; } =
    [
        Accelerators, Batch, Cost, Search, Splits, Memory, OptimizerStates, Wires, TopologyPath, Gigaflops, Bandwidth,
        Latency, Overlap, Speeds,
    ];

    /// <summary>The links between the accelerators, which a probe of several ranks measures.</summary>
    internal static IReadOnlyList<Setting> OfLinks { get; } = [Wires, TopologyPath, Bandwidth, Latency];

    /// <summary>Returns the options of the planner.</summary>
    /// <param name="context">The settings.</param>
    /// <param name="given">The plan to evaluate, which has its own kinds of splits; null: a plan is searched.</param>
    internal static PlanOptions Options(CommandContext context, RankPlan? given) => new()
    {
        Accelerators = context.Get(Accelerators),
        Batch = context.Get(Batch),
        Cost = Enum.Parse<CostKind>(context.Get(Cost), ignoreCase: true),
        Search = Enum.Parse<SearchKind>(context.Get(Search), ignoreCase: true),
        AllowsOutputSplit = SplitsOf(context, given) is OutputSplits or SpaceSplits,
        AllowsSpaceSplit = SplitsOf(context, given) is SpaceSplits,
        MemoryLimit = context.Get(Memory) * (1 << 20),
        OptimizerStates = context.Get(OptimizerStates),
    };

    /// <summary>Throws if a setting is given that another one leaves without effect.</summary>
    /// <param name="context">The settings.</param>
    /// <param name="given">The plan to evaluate; null: a plan is searched.</param>
    internal static void RequireEffective(CommandContext context, RankPlan? given)
    {
        if (context.Get(TopologyPath) is not null)
        {
            context.RefuseUnused(TopologyPath.Flag, [Wires, Bandwidth, Latency]);
        }
        else if (context.Get(Wires) is PaperMachine)
        {
            context.RefuseUnused($"{Wires.Flag} {PaperMachine}", [Bandwidth, Latency]);
        }

        if (given is not null)
        {
            context.RefuseUnused("--plan", [Search]);
            RequireEqual(context, Accelerators, given.Accelerators);
            RequireEqual(context, Batch, given.Batch);
            RequireEqual(context, Splits, SplitsOf(context, given));
        }
    }

    /// <summary>The kinds of splits that a plan has; without a plan, those that a search may use.</summary>
    private static string SplitsOf(CommandContext context, RankPlan? given)
    {
        if (given is null)
        {
            return context.Get(Splits);
        }

        Split most = (Split)(given.Levels.Concat(given.Junctions.Values).SelectMany(digits => digits)
            .DefaultIfEmpty('0').Max() - '0');
        return most < Split.Output ? KernelSplits : most == Split.Output ? OutputSplits : SpaceSplits;
    }

    /// <summary>Throws if a setting contradicts the given plan, whose value would be used.</summary>
    private static void RequireEqual<T>(CommandContext context, Setting<T> setting, T planned)
    {
        if (context.Values.IsGiven(setting) && !Equals(context.Get(setting), planned))
        {
            throw ToolException.Usage($"plan: {setting.Flag} differs from the given plan (got {context.Get(setting)}, "
                + $"expected {planned}); leave it out");
        }
    }

    internal static Machine Machine(CommandContext context, int accelerators)
    {
        double[] speeds = context.Get(Speeds);
        if (speeds.Length > 0 && speeds.Length != accelerators)
        {
            throw ToolException.Usage($"{Speeds.Flag}: got {speeds.Length} speeds for {accelerators} accelerators, "
                + "expected one for each");
        }

        (double rate, double latency) = (context.Get(Bandwidth) * 1e9, context.Get(Latency) * 1e-6);
        Machine machine = Parallelism.Simulation.Machine.Paper(accelerators);
        Topology? topology = context.Get(TopologyPath) is { } path
            ? TopologyFile.Parse(File.ReadAllBytes(path))
            : context.Get(Wires) switch
        {
            "bus" => Topology.Bus(accelerators, rate, latency),
            "htree" => Topology.HTree(accelerators, rate, latency),
            "torus" => Topology.Torus(accelerators, rate, latency),
            _ => null,
        };
        return machine with
        {
            Name = topology?.Name ?? machine.Name,
            Topology = topology ?? machine.Topology,
            FlopsPerSecond = context.Get(Gigaflops) * 1e9,
            Overlaps = context.Get(Overlap),
            Speeds = speeds,
        };
    }
}
