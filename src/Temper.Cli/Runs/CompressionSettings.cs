using System.Globalization;
using Temper.Cli.CommandLine;
using Temper.Compression.Pipeline;
using Temper.Data;
using Temper.Training;

namespace Temper.Cli.Runs;

/// <summary>Settings of compression; each sets one option of <see cref="CompressionOptions"/>.</summary>
internal static class CompressionSettings
{
    private const string TestPrefix = "test:";

    internal static Setting<string> Validation { get; } = new(
        "validation", "Samples used to choose between networks: a fraction of the training set, such as 0.1, or of "
            + "the test set, such as test:0.5 (these are then excluded from the final measurement)", "0.1", text =>
    {
        PartOf(text);
        return text;
    });

    internal static Setting<string?> Output { get; } =
        Setting.Output(
            "output", "Folder for the compressed network, usable as MODEL in every command", OutputKind.Folder);

    private static readonly Setting<double> Drop =
        Setting.Number("max-accuracy-drop", "Largest accepted loss of accuracy, in percentage points, 0 to 100",
            defaultValue: 0.5, maximum: 100);

    private static readonly Setting<string> Structure =
        Setting.Choice("structure", "What is removed: element (single weights), blocks (of 4 outputs by 1 input), "
            + "channels, auto (tries channels and blocks) or none", "auto", "element", "blocks", "channels", "auto",
            "none");

    private static readonly Setting<string> Activations = Setting.Choice(
        "activations", "Sparse activations: none, winners (keep only the strongest channels of images; kernels skip "
            + "the others), or joint (single activations, together with further weight pruning)",
        "none", "none", "winners", "joint");

    private static readonly Setting<string> Score = Setting.Choice(
        "winner-score", "Score that ranks channels for --activations winners: mean, max or l2 norm of their "
            + "magnitudes", "mean", "mean", "max",
        "l2");

    private static readonly Setting<string> Objective = Setting.Choice(
        "objective", "What to minimize: ms (milliseconds per sample on this machine), macs, weights (nonzero) or "
            + "bytes (of the file)", "ms", "ms", "macs", "weights", "bytes");

    private static readonly Setting<int> RegularizeEpochs = Setting.Integer(
        "regularize-epochs", "Epochs of training with the regularizer before pruning; 0 = none",
        defaultValue: 4, minimum: 0);

    private static readonly Setting<int> TuneEpochs =
        Setting.Integer("tune-epochs", "Epochs of fine-tuning after pruning, in each trial; 0 = none",
            defaultValue: 4, minimum: 0);

    private static readonly Setting<int> Trials =
        Setting.Integer("trials", "Number of pruning ratios tried for each structure (bisection)", defaultValue: 5);

    private static readonly Setting<double> Pressure = Setting.Number(
        "pressure", "Initial value of the regularization term, in units of the loss (nats); its strength is derived "
            + "from it",
        defaultValue: 1);

    private static readonly Setting<double> Distillation = Setting.Number(
        "distillation", "Weight of the distillation term in the loss, 0 to 1; the teacher is the original network",
        defaultValue: 0.5, maximum: 1);

    private static readonly Setting<bool> AllowSlower = Setting.Switch(
        "allow-slower", "Also accept networks that are slower on this processor than the original, for use on "
            + "another machine; not with --objective ms");

    private static readonly Setting<double> Mixup = Setting.Number(
        "mixup", "Fraction of the training samples blended in pairs, 0 to 1; can help with few training samples and "
            + "many epochs; needs --distillation 1", defaultValue: 0, maximum: 1);

    private static readonly Setting<double?> FirstKept = Setting.OptionalNumber(
        "first-kept", "Fraction kept in the first trial, 0 to 1: of the MACs when pruning channels, of the weights "
            + "otherwise",
        maximum: 1);

    private static readonly Setting<IReadOnlyList<string>> Ignore =
        Setting.Names("ignore", "Layers that are not regularized, pruned, thinned or quantized; * matches any text");

    /// <summary>Number of samples for compression without training; 0: compression with training.</summary>
    internal static Setting<int> Calibrate { get; } = Setting.Integer(
        "calibrate", "Do not train; refit each layer on this many unlabeled samples; 0 = train",
        defaultValue: 0, minimum: 0);

    /// <summary>Compression without training and without samples.</summary>
    internal static Setting<bool> DataFree { get; } = Setting.Switch(
        "data-free", "Use neither training nor samples; refit layers on inputs synthesized from the network's own "
            + "statistics; --data is used for measuring only");

    /// <summary>Adds a table of the sensitivity of each layer to pruning.</summary>
    internal static Setting<bool> Sensitivity { get; } = Setting.Switch(
        "sensitivity", "Add a sensitivity table to the report: validation accuracy when each layer is pruned alone; "
            + "with --calibrate and --data-free, for a stored network, the agreement with the original one");

    private static readonly Setting<string> Method = Setting.Choice(
        "method", "Method that drives weights toward zero before pruning: hoyer (DeepHoyer), or a baseline with the "
            + "same budget: l1 (group lasso for blocks and channels), magnitude (train without a regularizer, then "
            + "prune) or gradual (prune a little each epoch)",
        "hoyer", "hoyer", "l1", "magnitude", "gradual");

    /// <summary>Whether the validation samples are taken from the test set.</summary>
    internal static bool IsOfTest(CommandContext context) => PartOf(context.Get(Validation)).IsTest;

    internal static IReadOnlyList<Setting> All { get; } =
    [
        Drop, Calibrate, DataFree, Sensitivity, Method, Structure, Activations, Score, Objective, RegularizeEpochs,
        TuneEpochs, Trials, Pressure, Distillation, Mixup, FirstKept, AllowSlower, Ignore,
        Validation, Output,
    ];

    /// <summary>Adds the name of the option to the remark that advises it.</summary>
    internal static CompressionResult WithOptions(CompressionResult result) => result with
    {
        Remarks = [.. result.Remarks.Select(remark => remark.Replace(
            CompressionHistory.AllowSlower, $"{CompressionHistory.AllowSlower} ({AllowSlower.Flag})",
            StringComparison.Ordinal))],
    };

    /// <summary>Whether the network is trained while it is compressed.</summary>
    internal static bool Trains(CommandContext context) => context.Get(Calibrate) == 0 && !context.Get(DataFree);

    /// <summary>
    /// Throws if a setting is given that would be ignored: one of a training if nothing is trained, or one of a stage
    /// that is off.
    /// </summary>
    /// <param name="context">Settings of the command.</param>
    /// <param name="isStored">
    /// Whether the network is stored; a built-in network is trained before it is compressed.
    /// </param>
    internal static void RefuseUnused(CommandContext context, bool isStored)
    {
        if (!Trains(context))
        {
            Setting[] ofTraining = isStored ? [Validation, .. TrainingSettings.All] : [];
            context.RefuseUnused(
                $"{(context.Get(DataFree) ? DataFree.Flag : Calibrate.Flag)}, which does not train",
                [
                    Method, Score, RegularizeEpochs, TuneEpochs, Pressure, Distillation, Mixup,
                    QuantizationSettings.Epochs, .. ofTraining,
                ]);
        }

        string method = context.Get(Method);
        context.RefuseUnused($"{Method.Flag} {method}", method is "magnitude" or "gradual" ? [Pressure] : []);
        string activations = context.Get(Activations), structure = context.Get(Structure);
        context.RefuseUnused($"{Activations.Flag} {activations}", activations is "winners" ? [] : [Score]);
        context.RefuseUnused(
            $"{Structure.Flag} {structure}",
            structure is "none" ? [Method, RegularizeEpochs, Pressure, FirstKept] : []);
        context.RefuseUnused(
            $"{Structure.Flag} {structure} without {Activations.Flag}",
            structure is "none" && activations is "none" ? [TuneEpochs, Trials] : []);
        QuantizationSettings.RefuseUnused(context);
    }

    /// <summary>The compression options; throws if they contradict each other.</summary>
    internal static CompressionOptions Options(CommandContext context, TrainingOptions training)
    {
        CompressionOptions options = Read(context, training);
        if (options is { AllowsSlower: true, Goal: CompressionGoal.Milliseconds })
        {
            throw ToolException.Usage("--allow-slower: contradicts --objective ms (got both); choose another "
                + "objective, such as macs");
        }

        if (options is { Mixup: > 0, Distillation: < 1 })
        {
            throw ToolException.Usage("--mixup: blended samples have no label, so only the teacher can train on them "
                + $"(got --distillation {options.Distillation}, expected 1); add --distillation 1");
        }

        return Trains(context) ? options
            : options.Activations != CompressionActivations.None
            ? throw ToolException.Usage("--activations: sparse activations need fine-tuning, but --calibrate and "
                + "--data-free do not train; leave one of them out")
            : options.Structure is CompressionStructure.Blocks or CompressionStructure.Channels
            ? throw ToolException.Usage("--structure: --calibrate and --data-free remove single weights (got "
                + $"{context.Get(Structure)}, expected auto, element or none)")
            : options;
    }

    private static CompressionOptions Read(CommandContext context, TrainingOptions training) => new()
    {
        Seed = context.Get(RunSettings.Seed),
        MaxAccuracyDrop = context.Get(Drop),
        Structure = Enum.Parse<CompressionStructure>(context.Get(Structure), ignoreCase: true),
        Activations = Enum.Parse<CompressionActivations>(context.Get(Activations), ignoreCase: true),
        Score = Enum.Parse<Tensors.ChannelScore>(context.Get(Score), ignoreCase: true),
        Goal = context.Get(Objective) switch
        {
            "macs" => CompressionGoal.Macs,
            "weights" => CompressionGoal.Weights,
            "bytes" => CompressionGoal.Bytes,
            _ => CompressionGoal.Milliseconds,
        },
        Method = Enum.Parse<CompressionMethod>(context.Get(Method), ignoreCase: true),
        RegularizeEpochs = context.Get(RegularizeEpochs),
        TuneEpochs = context.Get(TuneEpochs),
        Trials = context.Get(Trials),
        Pressure = context.Get(Pressure),
        Distillation = (float)context.Get(Distillation),
        Mixup = context.Get(Mixup),
        AllowsSlower = context.Get(AllowSlower),
        FirstKept = context.Get(FirstKept),
        Ignore = context.Get(Ignore),
        Training = training,
        HoyerWeightDecay = (float?)context.Get(TrainingSettings.WeightDecay),
        MaxTime = context.Get(RunSettings.MaxTime),
    };

    /// <summary>
    /// Splits the samples according to <see cref="Validation"/>. Test samples are selected by a fixed hash of their
    /// index, so that every run selects the same ones.
    /// </summary>
    internal static DataSplit Split(CommandContext context, DataSets data)
    {
        (bool isTest, double part) = PartOf(context.Get(Validation));
        if (!isTest)
        {
            return DataSplit.Of(data, part, context.Get(RunSettings.Seed));
        }

        ILookup<bool, int> chooses = Choosing(data.Test, part);
        return chooses[true].Any() && chooses[false].Any()
            ? new DataSplit(
                data.Train, data.Test.Subset([.. chooses[true]]), data.Test.Subset([.. chooses[false]]), part)
            : throw ToolException.Usage($"--validation: too few test samples to split (got {data.Test.Count}); use a "
                + "fraction of the training samples");
    }

    /// <summary>
    /// Returns the test samples that a run did not use to choose between networks, in their order; all of them if the
    /// run chose on training samples.
    /// </summary>
    /// <param name="validation">Value of <see cref="Validation"/> in the run.</param>
    /// <param name="test">All test samples of the data set.</param>
    internal static Dataset WithoutChoosing(string validation, Dataset test)
    {
        (bool isTest, double part) = PartOf(validation);
        return isTest ? test.Subset([.. Choosing(test, part)[false]]) : test;
    }

    /// <summary>The indices of the test samples: true: those used to choose between networks.</summary>
    private static ILookup<bool, int> Choosing(Dataset test, double part) =>
        Enumerable.Range(0, test.Count).ToLookup(index => Hash((ulong)index) < part * ulong.MaxValue);

    /// <summary>
    /// The samples of a run that trains nothing: none are held out, and only test samples with labels are measured.
    /// </summary>
    internal static DataSplit Whole(DataSets data) =>
        new(data.Train, data.Train.Take(0), data.Test.HasLabels ? data.Test : data.Test.Take(0), Part: 0);

    /// <summary>The SplitMix64 hash.</summary>
    private static ulong Hash(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    private static (bool IsTest, double Part) PartOf(string text)
    {
        bool isTest = text.StartsWith(TestPrefix, StringComparison.Ordinal);
        return double.TryParse(isTest
            ? text[TestPrefix.Length..]
            : text, NumberStyles.Float, CultureInfo.InvariantCulture, out double part) && part is > 0 and < 1
            ? (isTest, part)
            : throw new FormatException("a fraction above 0 and below 1, such as 0.1, or test: and a fraction");
    }
}
