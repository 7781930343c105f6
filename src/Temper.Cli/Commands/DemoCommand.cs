using Temper.Cli.Attacks;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Runs;
using Temper.Compression.Pipeline;
using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Training;
using Temper.Wording;

namespace Temper.Cli.Commands;

/// <summary>
/// <c>temper demo</c>: trains LeNet-5 on real pictures, compresses it within a bound on accuracy, measures both
/// networks once on the test samples, and attacks both. Takes a few minutes.
/// </summary>
internal sealed class DemoCommand()
    : RunCommand("demo", "Train LeNet-5 on Fashion-MNIST, compress it, and compare the two networks in a report")
{
    private const string Model = "lenet-5-caffe";

    private static readonly Setting<int> Epochs =
        Setting.Integer("epochs", "Epochs of training before anything is removed", defaultValue: 6);

    private static readonly Setting<int> StageEpochs = Setting.Integer(
        "stage-epochs", "Epochs with the regularizer, and for each trial after pruning", defaultValue: 3);

    private static readonly Setting<double> Drop =
        Setting.Number("max-accuracy-drop", "Largest accepted loss of accuracy, in percentage points, 0 to 100",
            defaultValue: 0.5, maximum: 100);

    internal override IReadOnlyList<Setting> Settings =>
        field ??= [RunSettings.Data, Epochs, StageEpochs, Drop, .. RunSettings.All];

    private protected override int Execute(CommandContext context)
    {
        string source = context.Get(RunSettings.Data);
        DataSets data = DataChoice.Open(context, source);
        Network fresh = ModelSource.New(
            Model, data.Train, normalize: null,
            RandomStream.FromSeed(context.Get(RunSettings.Seed)).Split("weights"));
        DataChecks.RequireToTrain(context, fresh, data);
        using var run = new RunSession(
            context, new RunDescription(Name, Model, source) { Title = $"{Model} compressed on {source}" }, data);
        TrainingOptions training = new()
        {
            Seed = run.Seed, Epochs = context.Get(Epochs), Loss = new CrossEntropyLoss { LabelSmoothing = 0.05f },
            Schedule = new CosineSchedule(), Optimizer = new Adam { LearningRate = 1e-3f },
        };
        run.Note($"1 of 3: training, {Plural.Of(training.Epochs, "epoch")}");
        Network dense = run.Fit("train", fresh, training).Network;
        run.Note("2 of 3: compressing: first channels, then blocks of weights");
        CompressionOptions options = new()
        {
            Seed = run.Seed + 1, MaxAccuracyDrop = context.Get(Drop), RegularizeEpochs = context.Get(StageEpochs),
            TuneEpochs = context.Get(StageEpochs), Trials = 2, Training = training,
        };
        (Measurement before, _) = CompressionOutcome.MeasureBefore(run, dense, isOfTraining: true);
        CompressionResult result = CompressionPipeline.Run(dense, options, new SessionMethodRun(run), context.Cancel);
        run.Note("3 of 3: measuring both networks on the test samples, and attacking them");
        if (run.Data!.Test.Count > 0)
        {
            run.Add(AttackBeforeAfter.Compare(
                run, [("before", dense), ("after", result.Network)], run.Data.Test, context.Cancel));
        }

        return CompressionOutcome.Finish(context, run, (dense, before, result, options));
    }
}
