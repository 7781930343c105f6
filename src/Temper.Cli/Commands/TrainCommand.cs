using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Runs;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Networks;
using Temper.Training;

namespace Temper.Cli.Commands;

/// <summary>Trains a network and measures the best epoch's on the test samples.</summary>
internal sealed class TrainCommand() : RunCommand("train", "Train a network; the epoch is chosen on samples held out of the training set")
{
    private static readonly Setting<bool> FreezeZeros = Setting.Switch("freeze-zeros", "Keep weights that are zero at zero");

    internal override IReadOnlyList<Setting> Settings { get; } =
    [
        ModelSource.Setting, RunSettings.Data, ModelSource.Normalize, .. TrainingSettings.All, .. RegularizerSettings.All, FreezeZeros,
        RunSettings.Validation, RunSettings.Seed, RunSettings.Runs, RunSettings.Resume, RunSettings.FailBelow,
    ];

    private protected override int Execute(CommandContext context)
    {
        string model = context.Require(ModelSource.Setting), source = context.Get(RunSettings.Data);
        TrainingOptions options = TrainingSettings.Options(context) with { Terms = RegularizerSettings.Terms(context) };
        DataSets data = DataChoice.Open(context, source);
        var weights = Randomness.RandomStream.FromSeed(options.Seed).Split("weights");
        Network start = ModelSource.OpenToTrain(model, data.Train, context.Get(ModelSource.Normalize), weights);
        using var run = new RunSession(context, new RunDescription(Name, model, source), data);
        run.Note($"{model}: {start.Cost().Parameters:N0} parameters; {source}: {run.Train!.Count:N0} samples to train on, {run.Validation!.Count:N0} to choose the epoch, seed {run.Seed}");
        TrainingResult result = run.Fit("train", context.Get(FreezeZeros) ? start.MaskZeros() : start, options, isOnly: true);
        return run.Finish(run.Measure("result", result.Network, ModelSource.ResultName));
    }
}
