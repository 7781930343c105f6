using Temper.Cli.CommandLine;
using Temper.Growth;
using Temper.Growth.Initializers;
using Temper.Growth.Limits;
using Temper.Growth.Policies;
using Temper.Networks;
using Temper.Optimization;
using Temper.Training;

namespace Temper.Cli.Runs;

/// <summary>Settings of growth; each sets one option of <see cref="GrowthOptions"/> or of the training.</summary>
internal static class GrowthSettings
{
    private const string Automatic = "auto";

    internal static Setting<string?> Family { get; } = new(
        "family", $"Grow a network of this family from one block per stage: {string.Join(", ", StagedFamily.Names)}",
        null, text =>
            StagedFamily.Names.Contains(text, StringComparer.Ordinal)
                ? text
                : throw new FormatException(
                    $"one of {string.Join(", ", StagedFamily.Names)}{Suggestion.For(text, StagedFamily.Names)}"))
    {
        Words = () => StagedFamily.Names,
    };

    internal static Setting<int[]?> Widths { get; } =
        Lengths("widths", "Width of each stage of the family, such as 8,16,32; the family's own where not given");

    internal static Setting<int[]?> Depths { get; } =
        Lengths("depths", "Blocks of each stage to begin with; one where not given");

    internal static Setting<bool> Compare { get; } = Setting.Switch(
        "compare", "Also train the found network from scratch, for as many epochs as the final training, and "
            + "compare; not counted by --max-time");

    internal static Setting<string?> Output { get; } =
        Setting.Output("output", "Folder for the found network, usable as MODEL in every command", OutputKind.Folder);

    internal static Setting<bool> Force { get; } = Setting.Switch("force", "Overwrite existing files");

    private static readonly Setting<int> Interval =
        Setting.Integer("interval", "Epochs between growths (K of the paper)", defaultValue: 3);

    private static readonly Setting<int> Window =
        Setting.Integer("window", "Epochs without a gain after which growth stops (J of the paper); equal to "
            + "--interval gives c-AutoGrow", defaultValue: 12);

    private static readonly Setting<string> Stopping = Setting.Choice(
        "stopping", "What counts as a gain: accuracy (the best validation accuracy rises by --tau) or paired "
            + "(significantly better on the same validation samples)", "accuracy", "accuracy", "paired");

    private static readonly Setting<double> Tau =
        Setting.Number("tau", "Gain of validation accuracy that counts, in percentage points",
            defaultValue: 0.05, minimum: 1e-6, maximum: 100);

    private static readonly Setting<string> Order = Setting.Choice(
        "order", "Which stage grows next: round-robin, benefit (accuracy gained per MAC of a block) or random",
        "round-robin", "round-robin", "benefit", "random");

    private static readonly Setting<string> Initializer = Setting.Choice(
        "initializer", "Initializer of new blocks; auto: gaussian in residual blocks with batch normalization, zero in "
            + "other residual blocks, else default", Automatic,
        [Automatic, .. BlockInitializer.Names]);

    private static readonly Setting<int> Finish =
        Setting.Integer("finish-epochs", "Epochs of the final training (N of the paper)", defaultValue: 30);

    private static readonly Setting<bool> KeepAll = Setting.Switch(
        "keep-all", "Keep every added block, as the paper does, instead of rolling back to the last gain");

    private static readonly Setting<double> Tolerance = Setting.Number(
        "tolerance", "Validation accuracy that may be lost by removing trailing blocks, in percentage points",
        defaultValue: 0,
        maximum: 100);

    private static readonly Setting<int> Repair = Setting.Integer(
        "repair-epochs", "Epochs of training after trailing blocks are removed, before the accuracy is compared; 0: "
            + "remove only blocks whose removal costs no accuracy at once", defaultValue: 2, minimum: 0);

    private static readonly Setting<double?> MaxParameters =
        Setting.OptionalNumber("max-parameters", "Maximum number of parameters", minimum: 1);

    private static readonly Setting<double?> MaxMacs =
        Setting.OptionalNumber("max-macs", "Maximum number of multiply-accumulates per sample", minimum: 1);

    private static readonly Setting<double?> MaxMemory =
        Setting.OptionalNumber("max-memory", "Maximum training memory in MiB, estimated from the graph");

    private static readonly Setting<double?> MaxMilliseconds =
        Setting.OptionalNumber("max-ms", "Maximum milliseconds per sample, measured on this machine");

    private static readonly Setting<int> Batch =
        Setting.Integer("batch", "Samples per batch", defaultValue: 128, aliases: "--batch-size");

    private static readonly Setting<double?> LearningRate = Setting.OptionalNumber(
        "learning-rate",
        "Constant learning rate while growing; when not given, 0.1 with shortcuts and 0.01 without, as in the paper",
        aliases: "--lr");

    private static readonly Setting<double> Momentum =
        Setting.Number("momentum", "Momentum of sgd, 0 to 1", defaultValue: 0.9, maximum: 1);

    private static readonly Setting<double> WeightDecay =
        Setting.Number("weight-decay", "Weight decay (L2)", defaultValue: 5e-4).AlsoCalled("--wd");

    internal static IReadOnlyList<Setting> All { get; } =
    [
        Family, Widths, Depths, Output, Force, Compare, Interval, Window, Stopping, Tau, Order, Initializer, Finish,
        KeepAll, Tolerance, Repair,
        MaxParameters, MaxMacs, MaxMemory, MaxMilliseconds, Batch, LearningRate, Momentum, WeightDecay,
        TrainingSettings.Augment,
    ];

    /// <summary>A setting with one number per stage; null: not given.</summary>
    private static Setting<int[]?> Lengths(string name, string help) =>
        new(name, help, null, text => NumberLists.Integers(text, 1)) { Separator = ',' };

    internal static GrowthOptions Options(CommandContext context)
    {
        context.RefuseUnused($"{Stopping.Flag} paired", context.Get(Stopping) is "paired" ? [Tau] : []);
        context.RefuseUnused(KeepAll.Flag, context.Get(KeepAll) ? [Tolerance, Repair] : []);
        return Read(context);
    }

    private static GrowthOptions Read(CommandContext context) => new()
    {
        Interval = context.Get(Interval),
        Stopping = context.Get(Stopping) is "paired"
            ? new PairedGain { Window = context.Get(Window) }
            : new AccuracyGain { Window = context.Get(Window), MinimumGain = context.Get(Tau) / 100 },
        Growing = context.Get(Order) switch
        {
            "benefit" => new BenefitPerMac(),
            "random" => new RandomStage(),
            _ => new RoundRobin(),
        },
        Initializer = context.Get(Initializer) is var name && name is Automatic ? null : BlockInitializer.ByName(name),
        FinishEpochs = context.Get(Finish),
        RollsBack = !context.Get(KeepAll),
        Tolerance = context.Get(Tolerance) / 100,
        RepairEpochs = context.Get(Repair),
        Limits = new GrowthLimits
        {
            Time = context.Get(RunSettings.MaxTime),
            Parameters = (long?)context.Get(MaxParameters),
            Macs = (long?)context.Get(MaxMacs),
            MemoryMiB = context.Get(MaxMemory),
            Milliseconds = context.Get(MaxMilliseconds),
        },
    };

    internal static TrainingOptions Training(CommandContext context, bool hasShortcuts) => new()
    {
        Seed = context.Get(RunSettings.Seed),
        BatchSize = context.Get(Batch),
        Optimizer = new Sgd
        {
            LearningRate = (float?)context.Get(LearningRate) ?? (hasShortcuts ? 0.1f : 0.01f),
            Momentum = (float)context.Get(Momentum),
            WeightDecay = (float)context.Get(WeightDecay),
        },
        Transforms = TrainingSettings.Transforms(context.Get(TrainingSettings.Augment)),
    };
}
