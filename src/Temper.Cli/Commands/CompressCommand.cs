using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Runs;
using Temper.Compression.Pipeline;
using Temper.Data;
using Temper.Networks;
using Temper.Training;

namespace Temper.Cli.Commands;

/// <summary>Makes a trained network small and fast within a bound on accuracy.</summary>
internal sealed class CompressCommand() : RunCommand("compress", "Make a trained network small and fast within a bound on accuracy")
{
    internal override IReadOnlyList<Setting> Settings { get; } =
    [
        ModelSource.Setting, ModelSource.Architecture, ModelSource.Size, RunSettings.Data, .. Preprocessing.Settings, .. CompressionSettings.All, .. TrainingSettings.All,
        .. RunSettings.All.Where(setting => setting != RunSettings.Validation),
    ];

    private protected override int Execute(CommandContext context)
    {
        string model = context.Require(ModelSource.Setting), source = context.Get(RunSettings.Data);
        DataSets data = DataChoice.Open(context, source);
        (Network start, data) = StartingNetwork.Open(context, model, data);
        DataChecks.RequireToTrain(context, start, data);
        TrainingOptions training = TrainingSettings.Options(context);
        CompressionOptions options = CompressionSettings.Options(context, training);
        using var run = new RunSession(
            context,
            new RunDescription(Name, model, source)
            {
                Title = $"{model} made small on {source}", PlansTime = true, Split = sets => CompressionSettings.Split(context, sets),
            },
            data);
        start = StartingNetwork.Trained(run, model, start, training);
        CompressionResult result = context.Get(CompressionSettings.Calibrate) is > 0 and var count
            ? CompressionPipeline.Calibrate(start, run.Train!, count, options, new CompressionOutcome.SessionRun(run), context.Cancel)
            : CompressionPipeline.Run(start, run.Validation!, options, new CompressionOutcome.SessionRun(run), context.Time, context.Cancel);
        return CompressionOutcome.Finish(context, run, (start, result, options), context.Get(CompressionSettings.Output));
    }
}
