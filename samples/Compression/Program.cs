using Temper.Compression.Pipeline;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Training;
using Temper.Training.Evaluation;

namespace Temper.CompressionSample;

/// <summary>
/// Trains a network on synthetic shapes and compresses it, with and without training. <c>--tiny</c> runs in seconds, on
/// fewer pictures.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        bool isTiny = arguments.Contains("--tiny", StringComparer.Ordinal);
        DataSets data = DataSource.Open(
            isTiny ? "synth:shapes?count=300&classes=3&size=12" : "synth:shapes?count=6000&classes=10&size=28");
        (Dataset train, Dataset validation) = data.SplitValidation(
            data.Train.Count / 5, RandomStream.FromSeed(1).Split("validation"));
        InputSpec input = InputSpec.Image(1, train.SampleShape[1], train.SampleShape[2], min: 0, max: 1);
        Network network = Network.Build(input, x => x
            .Conv2d(16, kernel: 3, padding: 1, bias: false).BatchNorm().Relu().MaxPool2d(2)
            .Conv2d(32, kernel: 3, padding: 1, bias: false).BatchNorm().Relu().MaxPool2d(2)
            .Flatten().Linear(64).Relu().Linear(train.ClassNames.Count))
            .Initialize(RandomStream.FromSeed(1).Split("weights"));
        var training = new TrainingOptions
        {
            Seed = 1, Epochs = isTiny ? 6 : 8, BatchSize = 32, Optimizer = new Adam { LearningRate = 2e-3f },
        };
        network = Trainer.Fit(network, train, validation, training).Network;
        Tell("trained", network, data.Test);

        // Sensitivity: accuracy when the weights of one layer alone are pruned.
        foreach (LayerSensitivity layer in LayerSensitivity.Of(network, validation))
        {
            Console.WriteLine($"  {layer.Layer}: " + string.Join(
                ", ", layer.Accuracy.Select(part => $"{part.Value:P0} with {part.Key:P0} zeros")));
        }

        // Searches within a bound on accuracy. Held-out samples are used for selection, test samples only for the
        // figures printed.
        var options = new CompressionOptions
        {
            Seed = 2, MaxAccuracyDrop = 3, Structure = CompressionStructure.Channels, Goal = CompressionGoal.Macs,
            Trials = isTiny ? 1 : 4, RegularizeEpochs = isTiny ? 1 : 4, TuneEpochs = isTiny ? 2 : 4,
            Training = training,
        };
        CompressionResult hoyer = CompressionPipeline.Run(network, train, validation, options);
        Tell(hoyer.IsWithinBound ? "DeepHoyer" : "DeepHoyer, outside the bound", hoyer.Network, data.Test);
        Tell("L1", CompressionPipeline.Run(
            network, train, validation, options with { Method = CompressionMethod.L1 }).Network, data.Test);

        // Pruning alone, without training.
        Tell("half of the weights", network.Prune(PruningRule.GlobalSparsity(0.5)), data.Test);
        return 0;
    }

    private static void Tell(string name, Network network, Dataset test) => Console.WriteLine(
        $"{name}: test accuracy {Evaluator.Evaluate(network, test).Accuracy:P1}, "
        + $"{SparsityReport.Of(network).Nonzero:N0} weights, {network.Cost().NonzeroMacs / 1e6:F2} million MACs");
}
