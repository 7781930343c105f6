using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Runs;
using Temper.Compression.Pipeline;
using Temper.Compression.Quantization;
using Temper.Data;
using Temper.Formats.Models;
using Temper.Networks;
using Temper.Parallelism.Execution;
using Temper.Training.Runs;

namespace Temper.Cli.Commands;

/// <summary><c>temper compress</c>: compresses a trained network within a bound on the loss of accuracy.</summary>
internal sealed class CompressCommand()
    : RunCommand("compress", "Compress a trained network without losing more accuracy than allowed")
{
    /// <summary>Maximum number of held-out samples for measuring the sensitivity of each layer.</summary>
    private const int MaxForSensitivity = 1000;

    internal override bool SharesWork => true;

    internal override IReadOnlyList<Setting> Settings { get; } =
    [
        ModelSource.Setting, ModelSource.Architecture, ModelSource.Size, RunSettings.Data, .. Preprocessing.Settings,
        .. CompressionSettings.All, .. QuantizationSettings.All, .. TrainingSettings.All,
        .. RunSettings.All.Where(setting => setting != RunSettings.Validation),
    ];

    private protected override int Execute(CommandContext context)
    {
        using RankGroup ranks = RankGroup.Open();
        return ranks.Run(() => Execute(context, ranks));
    }

    /// <summary>Runs the compression: rank 0 trains, prunes and times; all ranks measure accuracy.</summary>
    private int Execute(CommandContext context, RankGroup ranks)
    {
        string model = context.Require(ModelSource.Setting), source = context.Get(RunSettings.Data);
        RequireUsable(context, model);
        (Network given, Network start, CompressionOptions options, DataSets data, DataSplit split) =
            Open(context, model, source);
        Dataset some = ForSensitivity(context, start, data, split);
        using SharedEvaluation? shared =
            ranks.Evaluation(("validation", split.Validation), ("sensitivity", some), ("test", split.Test));
        if (!ranks.IsFirst)
        {
            shared!.Follow();
            return ExitCode.Success;
        }

        using var run = new RunSession(
            context, new RunDescription(Name, model, source)
            {
                Title = $"{model} compressed on {source}", PlansTime = true, Split = _ => split,
                Start = ModelSource.IsStored(model) ? start : null, Given = given,
            }, data) { Shared = shared };
        start = StartingNetwork.Trained(run, model, start, options.Training!);
        (Measurement before, string? warning) = CompressionOutcome.MeasureBefore(
            run, start, CompressionSettings.Trains(context) && !CompressionSettings.IsOfTest(context),
            readsLabels: CompressionSettings.Trains(context));
        if (context.Get(CompressionSettings.Sensitivity))
        {
            double Accuracy(Network network) => run.Evaluate(network, some).Accuracy;
            run.Add(LayerSensitivity.ToSection(
                LayerSensitivity.Of(start, Accuracy), Accuracy(start), AnsweredDataset.MeasureOf(some)));
        }

        options = WithTimeLeft(context, options, run);
        CompressionResult result = Quantize(context, start, Compress(context, start, options, run), options, run);
        result = CompressionSettings.WithOptions(result);
        foreach (string remark in result.Remarks)
        {
            run.Note(remark);
        }

        result = warning is null ? result : result with { Remarks = [warning, .. result.Remarks] };
        return CompressionOutcome.Finish(
            context, run, (start, before, result, options), context.Get(CompressionSettings.Output));
    }

    /// <summary>
    /// Opens the network and the samples, and makes the checks that need no run: a refused command leaves no run folder
    /// behind. The network to start from is that of the logits, if the given one ends with a softmax.
    /// </summary>
    private static (Network Given, Network Start, CompressionOptions Options, DataSets Data, DataSplit Split) Open(
        CommandContext context, string model, string source)
    {
        bool trains = CompressionSettings.Trains(context), needsLabels = trains || !ModelSource.IsStored(model);
        RunSettings.RequireData(context, model);
        DataSets data = DataChoice.Open(context, source, needsLabels: needsLabels);
        (Network given, data) = StartingNetwork.Open(context, model, data);
        Network start = FinalSoftmax.RemovedToTrain(context, model, given);
        QuantizationOptions? quantization = QuantizationSettings.Options(context);
        CompressionOptions options = CompressionSettings.Options(context, TrainingSettings.Options(context)) with
        {
            LaterEpochs = quantization?.TuneEpochs ?? 0,
        };
        CompressionChecks.Require(start, options.Validated());
        if (needsLabels)
        {
            DataChecks.RequireToTrain(context, start, data);
        }
        else
        {
            DataChecks.RequireClasses(start, data.Train);
            DataChecks.RequireToMeasure(context, start, data.Test);
        }

        DataSplit split = needsLabels ? CompressionSettings.Split(context, data) : CompressionSettings.Whole(data);
        CompressionChecks.RequireToCalibrate(split.Train, context.Get(CompressionSettings.Calibrate));
        if (trains)
        {
            CompressionPipeline.Require(start, split.Validation, options);
        }

        if (quantization is not null)
        {
            QuantizationStage.Require(start, split.Train, options, quantization);
        }

        return (given, start, options, data, split);
    }

    /// <summary>
    /// Returns samples to measure the sensitivity of layers on: held-out ones, or, where none are held out, samples
    /// whose labels are the predictions of the network.
    /// </summary>
    private static Dataset ForSensitivity(CommandContext context, Network network, DataSets data, DataSplit split)
    {
        if (split.Validation.Count > 0 || !context.Get(CompressionSettings.Sensitivity))
        {
            return split.Validation.Spread(MaxForSensitivity);
        }

        Dataset samples = data.Train.Count > 0 ? data.Train : data.Test;
        return samples.Count > 0
            ? AnsweredDataset.Of(network, samples.Spread(MaxForSensitivity), context.Cancel)
            : throw ToolException.Usage($"{CompressionSettings.Sensitivity.Flag}: there are no samples to measure "
                + $"(got 0 from {samples.Name})");
    }

    /// <summary>
    /// Throws if options exclude each other or would have no effect, or if the output could not be written.
    /// </summary>
    private static void RequireUsable(CommandContext context, string model)
    {
        if (context.Get(CompressionSettings.DataFree) && context.Get(CompressionSettings.Calibrate) > 0)
        {
            throw ToolException.Usage("--data-free: excludes --calibrate, which reads samples; give only one of them");
        }

        if (context.Get(CompressionSettings.DataFree) && QuantizationSettings.Options(context) is not null)
        {
            throw ToolException.Usage(
                "--data-free: excludes --quantize, which calibrates ranges on samples; give --calibrate instead");
        }

        if (!CompressionSettings.Trains(context) && context.Get(RunSettings.MaxTime) is not null)
        {
            throw ToolException.Usage($"{RunSettings.MaxTime.Flag}: limits trainings, but --calibrate and --data-free "
                + "do not train; leave it out");
        }

        CompressionSettings.RefuseUnused(context, ModelSource.IsStored(model));
        if (ModelSource.IsStored(model)
            && TrainingSettings.OfFirstTraining.FirstOrDefault(context.Values.IsGiven) is { } unused)
        {
            throw ToolException.Usage($"compress: {unused.Flag} applies only to the training of a built-in network "
                + $"(got the stored network {model}); the stages have a cosine schedule and their own numbers of "
                + "epochs, such as --tune-epochs");
        }

        if (context.Get(CompressionSettings.Output) is { } output)
        {
            RequireUsable(output, model);
        }
    }

    /// <summary>Throws if the output has a format that is not written, or is the network itself.</summary>
    private static void RequireUsable(string output, string model)
    {
        ModelTarget.Require("compress", output, writesOnnx: false);
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(output)),
            source = Path.TrimEndingDirectorySeparator(Path.GetFullPath(model));
        if (Path.Exists(model) && (string.Equals(target, source, StringComparison.Ordinal)
            || string.Equals(Path.Combine(target, ModelFile.WeightsName), source, StringComparison.Ordinal)))
        {
            throw ToolException.Usage($"compress: --output must be a folder other than the network that is compressed "
                + $"(got {output}); choose another name");
        }
    }

    /// <summary>
    /// Returns the options with the time that is left: opening data and training a built-in network count. The seconds
    /// used are recorded, so that a resumed run, which does not train that network again, does not get them back.
    /// </summary>
    internal static CompressionOptions WithTimeLeft(CommandContext context, CompressionOptions options, RunSession run)
    {
        if (options.MaxTime is not { } limit)
        {
            return options;
        }

        double seconds = new SessionMethodRun(run).Measure(
            "plan", "seconds before", () => run.SecondsBefore + context.Elapsed.TotalSeconds);
        TimeSpan left = limit - TimeSpan.FromSeconds(seconds);
        return options with { MaxTime = left > TimeSpan.FromSeconds(1) ? left : TimeSpan.FromSeconds(1) };
    }

    /// <summary>Compresses with training, with unlabeled samples only, or without data.</summary>
    private static CompressionResult Compress(
        CommandContext context, Network start, CompressionOptions options, RunSession run)
    {
        var stages = new SessionMethodRun(run);
        int count = context.Get(CompressionSettings.Calibrate);
        return context.Get(CompressionSettings.DataFree)
            ? CompressionPipeline.RunDataFree(start, options, stages, context.Cancel)
            : count > 0 ? CompressionPipeline.Calibrate(start, run.Train!, count, options, stages, context.Cancel)
            : CompressionPipeline.Run(start, options, stages, context.Cancel);
    }

    /// <summary>Quantizes to 8 bit as the last stage, if requested.</summary>
    private static CompressionResult Quantize(
        CommandContext context, Network start, CompressionResult result, CompressionOptions options, RunSession run)
    {
        var stages = new SessionMethodRun(run);
        return QuantizationSettings.Options(context) is not { } quantization ? result
            : context.Get(CompressionSettings.Calibrate) > 0
                ? QuantizationStage.Calibrate(start, result, run.Train!, options, quantization, stages, context.Cancel)
            : QuantizationStage.Run(
                start, result, (run.Train!, run.Validation!), options, quantization, stages, context.Cancel);
    }
}
