using Temper.Data;
using Temper.Data.Augmentation;
using Temper.Data.Synthetic;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests;

/// <summary>Measures the garbage that a step in steady state creates, inside a run started as users start it.</summary>
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
        Meter meter = Measured(name, channels, size, steps, batch);

        // Another process that takes the machine's memory can cause a full collection once; garbage of the steps does
        // it in every run.
        meter = meter.Collections > 0 ? Measured(name, channels, size, steps, batch) : meter;
        double kibibytes = meter.Bytes / 1024.0 / steps;
        output.WriteLine($"{name}: {kibibytes:F1} KiB a step, {meter.Collections} gen-2 collections in {steps} steps");
        Assert.InRange(kibibytes, 0, mostKibibytes);
        Assert.Equal(0, meter.Collections);
    }

    private static Meter Measured(string name, int channels, int size, int steps, int batch)
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
        return meter;
    }

    /// <summary>
    /// Checks that the frozen part of a network, 96 MiB here, adds nothing to the memory that a whole run allocates,
    /// within 15 % and 1 MiB. Bytes are counted rather than time. The trained part is allocated several times: a copy,
    /// two slots of Adam, a gradient and the best epoch's weights.
    /// </summary>
    [Fact]
    public void Frozen_weights_cost_a_run_nothing()
    {
        const int Features = 64, Hidden = 1024;
        Dataset train = new SyntheticBlobs(64, 10, Features, RandomStream.FromSeed(1), RandomStream.FromSeed(2));
        TrainingOptions options = new() { Seed = 1, Epochs = 2, BatchSize = 32, Optimizer = new Adam() };
        long Allocated(Network network)
        {
            Trainer.Fit(network, train, train, options);                      // fills the pools
            long before = GC.GetTotalAllocatedBytes(precise: true);
            Trainer.Fit(network, train, train, options);
            return GC.GetTotalAllocatedBytes(precise: true) - before;
        }

        Network Beside(int frozen) => Network.Build(InputSpec.Features(Features), x => x.Linear(Hidden).Relu().Linear(frozen, name: "frozen").Relu()
            .Linear(Hidden, name: "frozen2").Relu().Linear(10)).Initialize(RandomStream.FromSeed(2)).WithTrainable(false, p => p.Name.StartsWith("frozen", StringComparison.Ordinal));

        Network big = Beside(12 * 1024);
        long frozenBytes = big.Parameters.Where(p => !p.IsTrainable).Sum(p => 4L * p.Value.Count), trainedBytes = big.Parameters.Where(p => p.IsTrainable).Sum(p => 4L * p.Value.Count);
        long withFrozen = Allocated(big), without = Allocated(Beside(16));
        output.WriteLine($"frozen {frozenBytes >> 20} MiB, trained {trainedBytes >> 10} KiB: {withFrozen >> 10} KiB allocated, {without >> 10} KiB without the frozen part");
        Assert.True(frozenBytes >= 96 << 20);
        Assert.InRange(withFrozen, 0, (long)(1.15 * without) + (1 << 20));
    }

    /// <summary>Counts the bytes allocated and the full collections between two steps, on all threads.</summary>
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
