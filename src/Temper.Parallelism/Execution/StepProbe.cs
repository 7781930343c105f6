using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;
using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Parallelism.Collectives;
using Temper.Parallelism.Planning;
using Temper.Parallelism.Simulation;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;

namespace Temper.Parallelism.Execution;

/// <summary>
/// Measures the time of a training step besides computing layers and summing gradients: reading the batch while ranks
/// keep all cores busy, waking threads, and summing the loss. It trains one small layer on all ranks. Must be called by
/// all ranks.
/// </summary>
/// <param name="world">All ranks.</param>
/// <param name="time">The clock.</param>
internal sealed class StepProbe(Communicator world, TimeProvider time)
{
    private const int Steps = 2000, Epochs = 1000, Classes = 2, FewestSteps = 20;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1.5);

    /// <summary>Returns the lower quartile of the step times in seconds, the same on all ranks.</summary>
    /// <param name="sample">Shape of a sample.</param>
    /// <param name="batch">Samples per step over all ranks.</param>
    /// <param name="isSharded">
    /// Whether each rank reads the whole batch, as it does under a plan that divides kernels.
    /// </param>
    internal double Seconds(Shape sample, int batch, bool isSharded)
    {
        Network bare = Network.Build(new InputSpec { SampleShape = sample }, x => x.Flatten().Linear(Classes))
            .Initialize(RandomStream.FromSeed(1));
        var data = new Samples(sample, batch * Steps);
        using var end = new CancellationTokenSource();
        var clock = new StepClock(time, end);
        TrainingRanks ranks = isSharded ? new ShardedRanks(world, bare, Divided(bare, batch)) : new DataRanks(world);
        using ((IDisposable)ranks)
        {
            Trainer.Fit(bare, data, data.Take(1), new TrainingOptions
            {
                Seed = 1, Epochs = Epochs, BatchSize = batch, Optimizer = new Sgd { LearningRate = 1e-4f },
                Ranks = ranks, Callbacks = [clock],
            }, end.Token);
        }

        // All ranks use the mean over the ranks, so that they compute the same plan.
        Span<double> found = [MachineProbe.LowerQuartile(clock.Warm()) / world.Size];
        world.AllReduce(found);
        return found[0];
    }

    private RankPlan Divided(Network bare, int batch)
    {
        string layer = bare.Nodes.Single(node => node.Operator is Linear).Name;
        return new RankPlan
        {
            Network = "probe", Layers = [layer], Accelerators = world.Size, Batch = batch,
            Levels = [.. Enumerable.Repeat("0", Hierarchy.Of(world.Size).Levels)],
        };
    }

    /// <summary>
    /// Records the time from each step to the next, and ends the training at the time limit. On a busy machine
    /// compiling the code can take all of the time; the training then ends after a few steps.
    /// </summary>
    private sealed class StepClock(TimeProvider time, CancellationTokenSource end) : ITrainingCallback
    {
        private readonly List<double> _seconds = [];
        private readonly long _start = time.GetTimestamp();
        private long _last = time.GetTimestamp();

        public void OnStep(StepProgress progress)
        {
            _seconds.Add(time.GetElapsedTime(_last).TotalSeconds);
            _last = time.GetTimestamp();
            if (_seconds.Count >= FewestSteps && time.GetElapsedTime(_start) >= Limit)
            {
                end.Cancel();
            }
        }

        public void OnEpoch(EpochResult epoch)
        {
        }

        /// <summary>Returns the times of the second half of the steps, when all code is compiled.</summary>
        internal List<double> Warm() => _seconds[(_seconds.Count / 2)..];
    }

    /// <summary>Samples of bytes, converted to floats like those of pictures.</summary>
    private sealed class Samples(Shape shape, int count) : Dataset
    {
        private readonly byte[] _bytes = new byte[shape.Count];

        public override string Name => "probe";

        public override int Count => count;

        public override Shape SampleShape => shape;

        public override IReadOnlyList<string> ClassNames { get; } = ["0", "1"];

        public override void CopySample(int index, Span<float> sample)
        {
            TensorPrimitives.ConvertTruncating<byte, float>(_bytes, sample);
            TensorPrimitives.Multiply(sample, 1f / 255f, sample);
        }

        public override long Label(int index) => index % Classes;
    }
}
