using Temper.Data;
using Temper.Kernels;
using Temper.Networks;
using Temper.Optimization;
using Temper.Parallelism.Collectives;
using Temper.Parallelism.Planning;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Parallelism.Tests.Execution;

/// <summary>Small training runs on ranks that are threads.</summary>
internal static class RankRuns
{
    internal static TrainingOptions Options { get; } = new()
    {
        Seed = 3, Epochs = 3, BatchSize = 12, Optimizer = new Sgd { LearningRate = 0.05f, Momentum = 0.9f },
    };

    /// <summary>Two convolutions and two linear layers whose widths are divisible by 4.</summary>
    internal static Network Even { get; } = Chain(channels: 4, width: 8, features: 12, classes: 4, hasBias: false);

    /// <summary>Widths that are divisible neither by 3 nor by 4; with biases.</summary>
    internal static Network Uneven { get; } = Chain(channels: 5, width: 7, features: 11, classes: 10, hasBias: true);

    /// <summary>Random samples; the default count is prime, so that ranks get unequal parts.</summary>
    internal static Dataset Data(Network network, int count = 29)
    {
        int classes = network.Graph.ShapeOf(network.Outputs[0].Value)[-1];
        float[] values = new float[count * network.Inputs[0].SampleShape.Count];
        long[] labels = new long[count];
        for (int i = 0; i < count; i++)
        {
            labels[i] = i % classes;
        }

        RandomStream.FromSeed(9).FillGaussian(values);
        return new TensorDataset("noise", Tensor.From(values, [count, .. network.Inputs[0].SampleShape.AsSpan()]), Tensor.From(labels, [count]));
    }

    /// <summary>Trains on ranks; returns the result of rank 0 and the mean loss after every step.</summary>
    internal static (TrainingResult Result, double[] Losses) Train(
        Network network, int ranks, Func<Communicator, TrainingRanks> share, TrainingOptions? options = null) =>
        TrainAll(network, ranks, share, options)[0];

    /// <summary>Like <see cref="Train"/>, but returns the results of all ranks.</summary>
    internal static IReadOnlyList<(TrainingResult Result, double[] Losses)> TrainAll(
        Network network, int ranks, Func<Communicator, TrainingRanks> share, TrainingOptions? options = null)
    {
        Dataset data = Data(network);
        return InProcessGroup.Run(ranks, group =>
        {
            using var pool = new WorkerPool(1);
            using WorkerPool.Usage usage = pool.Use();
            var losses = new Losses();
            TrainingRanks shared = share(group);
            try
            {
                TrainingOptions own = (options ?? Options) with { Ranks = shared, Callbacks = [losses] };
                bool resumes = own.CheckpointFolder is { } folder && Trainer.CanResume(folder);
                group.Barrier();
                return (resumes ? Trainer.Resume(network, data, data, own) : Trainer.Fit(network, data, data, own), losses.Values.ToArray());
            }
            finally
            {
                (shared as IDisposable)?.Dispose();
            }
        });
    }

    internal static void AssertClose(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double worst = expected.Zip(actual, (a, b) => Math.Abs(a - b) / Math.Abs(a)).Max();
        Assert.True(worst < 1e-5, $"losses differ by {worst:E2}");
    }

    internal static RankPlan Plan(Network network, int ranks, params string[] levels) => new()
    {
        Network = "network", Accelerators = ranks, Batch = 12, Levels = levels,
        Layers = [.. network.Nodes.Where(node => node.Operator is Conv2d or Linear).Select(node => node.Name)],
    };

    private static Network Chain(int channels, int width, int features, int classes, bool hasBias) =>
        Network.Build(new InputSpec { SampleShape = [4, 10, 10] }, x => x
            .Apply(new Conv2d(channels, (3, 3)) { HasBias = hasBias }).Relu().MaxPool2d(2)
            .Apply(new Conv2d(width, (3, 3)) { HasBias = hasBias }).Relu()
            .Flatten().Linear(features, hasBias).Relu().Linear(classes, hasBias)).Initialize(RandomStream.FromSeed(4));

    private sealed class Losses : ITrainingCallback
    {
        internal List<double> Values { get; } = [];

        public void OnStep(StepProgress progress) => Values.Add(progress.Loss);

        public void OnEpoch(EpochResult epoch) => Values.Add(epoch.ValidationLoss);
    }
}
