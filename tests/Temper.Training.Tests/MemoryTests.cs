using Temper.Data;
using Temper.Data.Augmentation;
using Temper.Data.Synthetic;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests;

/// <summary>What a step in steady state leaves to the garbage collector, measured inside a run as users start it.</summary>
[Collection(AloneCollection.Name)]
public sealed class MemoryTests(Xunit.Abstractions.ITestOutputHelper output)
{
    [Theory]
    [InlineData("lenet-5", 1, 28, 1000, 4, 16)]
    [InlineData("lenet-5", 1, 28, 100, 64, 16)]
    [InlineData("lenet-300-100", 1, 28, 100, 64, 16)]
    [InlineData("resnet-20", 3, 32, 60, 4, 64)]
    public void A_step_in_steady_state_allocates_little(string name, int channels, int size, int steps, int batch, int mostKibibytes)
    {
        const int WarmUp = 30;
        Dataset train = SyntheticShapes.Draw(batch * (steps + WarmUp + 10), 10, size, channels, RandomStream.FromSeed(1));
        Network network = NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(2));
        var meter = new Meter(WarmUp, WarmUp + steps);
        Trainer.Fit(network, train, train.Take(batch), new TrainingOptions
        {
            Seed = 3,
            Epochs = 1,
            BatchSize = batch,
            Optimizer = new Sgd { LearningRate = 1e-3f, Momentum = 0.9f },
            Transforms = [new RandomCrop(2), new HorizontalFlip()],
            Callbacks = [meter],
        });
        double kibibytes = meter.Bytes / 1024.0 / steps;
        output.WriteLine($"{name}: {kibibytes:F1} KiB a step, {meter.Collections} gen-2 collections in {steps} steps");
        Assert.InRange(kibibytes, 0, mostKibibytes);
        Assert.Equal(0, meter.Collections);
    }

    /// <summary>Counts what is allocated between two steps, on all threads.</summary>
    private sealed class Meter(int first, int last) : ITrainingCallback
    {
        private long _bytes;
        private int _collections;

        internal long Bytes { get; private set; }

        internal int Collections { get; private set; }

        public void OnStep(StepProgress progress)
        {
            if (progress.Step == first)
            {
                (_bytes, _collections) = (GC.GetTotalAllocatedBytes(precise: true), GC.CollectionCount(2));
            }
            else if (progress.Step == last)
            {
                (Bytes, Collections) = (GC.GetTotalAllocatedBytes(precise: true) - _bytes, GC.CollectionCount(2) - _collections);
            }
        }

        public void OnEpoch(EpochResult epoch)
        {
        }
    }
}
