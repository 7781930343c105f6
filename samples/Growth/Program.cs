using Temper.Data;
using Temper.Growth;
using Temper.Growth.Blocks;
using Temper.Growth.Policies;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Training.Runs;

namespace Temper.GrowthSample;

/// <summary>
/// Finds the depth of a small residual network for synthetic shapes. <c>--tiny</c> runs in seconds, on fewer pictures.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        bool isTiny = arguments.Contains("--tiny", StringComparer.Ordinal);
        DataSets data = DataSource.Open(
            isTiny ? "synth:shapes?count=120&classes=3&size=12" : "synth:shapes?count=6000&classes=10&size=28");
        (Dataset train, Dataset validation) = data.SplitValidation(
            data.Train.Count / 10, RandomStream.FromSeed(1).Split("validation"));

        // The seed network: one block per stage.
        StagedFamily family = StagedFamily.ByName("basic3") with { Widths = isTiny ? [2, 4, 8] : [8, 16, 32] };
        var zoo = new ZooOptions
        {
            Input = InputSpec.Image(1, train.SampleShape[1], train.SampleShape[2]), Classes = train.ClassNames.Count,
        };
        var seed = GrowableNetwork.Of(family, [1, 1, 1], zoo);
        seed = seed.With(seed.Network.Initialize(RandomStream.FromSeed(1).Split("weights")));

        var options = new GrowthOptions
        {
            Interval = isTiny ? 1 : 3, Stopping = new AccuracyGain { Window = isTiny ? 2 : 12 },
            FinishEpochs = isTiny ? 2 : 20, MaxEpochs = isTiny ? 5 : 200,
        };
        var training = new TrainingOptions
        {
            Seed = 1, BatchSize = 32,
            Optimizer = new Sgd { LearningRate = 0.05f, Momentum = 0.9f, WeightDecay = 5e-4f },
        };
        GrowthResult found = AutoGrow.Run(seed, options, training, new MethodRun((train, validation)));

        foreach (GrowthStep step in found.Record.Path)
        {
            string accuracy = step.Accuracy is { } heldOut ? $"held out {heldOut:P1}  " : "";
            Console.WriteLine(
                $"epoch {step.Epoch,3}  {step.Event,-9}  {string.Join('-', step.Depths),-9}  "
                + $"{accuracy}{step.Macs / 1e6:F2} million MACs");
        }

        Console.WriteLine(
            $"found {found.Network}: test accuracy "
            + $"{Evaluator.Evaluate(found.Network.Network, data.Test).Accuracy:P1}");
        return 0;
    }
}
