using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Robustness.Attacks;
using Temper.Robustness.Criteria;
using Temper.Robustness.Evaluation;
using Temper.Tensors;
using Temper.Training;

namespace Temper.AttacksSample;

/// <summary>
/// Trains a small network on synthetic shapes and measures its robustness. <c>--tiny</c> runs in seconds, on fewer
/// pictures.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        bool isTiny = arguments.Contains("--tiny", StringComparer.Ordinal);
        DataSets data = DataSource.Open(
            isTiny ? "synth:shapes?count=200&classes=3&size=12" : "synth:shapes?count=6000&classes=10&size=28");
        (Dataset train, Dataset validation) = data.SplitValidation(
            data.Train.Count / 10, RandomStream.FromSeed(1).Split("validation"));
        InputSpec input = InputSpec.Image(1, train.SampleShape[1], train.SampleShape[2], min: 0, max: 1);
        Network network = Network.Build(input, x => x
            .Conv2d(8, kernel: 3).Relu().MaxPool2d(2).Conv2d(16, kernel: 3).Relu()
            .Flatten().Linear(32).Relu().Linear(train.ClassNames.Count))
            .Initialize(RandomStream.FromSeed(1).Split("weights"));
        network = Trainer.Fit(network, train, validation, new TrainingOptions
        {
            Seed = 1, Epochs = isTiny ? 4 : 8, Optimizer = new Adam { LearningRate = 2e-3f },
        }).Network;

        // The smallest adversarial perturbation of each sample.
        (Tensor images, Tensor labels) = data.Test.Read(0, Math.Min(data.Test.Count, isTiny ? 20 : 200));
        Criterion wrong = Criterion.Misclassified(labels.AsSpan<long>());
        AttackResult smallest = new MinimalL2().Run(network, images, wrong, RandomStream.FromSeed(2));
        Console.WriteLine($"median of the smallest L2 perturbations: {smallest.MedianDistance(Norm.L2):G3}");

        // Attacks with the same radius, from the weakest to the strongest.
        foreach (Attack attack in (Attack[])
            [
                new Noise { Epsilon = 0.1 }, new Fgsm { Epsilon = 0.1 }, new Pgd { Epsilon = 0.1 },
                new DecayingSteps { Epsilon = 0.1 },
                new AutoAttack { Epsilon = 0.1, Queries = isTiny ? 100 : 5000 },
            ])
        {
            AttackResult found = attack.Run(network, images, wrong, RandomStream.FromSeed(2));
            Console.WriteLine($"{attack.Name,-12} L-inf 0.1: robust accuracy {found.RobustAccuracy:P1}");
        }

        // Checks whether these figures can be trusted: useless gradients make any network look robust.
        IReadOnlyList<TrustCheck> checks = TrustChecks.Run(
            new NetworkTarget(network), images, labels.AsSpan<long>(), RandomStream.FromSeed(3));
        Console.WriteLine($"verdict: {TrustChecks.Verdict(checks)}");
        return 0;
    }
}
