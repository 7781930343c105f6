using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Runs;
using Temper.Compression.DeepHoyer;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Training;

namespace Temper.Cli.Commands;

/// <summary>
/// What the tool is for, on real pictures, in minutes: trains LeNet-5; goes on from there with the Hoyer-Square regularizer, prunes and
/// fine-tunes, and beside it dense, with as many epochs; measures both once on the test samples.
/// </summary>
internal sealed class DemoCommand() : RunCommand("demo", "Train LeNet-5 on clothes, make it lean, and show both in a report")
{
    private const string Model = "lenet-5-caffe";

    private static readonly Setting<int> DenseEpochs = Setting.Integer("dense-epochs", "Epochs that both networks begin with", usual: 5);

    private static readonly Setting<int> SparseEpochs = Setting.Integer("sparse-epochs", "Epochs with the regularizer", usual: 7);

    private static readonly Setting<int> TuneEpochs = Setting.Integer("tune-epochs", "Epochs after pruning", usual: 12);

    private static readonly Setting<double> Strength = Setting.Number("strength", "Price of a unit of the regularizer", usual: 8e-6);

    private static readonly Setting<double> Threshold = Setting.Number("threshold", "Weights below this multiple of their layer's deviation go", usual: 0.42);

    internal override IReadOnlyList<Setting> Settings { get; } =
    [
        RunSettings.Data, DenseEpochs, SparseEpochs, TuneEpochs, Strength, Threshold, .. RunSettings.All,
    ];

    private protected override int Execute(CommandContext context)
    {
        string source = context.Get(RunSettings.Data);
        DataSets data = DataForModel.ForNew(context, FitOptions.None, DataChoice.Open(context, source));
        var weights = Randomness.RandomStream.FromSeed(context.Get(RunSettings.Seed)).Split("weights");
        Network fresh = ModelSource.New(Model, data.Train, normalize: null, weights);
        DataChecks.RequireToTrain(context, fresh, data);
        int sparseEpochs = context.Get(SparseEpochs), tuneEpochs = context.Get(TuneEpochs);
        using var run = new RunSession(context, new RunDescription(Name, Model, source) { Title = $"{Model} made lean on {source}" }, data);

        // Both networks overfit without some smoothing of the labels, the lean one more than the dense one.
        var loss = new CrossEntropyLoss { LabelSmoothing = 0.05f };
        TrainingOptions options = new() { Seed = run.Seed, Loss = loss, Schedule = new CosineSchedule(), Optimizer = new Adam { LearningRate = 1e-3f } };

        run.Note($"1 of 4: training, {context.Get(DenseEpochs)} epochs");
        Network start = run.Fit("start", fresh, options with { Epochs = context.Get(DenseEpochs) }).Network;
        options = options with { Seed = run.Seed + 1 };
        run.Note($"2 of 4: {sparseEpochs + tuneEpochs} epochs more, dense, to compare with");
        TrainingResult dense = run.Fit("dense", start, options with { Epochs = sparseEpochs + tuneEpochs });
        run.Note($"3 of 4: from the same start with Hoyer-Square, {sparseEpochs} epochs");
        TrainingOptions lean = options with { Regularizers = [new HoyerSquare { Strength = (float)context.Get(Strength) }] };
        TrainingResult sparse = run.Fit("sparse", start, lean with { Epochs = sparseEpochs });
        Network pruned = sparse.Last.Prune(PruningRule.StandardDeviations((float)context.Get(Threshold)));
        run.Note($"4 of 4: {SparsityReport.Of(pruned).Nonzero:N0} weights left; fine-tuning, {tuneEpochs} epochs, zeros frozen");

        // The regularizer stays: without it the few weights that are left overfit.
        TrainingResult tuned = run.Fit("tune", pruned, lean with { Epochs = tuneEpochs, Seed = run.Seed + 2 });

        run.Measure("dense", dense.Network, "dense.safetensors");
        Measurement measured = run.Measure("lean", tuned.Network, ModelSource.ResultName);
        run.Add(SparsitySection.Of(run.Weights));
        return run.Finish(measured);
    }
}
