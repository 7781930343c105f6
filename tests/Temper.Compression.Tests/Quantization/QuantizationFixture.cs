using System.Globalization;
using Temper.Compression.Pipeline;
using Temper.Data;
using Temper.Data.Synthetic;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Training.Runs;

namespace Temper.Compression.Tests.Quantization;

/// <summary>A network that trains in a second, and runs with fixed times.</summary>
internal static class QuantizationFixture
{
    internal static readonly Dataset Train = SyntheticShapes.Draw(400, 4, 12, channels: 1, RandomStream.FromSeed(1));

    internal static readonly Dataset Validation = SyntheticShapes.Draw(200, 4, 12, channels: 1, RandomStream.FromSeed(2));

    internal static readonly Lazy<Network> Trained = new(() => Trainer.Fit(
        Network.Build(InputSpec.Image(channels: 1, height: 12, width: 12, min: 0, max: 1), x =>
        {
            Value stem = x.Conv2d(8, kernel: 3, padding: 1, bias: false, name: "conv1").BatchNorm("bn1").Relu("relu1").MaxPool2d(2);
            return (stem.Conv2d(8, kernel: 3, padding: 1, name: "conv2").BatchNorm("bn2") + stem).Relu("relu2").MaxPool2d(2).Flatten().Linear(32, name: "fc1").Relu().Linear(4, name: "fc2");
        }).Initialize(RandomStream.FromSeed(3)),
        Train,
        Validation,
        new TrainingOptions { Seed = 4, Epochs = 6, BatchSize = 20, Optimizer = new Adam { LearningRate = 3e-3f } }).Network);

    internal static readonly CompressionOptions Options = new()
    {
        Seed = 5, MaxAccuracyDrop = 2, Structure = CompressionStructure.None, Goal = CompressionGoal.Bytes,
        Training = new TrainingOptions { Seed = 5, BatchSize = 20, Optimizer = new Adam { LearningRate = 2e-3f } },
    };

    internal static double Accuracy(Network network) => Evaluator.Evaluate(network, Validation).Accuracy;

    /// <summary>Trains in memory; choices that depend on time are fixed.</summary>
    /// <param name="slower">Time of the 8-bit network relative to float32.</param>
    /// <param name="slowLayers">Names of layers that are slower with 8 bits, separated by spaces.</param>
    /// <param name="isMixedFaster">Whether the network with those layers in float32 is faster.</param>
    internal sealed class RecordedRun(double slower = 1, string slowLayers = "", bool isMixedFaster = false) : IMethodRun
    {
        Dataset IMethodRun.Train => Train;

        Dataset IMethodRun.Validation => Validation;

        public TimeProvider Time { get; init; } = TimeProvider.System;

        /// <summary>Number of epochs of each trained stage.</summary>
        internal Dictionary<string, int> Epochs { get; } = new(StringComparer.Ordinal);

        internal List<string> Choices { get; } = [];

        internal List<string> Notes { get; } = [];

        public void Note(string line) => Notes.Add(line);

        public TrainingResult Fit(string stage, Network network, TrainingOptions options)
        {
            Epochs[stage] = options.Epochs;
            return Trainer.Fit(network, Train, Validation, options);
        }

        public string Choose(string stage, string name, Func<string> choose)
        {
            Choices.Add(name);
            return name switch
            {
                "slow layers" => slowLayers,
                "float32 for slow layers" => isMixedFaster ? "yes" : "no",
                "time beside float32" => slower.ToString(CultureInfo.InvariantCulture),
                "epochs" or "epochs and trials" => choose(),
                _ => "1",
            };
        }
    }
}
