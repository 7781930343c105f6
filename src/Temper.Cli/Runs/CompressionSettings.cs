using System.Globalization;
using Temper.Cli.CommandLine;
using Temper.Compression.Pipeline;
using Temper.Data;
using Temper.Training;

namespace Temper.Cli.Runs;

/// <summary>How to compress, as settings: each stands for one part of <see cref="CompressionOptions"/>.</summary>
internal static class CompressionSettings
{
    private const string TestPrefix = "test:";

    internal static Setting<string> Validation { get; } = new(
        "validation", "Samples that choose: a part of the training samples, such as 0.1, or of the test samples, such "
            + "as test:0.5, which then no longer measure", "0.1", text =>
    {
        PartOf(text);
        return text;
    });

    internal static Setting<string?> Output { get; } =
        new("output", "Folder for the network that comes out, as a model that every command takes", null, text => text)
    {
        IsAboutOutput = true,
    };

    private static readonly Setting<double> Drop =
        Setting.Number("max-accuracy-drop", "Points of accuracy that may be lost", defaultValue: 0.5, maximum: 100);

    private static readonly Setting<string> Structure =
        Setting.Choice("structure", "What is removed: element, blocks (4 outputs by 1 input), channels, auto, which "
            + "tries channels and blocks, or none", "auto", "element", "blocks", "channels", "auto", "none");

    private static readonly Setting<string> Activations = Setting.Choice(
        "activations", "What is done to activations: none, winners (whole channels of images, so that kernels skip "
            + "them), or joint (single numbers, together with more weights)",
        "none", "none", "winners", "joint");

    private static readonly Setting<string> Score = Setting.Choice(
        "winner-score", "What decides between channels: the mean, max or l2 of their magnitudes", "mean", "mean", "max",
        "l2");

    private static readonly Setting<string> Objective = Setting.Choice(
        "objective", "What to minimize: ms, macs, weights or bytes", "ms", "ms", "macs", "weights", "bytes");

    private static readonly Setting<int> RegularizeEpochs = Setting.Integer(
        "regularize-epochs", "Epochs with the regularizer, before anything is pruned", defaultValue: 4, minimum: 0);

    private static readonly Setting<int> TuneEpochs =
        Setting.Integer("tune-epochs", "Epochs after pruning, for each trial", defaultValue: 4, minimum: 0);

    private static readonly Setting<int> Trials =
        Setting.Integer("trials", "Amounts of pruning that are tried for each structure", defaultValue: 5);

    private static readonly Setting<double> Pressure = Setting.Number(
        "pressure", "Value of the regularizer where it begins, in units of the loss; its strength follows",
        defaultValue: 1);

    private static readonly Setting<double> Distillation = Setting.Number(
        "distillation", "Share of the incoming network's answers in the loss, 0 to 1", defaultValue: 0.5, maximum: 1);

    private static readonly Setting<double?> FirstKept = Setting.OptionalNumber(
        "first-kept", "Part that the first trial keeps, of the operations for channels, of the weights otherwise",
        maximum: 1);

    private static readonly Setting<IReadOnlyList<string>> Ignore =
        Setting.List("ignore", "Layers that stay as they are; a star stands for any text");

    /// <summary>Samples for the form without training; 0: train.</summary>
    internal static Setting<int> Calibrate { get; } = Setting.Integer(
        "calibrate", "Do not train: fit each layer again on this many samples, whose labels are not read; 0: train",
        defaultValue: 0, minimum: 0);

    /// <summary>Neither training nor samples.</summary>
    internal static Setting<bool> DataFree { get; } = Setting.Switch(
        "data-free", "Neither train nor read samples to choose: fit layers again on inputs made from the network's own "
            + "statistics; --data only measures");

    /// <summary>A table of what each layer bears.</summary>
    internal static Setting<bool> Sensitivity { get; } = Setting.Switch(
        "sensitivity", "Add a table to the report: held-out accuracy when one layer alone loses weights");

    private static readonly Setting<string> Method = Setting.Choice(
        "method", "How weights are made unimportant: hoyer (DeepHoyer), or a baseline with the same budget: l1 (of "
            + "groups the group lasso), magnitude (train on, then prune), gradual (prune a little each epoch)",
        "hoyer", "hoyer", "l1", "magnitude", "gradual");

    /// <summary>Whether test samples choose.</summary>
    internal static bool IsOfTest(CommandContext context) => PartOf(context.Get(Validation)).IsTest;

    internal static IReadOnlyList<Setting> All { get; } =
    [
        Drop, Calibrate, DataFree, Sensitivity, Method, Structure, Activations, Score, Objective, RegularizeEpochs,
        TuneEpochs, Trials, Pressure, Distillation, FirstKept, Ignore,
        Validation, Output,
    ];

    /// <summary>The options, checked before anything starts.</summary>
    internal static CompressionOptions Options(CommandContext context, TrainingOptions training)
    {
        CompressionOptions options = Read(context, training);
        return context.Get(Calibrate) == 0 && !context.Get(DataFree) ? options
            : options.Activations != CompressionActivations.None
            ? throw ToolException.Usage("--activations: winners are fine-tuned; --calibrate and --data-free do not "
                + "train; leave one of them out")
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
        FirstKept = context.Get(FirstKept),
        Ignore = context.Get(Ignore),
        Training = training,
        MaxTime = context.Get(RunSettings.MaxTime),
    };

    /// <summary>
    /// Splits the samples as <see cref="Validation"/> says. Of test samples a fixed hash of the index decides, so that
    /// every run takes the same.
    /// </summary>
    internal static DataSplit Split(CommandContext context, DataSets data)
    {
        (bool isTest, double part) = PartOf(context.Get(Validation));
        if (!isTest)
        {
            int count = Math.Clamp((int)Math.Round(data.Train.Count * part), 1, Math.Max(1, data.Train.Count - 1));
            (Dataset train, Dataset validation) = data.SplitValidation(
                count, Randomness.RandomStream.FromSeed(context.Get(RunSettings.Seed)).Split("validation"));
            return new DataSplit(train, validation, data.Test, part);
        }

        ILookup<bool, int> chooses =
            Enumerable.Range(0, data.Test.Count).ToLookup(index => Hash((ulong)index) < part * ulong.MaxValue);
        return chooses[true].Any() && chooses[false].Any()
            ? new DataSplit(
                data.Train, data.Test.Subset([.. chooses[true]]), data.Test.Subset([.. chooses[false]]), part)
            : throw ToolException.Usage($"--validation: too few test samples to split (got {data.Test.Count}); take a "
                + "part of the training samples");
    }

    /// <summary>SplitMix64.</summary>
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
            : throw new FormatException("a part above 0 and below 1, such as 0.1, or test: and a part");
    }
}
