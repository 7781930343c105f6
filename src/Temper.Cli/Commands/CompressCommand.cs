using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Runs;
using Temper.Compression.Pipeline;
using Temper.Compression.Quantization;
using Temper.Data;
using Temper.Networks;
using Temper.Parallelism.Execution;
using Temper.Training;

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
        DataSets data = DataChoice.Open(context, source);
        (Network start, data) = StartingNetwork.Open(context, model, data);
        DataChecks.RequireToTrain(context, start, data);
        RequireUsable(context, model);
        TrainingOptions training = TrainingSettings.Options(context);
        CompressionOptions options = CompressionSettings.Options(context, training) with
        {
            LaterEpochs = QuantizationSettings.Options(context)?.TuneEpochs ?? 0,
        };
        DataSplit split = CompressionSettings.Split(context, data);
        if (Trains(context))
        {
            CompressionPipeline.Require(start, split.Validation, options);
        }

        Dataset some = split.Validation.Spread(MaxForSensitivity);
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
            }, data) { Shared = shared };
        if (QuantizationSettings.Options(context) is { } quantization)
        {
            QuantizationStage.Require(start, run.Train!, options, quantization);
        }

        start = StartingNetwork.Trained(run, model, start, training);
        (Measurement before, string? warning) =
            CompressionOutcome.MeasureBefore(run, start, Trains(context) && !CompressionSettings.IsOfTest(context));
        if (context.Get(CompressionSettings.Sensitivity))
        {
            double Accuracy(Network network) => run.Evaluate(network, some).Accuracy;
            run.Add(LayerSensitivity.ToSection(LayerSensitivity.Of(start, Accuracy), Accuracy(start)));
        }

        options = WithTimeLeft(context, options);
        CompressionResult result = Quantize(context, start, Compress(context, start, options, run), options, run);
        result = warning is null ? result : result with { Remarks = [warning, .. result.Remarks] };
        return CompressionOutcome.Finish(
            context, run, (start, before, result, options), context.Get(CompressionSettings.Output));
    }

    /// <summary>Whether the network is trained while it is compressed.</summary>
    private static bool Trains(CommandContext context) =>
        context.Get(CompressionSettings.Calibrate) == 0 && !context.Get(CompressionSettings.DataFree);

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

        if (!Trains(context) && context.Get(RunSettings.MaxTime) is not null)
        {
            throw ToolException.Usage($"{RunSettings.MaxTime.Flag}: limits trainings, but --calibrate and --data-free "
                + "do not train; leave it out");
        }

        if (ModelSource.IsStored(model)
            && TrainingSettings.OfFirstTraining.FirstOrDefault(context.Values.IsGiven) is { } unused)
        {
            throw ToolException.Usage($"compress: {unused.Flag} applies only to the training of a built-in network "
                + $"(got the stored network {model}); the stages have a cosine schedule and their own numbers of "
                + "epochs, such as --tune-epochs");
        }

        if (context.Get(CompressionSettings.Output) is { } output
            && (File.Exists(output) || (Path.Exists(model)
                && string.Equals(Path.GetFullPath(output), Path.GetFullPath(model), StringComparison.Ordinal))))
        {
            throw ToolException.Usage($"compress: --output must be a folder other than the network that is compressed "
                + $"(got {output}); choose another name");
        }
    }

    /// <summary>
    /// Returns the options with the time that is left: opening data and training a built-in network count.
    /// </summary>
    private static CompressionOptions WithTimeLeft(CommandContext context, CompressionOptions options) =>
        options.MaxTime is not { } limit ? options : options with
        {
            MaxTime = limit - context.Elapsed is var left && left > TimeSpan.FromSeconds(1)
                ? left
                : TimeSpan.FromSeconds(1),
        };

    /// <summary>Compresses with training, with unlabeled samples only, or without data.</summary>
    private static CompressionResult Compress(
        CommandContext context, Network start, CompressionOptions options, RunSession run)
    {
        var stages = new CompressionOutcome.SessionRun(run);
        int count = context.Get(CompressionSettings.Calibrate);
        return context.Get(CompressionSettings.DataFree)
            ? CompressionPipeline.WithoutData(start, options, stages, context.Cancel)
            : count > 0 ? CompressionPipeline.Calibrate(start, run.Train!, count, options, stages, context.Cancel)
            : CompressionPipeline.Run(start, run.Validation!, options, stages, context.Time, context.Cancel);
    }

    /// <summary>Quantizes to 8 bit as the last stage, if requested.</summary>
    private static CompressionResult Quantize(
        CommandContext context, Network start, CompressionResult result, CompressionOptions options, RunSession run)
    {
        var stages = new CompressionOutcome.SessionRun(run);
        return QuantizationSettings.Options(context) is not { } quantization ? result
            : context.Get(CompressionSettings.Calibrate) > 0
                ? QuantizationStage.Calibrate(start, result, run.Train!, options, quantization, stages, context.Cancel)
            : QuantizationStage.Run(
                start, result, (run.Train!, run.Validation!), options, quantization, stages, context.Cancel);
    }
}
