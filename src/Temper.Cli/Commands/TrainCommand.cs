using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Runs;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Networks;
using Temper.Privacy.Morphing;
using Temper.Randomness;
using Temper.Training;
using Temper.Wording;

namespace Temper.Cli.Commands;

/// <summary>
/// <c>temper train</c>: trains a network and measures the network of the best epoch on the test samples.
/// </summary>
internal sealed class TrainCommand()
    : RunCommand("train", "Train a network; the epoch is selected on held-out samples")
{
    private const string Phase = "train";

    private static readonly Setting<bool> FreezeZeros =
        Setting.Switch("freeze-zeros", "Keep weights at zero that are zero");

    private static readonly Setting<IReadOnlyList<string>> Freeze =
        Setting.Names("freeze", "Prefixes of names of layers or parameters that are frozen (not trained)");

    private static readonly Setting<bool> ReplaceHead = Setting.Switch(
        "replace-head",
        "Replace the last linear layer by a newly initialized one with an output per class of the data");

    private static readonly Setting<string?> AugConv = Setting.OptionalText(
        "aug-conv",
        "A bundle of temper morph: its morphed rows are the data, its layer takes the place of the first convolution");

    internal override bool SharesWork => true;

    internal override IReadOnlyList<string> Examples =>
    [
        "train lenet-5 --data mnist --epochs 10 --lr 1e-3",
        "train resnet-20 --data cifar10 --augment crop,flip --optimizer sgd --lr 0.1 --wd 5e-4",
        "train --resume last",
    ];

    internal override IReadOnlyList<Setting> Settings => field ??=
    [
        ModelSource.Setting, ModelSource.Architecture, ModelSource.Size, RunSettings.Data, .. Preprocessing.Settings,
        Freeze, ReplaceHead, AugConv, .. TrainingSettings.All, .. RegularizerSettings.All, FreezeZeros,
        RunSettings.Plan, .. RankSettings.All, .. RunSettings.All,
    ];

    private protected override int Execute(CommandContext context)
    {
        using RankJob job = RankJob.Open(context, Name);
        return job.Run(ranks => Execute(context, ranks));
    }

    private int Execute(CommandContext context, RankJob job)
    {
        string model = context.Require(ModelSource.Setting), source = context.Get(RunSettings.Data);
        TrainingOptions options =
            TrainingSettings.Options(context) with { Regularizers = RegularizerSettings.Regularizers(context) };
        MorphBundle? bundle = Bundle(context, options);
        if (bundle is null)
        {
            RunSettings.RequireData(context, model);
        }

        source = context.Get(AugConv) ?? source;
        DataSets data = bundle?.OpenData() ?? DataChoice.Open(context, source);
        var weights = RandomStream.FromSeed(options.Seed).Split("weights");
        (Network given, data) = Start(context, model, data, weights);
        Network start = FinalSoftmax.RemovedToTrain(context, model, given);
        start = bundle is null ? start : start.WithAugConv(bundle.OpenLayer());
        DataChecks.RequireToTrain(context, start, data);
        start = context.Get(FreezeZeros) ? start.MaskZeros() : start;
        options = job.Shared(start, options);
        if (!job.IsFirst)
        {
            return job.Follow(start, DataSplit.Of(context, data), options).IsComplete
                ? ExitCode.Success
                : ExitCode.Interrupted;
        }

        using var run = new RunSession(context, new RunDescription(Name, model, source) { Given = given }, data);
        run.Note($"{model}: {Plural.Of(start.Cost().Parameters, "parameter")}; {source}: "
            + $"{Plural.Of(run.Train!.Count, "training sample")}, {run.Validation!.Count:N0} held out for validation, "
            + $"seed {run.Seed}");
        if (DataChecks.FewHeldOut(run.Validation.Count, run.Validation.ClassNames.Count) is { } few)
        {
            run.Note(few);
        }

        job.Lead(run.CheckpointsOf(Phase));
        TrainingResult result = run.Fit(Phase, start, options, isOnly: true);
        Measurement measured = run.Measure("result", result.Network, ModelSource.ResultName);
        run.Add(SparsitySection.Of(run.Weights));
        return run.Finish(measured);
    }

    /// <summary>
    /// Opens the bundle of morphed rows, or returns null; throws if an option cannot be used with morphed rows.
    /// </summary>
    private static MorphBundle? Bundle(CommandContext context, TrainingOptions options)
    {
        if (context.Get(AugConv) is not { } folder)
        {
            return null;
        }

        if (context.Values.IsGiven(RunSettings.Data))
        {
            throw ToolException.Usage("train: --data and --aug-conv exclude each other; the bundle holds the rows");
        }

        if (options.Transforms.Count > 0)
        {
            throw ToolException.Usage(
                "train: --augment cannot be used with morphed rows: the morphing mixes all pixels; "
                + "the data owner must augment the pictures before morphing them");
        }

        return context.Get(ModelSource.Normalize) is null ? MorphBundle.Open(folder) : throw ToolException.Usage(
            "train: --normalize cannot be used with morphed rows: means and deviations apply to pixels; the data owner "
            + "must normalize before morphing");
    }

    /// <summary>
    /// Opens or creates the network to train and converts the data to its input shape. A stored network gets the new
    /// head, the preprocessing and the frozen parameters that the settings require.
    /// </summary>
    private static (Network Network, DataSets Data) Start(
        CommandContext context, string model, DataSets data, RandomStream weights)
    {
        FitOptions fit = Preprocessing.OptionsOf(context);
        if (!ModelSource.IsStored(model))
        {
            return New(context, model, DataForModel.ForNew(context, fit, data), weights);
        }

        ModelSource.RefuseUnused(context, model);
        (Network network, data) = DataForModel.Open(context, fit, data, options =>
            ModelSource.OpenTrained(model, context.Get(ModelSource.Architecture), options));
        network.Batch.RequireFree($"train: {model}");
        if (context.Get(ReplaceHead))
        {
            DataChecks.RequireSeveralClasses(data.Train);
            network = network.ReplaceHead(data.Train.ClassNames.Count, weights.Split("head"))
                .WithClassNames(data.Train.ClassNames);
        }

        network = Preprocessing.Apply(context, network, data.Train.SampleShape);
        return (Frozen(network, model, context.Get(Freeze)), data);
    }

    /// <summary>
    /// Freezes the parameters whose own name, or the name of a layer that uses them, starts with one of the prefixes.
    /// In files from elsewhere the two names need not have anything in common.
    /// </summary>
    internal static Network Frozen(Network network, string model, IReadOnlyList<string> prefixes)
    {
        var frozen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string prefix in prefixes)
        {
            string[] found =
            [
                .. network.Parameters.Select(parameter => parameter.Name).Where(Starts),
                .. network.Nodes.Where(node => Starts(node.Name)).SelectMany(node => node.Parameters),
            ];
            if (found.Length == 0)
            {
                throw ToolException.Usage($"--freeze: no layer with parameters and no parameter starts with this "
                    + $"prefix (got '{prefix}'); see temper inspect {model}");
            }

            frozen.UnionWith(found);

            bool Starts(string name) => name.StartsWith(prefix, StringComparison.Ordinal);
        }

        return network.WithTrainable(false, parameter => frozen.Contains(parameter.Name));
    }

    /// <summary>
    /// Creates a built-in network; throws if a setting that applies to stored networks only is given.
    /// </summary>
    private static (Network Network, DataSets Data) New(
        CommandContext context, string model, DataSets data, RandomStream weights)
    {
        Preprocessing.RequireUnusedForNew(context, model);
        if (context.Get(ReplaceHead) || context.Get(Freeze).Count > 0)
        {
            throw ToolException.Usage($"{(context.Get(ReplaceHead) ? ReplaceHead.Flag : Freeze.Flag)}: applies to "
                + $"stored networks only; all weights of {model} are new");
        }

        return (ModelSource.New(model, data.Train, TableScaling.OfNew(context, data), weights), data);
    }
}
