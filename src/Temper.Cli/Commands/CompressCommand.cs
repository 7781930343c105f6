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
        if (context.Get(CompressionSettings.DataFree) && context.Get(CompressionSettings.Calibrate) > 0)
        {
            throw ToolException.Usage("--data-free: excludes --calibrate, which reads samples; give only one of them");
        }

        if (context.Get(CompressionSettings.DataFree) && QuantizationSettings.Options(context) is not null)
        {
            throw ToolException.Usage(
                "--data-free: excludes --quantize, which calibrates ranges on samples; give --calibrate instead");
        }

        TrainingOptions training = TrainingSettings.Options(context);
        CompressionOptions options = CompressionSettings.Options(context, training) with
        {
            LaterEpochs = QuantizationSettings.Options(context)?.TuneEpochs ?? 0,
        };
        DataSplit split = CompressionSettings.Split(context, data);
        Dataset some = split.Validation.Take(MaxForSensitivity);
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
        bool isTrained = !context.Get(CompressionSettings.DataFree) && context.Get(CompressionSettings.Calibrate) == 0;
        (Measurement before, string? warning) =
            CompressionOutcome.MeasureBefore(run, start, isTrained && !CompressionSettings.IsOfTest(context));
        if (context.Get(CompressionSettings.Sensitivity))
        {
            double Accuracy(Network network) => run.Evaluate(network, some).Accuracy;
            run.Add(LayerSensitivity.ToSection(LayerSensitivity.Of(start, Accuracy), Accuracy(start)));
        }

        CompressionResult result = Quantize(context, start, Compress(context, start, options, run), options, run);
        result = warning is null ? result : result with { Remarks = [warning, .. result.Remarks] };
        return CompressionOutcome.Finish(
            context, run, (start, before, result, options), context.Get(CompressionSettings.Output));
    }

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
