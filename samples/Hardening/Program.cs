using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Robustness.Feedback;
using Temper.Tensors;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.HardeningSample;

/// <summary>
/// Trains a small network on synthetic shapes, hardens it by feedback learning, and measures its robustness before and
/// after. <c>--tiny</c> runs in seconds, on fewer pictures.
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
        int side = train.SampleShape[1];
        Network network = Network.Build(InputSpec.Image(1, side, side), x => x
            .Conv2d(8, kernel: 3).Relu().MaxPool2d(2).Flatten().Linear(32).Relu().Linear(train.ClassNames.Count))
            .Initialize(RandomStream.FromSeed(1));
        var training = new TrainingOptions
        {
            Seed = 1, Epochs = isTiny ? 4 : 8, BatchSize = 32, Optimizer = new Adam { LearningRate = 2e-3f },
        };
        network = Trainer.Fit(network, train, validation, training).Network;

        var options = new FeedbackOptions
        {
            Seed = 1, Training = training, Rounds = isTiny ? 1 : 5, Epochs = isTiny ? 1 : 2,
            MaxProbed = isTiny ? 40 : 1000, MaxAccuracyDrop = isTiny ? 1 : 0.005,
        };
        FeedbackResult hard = FeedbackLearning.Run(network, options, new MethodRun((train, validation)));
        foreach (FeedbackRound round in hard.Rounds)
        {
            Console.WriteLine(
                $"round {round.Number}: accuracy {round.Accuracy:P1}, criteria relative to round 0 {round.Score:F3}, "
                + $"inequality of classes {round.Space.Inequality.Range:F3}");
        }

        (Tensor Inputs, Tensor Labels) samples = data.Test.Read(0, Math.Min(data.Test.Count, isTiny ? 20 : 200));
        var check = new UntrainedCheck
        {
            Budgets = [new AttackBudget(Robustness.Attacks.Norm.L2, 0.5)],
            Steps = isTiny ? 5 : 100, Queries = isTiny ? 50 : 5000,
        };
        var reference = new SampleReference(train);
        MeasuredNetwork before = Measure(network), after = Measure(hard.Network);
        Console.WriteLine($"kept round {hard.Best}: {hard.StopReason}");
        Console.WriteLine(
            $"accuracy under AutoAttack, L2 0.5: {before.Attacked!.Accuracies[0].Value:P1} before, "
            + $"{after.Attacked!.Accuracies[0].Value:P1} after");
        return 0;

        MeasuredNetwork Measure(Network measured) => MeasuredNetwork.Of(
            measured, samples, reference, (new ProbeOptions(), check), RandomStream.FromSeed(2));
    }
}
