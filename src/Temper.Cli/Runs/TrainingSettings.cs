using Temper.Cli.CommandLine;
using Temper.Compression.DeepHoyer;
using Temper.Data.Augmentation;
using Temper.Optimization;
using Temper.Training;

namespace Temper.Cli.Runs;

/// <summary>Settings of training; each sets one option of <see cref="TrainingOptions"/>.</summary>
internal static class TrainingSettings
{
    internal static Setting<int> Epochs { get; } = Setting.Integer(
        "epochs", "Passes over the training samples; stages with an epochs option of their own ignore it",
        defaultValue: 10);

    private static readonly Setting<int> Batch =
        Setting.Integer("batch", "Samples per batch", defaultValue: 64, aliases: "--batch-size");

    private static readonly Setting<int> Accumulate =
        Setting.Integer("accumulate", "Batches whose mean gradient makes one step", defaultValue: 1);

    private static readonly Setting<string> Optimizer = Setting.Choice(
        "optimizer", "Optimizer: sgd, adam, adamw, adadelta or rmsprop", "adam", "sgd", "adam", "adamw", "adadelta",
        "rmsprop");

    private static readonly Setting<double?> LearningRate = Setting.OptionalNumber(
        "learning-rate", "Learning rate; when not given, the optimizer's own default", aliases: "--lr");

    private static readonly Setting<double> Momentum =
        Setting.Number("momentum", "Momentum of sgd and rmsprop, 0 to 1", defaultValue: 0.9, maximum: 1);

    private static readonly Setting<bool> Nesterov = Setting.Switch("nesterov", "Use Nesterov momentum (sgd only)");

    internal static Setting<double?> WeightDecay { get; } = Setting.OptionalNumber(
        "weight-decay", "Weight decay (L2); when not given, the optimizer's own default", aliases: "--wd");

    internal static Setting<string> Schedule { get; } = Setting.Choice(
        "schedule", "Learning-rate schedule: constant, step, cosine or one-cycle; stages with an epochs option of "
            + "their own ignore it",
        "cosine", "constant", "step", "cosine", "one-cycle");

    private static readonly Setting<double> WarmUp = Setting.Number(
        "warm-up", "Epochs in which the learning rate rises from zero; stages with an epochs option of their own "
            + "ignore it",
        defaultValue: 0);

    private static readonly Setting<double> LabelSmoothing = Setting.Number(
        "label-smoothing", "Fraction of the target spread evenly over all classes, 0 to 1", defaultValue: 0,
        maximum: 1);

    internal static Setting<string> Augment { get; } = new(
        "augment", "Augmentation of training images, separated by commas: crop, flip, cutout; or none", "none", text =>
    {
        Transforms(text);
        return text;
    })
    {
        IsList = true, Separator = ',',
    };

    private static readonly Setting<double> Clip =
        Setting.Number("clip-norm", "Clip the gradient's L2 norm; 0 = off", defaultValue: 0);

    private static readonly Setting<double> Average = Setting.Number(
        "average", "Decay of the moving average of the weights, such as 0.999; 0 = off", defaultValue: 0, maximum: 1);

    internal static Setting<int> Patience { get; } = Setting.Integer(
        "patience", "Stop after this many epochs without improvement; 0 = off", defaultValue: 0, minimum: 0);

    internal static IReadOnlyList<Setting> All { get; } =
    [
        Epochs, Batch, Accumulate, Optimizer, LearningRate, Momentum, Nesterov, WeightDecay, Schedule, WarmUp,
        LabelSmoothing, Augment, Clip, Average, Patience,
    ];

    /// <summary>
    /// Settings that apply only to a training with its own number of epochs, not to stages of a method.
    /// </summary>
    internal static IReadOnlyList<Setting> OfFirstTraining { get; } = [Epochs, Schedule, WarmUp];

    internal static TrainingOptions Options(CommandContext context) => new()
    {
        Seed = context.Get(RunSettings.Seed),
        Epochs = context.Get(Epochs),
        BatchSize = context.Get(Batch),
        Accumulation = context.Get(Accumulate),
        Optimizer = OptimizerOf(context),
        Schedule = ScheduleOf(context),
        Loss = new CrossEntropyLoss { LabelSmoothing = (float)context.Get(LabelSmoothing) },
        Transforms = Transforms(context.Get(Augment)),
        Clipping = context.Get(Clip) is > 0 and var norm ? new GradientClipping { MaxNorm = (float)norm } : null,
        Average = context.Get(Average) is > 0 and var decay ? new WeightAverage { Decay = (float)decay } : null,
        EarlyStopping =
            context.Get(Patience) is > 0 and var patience ? new EarlyStopping { Patience = patience } : null,
    };

    private static Optimizer OptimizerOf(CommandContext context)
    {
        string name = context.Get(Optimizer);
        context.RefuseUnused($"{Optimizer.Flag} {name}", name switch
        {
            "sgd" => [],
            "rmsprop" => [Nesterov],
            _ => [Momentum, Nesterov],
        });
        float momentum = (float)context.Get(Momentum);
        Optimizer chosen = name switch
        {
            "sgd" => new Sgd { LearningRate = 0.1f, Momentum = momentum, Nesterov = context.Get(Nesterov) },
            "adamw" => new AdamW(),
            "adadelta" => new Adadelta(),
            "rmsprop" => new RmsProp { LearningRate = 1e-3f, Momentum = momentum },
            _ => new Adam(),
        };
        return chosen with
        {
            LearningRate = (float?)context.Get(LearningRate) ?? chosen.LearningRate,
            WeightDecay = (float?)context.Get(WeightDecay) ?? chosen.WeightDecay,
        };
    }

    private static LearningRateSchedule ScheduleOf(CommandContext context)
    {
        LearningRateSchedule schedule = context.Get(Schedule) switch
        {
            "step" => new StepSchedule { Every = Math.Max(1, context.Get(Epochs) / 3.0) },
            "cosine" => new CosineSchedule(),
            "one-cycle" => new OneCycleSchedule(),
            _ => new ConstantSchedule(),
        };
        return context.Get(WarmUp) is > 0 and var epochs
            ? new WarmUpSchedule { Epochs = epochs, Then = schedule }
            : schedule;
    }

    internal static IReadOnlyList<SampleTransform> Transforms(string text) => text is "none" or "" ? [] :
    [
        .. text.Split(',', StringSplitOptions.TrimEntries).Select(name => (SampleTransform)(name switch
        {
            "crop" => new RandomCrop(),
            "flip" => new HorizontalFlip(),
            "cutout" => new Cutout(8),
            _ => throw new FormatException("crop, flip or cutout, or several of them separated by commas, or none"),
        })),
    ];
}

/// <summary>Settings of the regularizer that drives weights toward zero during training.</summary>
internal static class RegularizerSettings
{
    private static readonly Setting<string> Regularizer = Setting.Choice(
        "regularizer",
        "none, l1, hoyer, hoyer-square or transformed-l1 (single weights), group-lasso or group-hs (groups): drives "
        + "weights to zero while training",
        "none",
        "none", "l1", "hoyer", "hoyer-square", "transformed-l1", "group-lasso", "group-hs");

    private static readonly Setting<string> Groups = new(
        "grouping", "Groups of the regularizer: element, filter-channel, row-column or a block such as 4x1; auto: "
            + "element, or filter-channel for group-*", "auto", text =>
        text is "auto" || Grouping.TryParse(text, out _)
            ? text
            : throw new FormatException("auto, element, filter-channel, row-column, or rows x columns such as 4x1"));

    private static readonly Setting<double> Strength =
        Setting.Number("strength", "Weight of the regularizer in the loss", defaultValue: 2e-5);

    internal static IReadOnlyList<Setting> All { get; } = [Regularizer, Groups, Strength];

    internal static IReadOnlyList<IRegularizer> Regularizers(CommandContext context)
    {
        (float strength, string name) = ((float)context.Get(Strength), context.Get(Regularizer));
        context.RefuseUnused($"{Regularizer.Flag} none", name is "none" ? [Groups, Strength] : []);
        Grouping grouping = Grouped(context.Get(Groups), name);
        return name switch
        {
            "l1" or "group-lasso" => [new L1 { Strength = strength, Grouping = grouping }],
            "hoyer" => [new Hoyer { Strength = strength, Grouping = grouping }],
            "hoyer-square" or "group-hs" => [new HoyerSquare { Strength = strength, Grouping = grouping }],
            "transformed-l1" => [new TransformedL1 { Strength = strength, Grouping = grouping }],
            _ => [],
        };
    }

    private static Grouping Grouped(string text, string regularizer) => text is not "auto" ? Grouping.Parse(text)
        : regularizer.StartsWith("group-", StringComparison.Ordinal) ? Grouping.FilterAndChannel : Grouping.Element;
}
