using Temper.Compression.Activations;
using Temper.Compression.Pipeline;
using Temper.Compression.Quantization;
using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Training;
using Temper.Training.Evaluation;

namespace Temper.ActivationsSample;

/// <summary>
/// Trains a network on synthetic shapes, then prunes its activations: together with its weights (JPnet), by channels
/// (DASNet), and finally by channels with 8-bit quantization. <c>--tiny</c> runs in seconds, on fewer pictures.
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
        var training = new TrainingOptions
        {
            Seed = 1, Epochs = isTiny ? 6 : 8, BatchSize = 32, Optimizer = new Adam { LearningRate = 2e-3f },
        };
        Network network = Trainer.Fit(Create(train), train, validation, training).Network;
        Tell("trained", network, data.Test);

        // Searches within a bound on accuracy. Held-out samples are used for selection, test samples only for the
        // figures printed.
        var options = new CompressionOptions
        {
            Seed = 2, MaxAccuracyDrop = 3, Goal = CompressionGoal.Macs, Trials = isTiny ? 1 : 4,
            RegularizeEpochs = isTiny ? 1 : 6, TuneEpochs = isTiny ? 2 : 4, Training = training,
        };
        CompressionResult joint = CompressionPipeline.Run(
            network, train, validation,
            options with { Structure = CompressionStructure.Element, Activations = CompressionActivations.Joint });
        Tell("JPnet", joint.Network, data.Test);

        // Thresholds calibrated on samples replace the ranking, so that nothing is sorted at run time.
        Tell("JPnet, thresholds", WinnerThresholds.Calibrate(joint.Network, validation), data.Test);
        CompressionResult winners = CompressionPipeline.Run(
            network, train, validation,
            options with { Structure = CompressionStructure.None, Activations = CompressionActivations.Winners });
        Tell("DASNet", winners.Network, data.Test);

        // Winners-take-all and 8-bit quantization combined; ranges are calibrated on samples, without training.
        Tell("DASNet, 8 bit", winners.Network.Quantize(train.Read(0, 100).Inputs), data.Test);
        return 0;
    }

    private static Network Create(Dataset train) => Network.Build(
        InputSpec.Image(1, train.SampleShape[1], train.SampleShape[2], min: 0, max: 1), x => x
        .Conv2d(16, kernel: 3, padding: 1, bias: false).BatchNorm().Relu().MaxPool2d(2)
        .Conv2d(32, kernel: 3, padding: 1, bias: false).BatchNorm().Relu().MaxPool2d(2)
        .Flatten().Linear(64).Relu().Linear(train.ClassNames.Count))
        .Initialize(RandomStream.FromSeed(1).Split("weights"));

    private static void Tell(string name, Network network, Dataset test)
    {
        ActivationCount count = ActivationCount.Of(network, test);
        Console.WriteLine(
            $"{name}: test accuracy {Evaluator.Evaluate(network, test).Accuracy:P1}, "
            + $"{count.Activations:P1} of the activations nonzero, "
            + $"{count.MacsZeroInputsCounted / 1e3:F1} thousand MACs");
    }
}
