using System.Text.Json.Nodes;
using Temper.Data;
using Temper.Kernels;
using Temper.Networks;
using Temper.Optimization;
using Temper.Parallelism.Collectives;
using Temper.Parallelism.Execution;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;
using Xunit;

namespace Temper.Parallelism.Tests.Execution;

public sealed class DataRanksTests
{
    /// <summary>Batch normalization and a residual connection.</summary>
    private static readonly Network Residual = Network.Build(new InputSpec { SampleShape = [2, 6, 6] }, x =>
    {
        Value y = x.Conv2d(4, kernel: 3, padding: 1).BatchNorm().Relu();
        return (y + y.Conv2d(4, kernel: 3, padding: 1).BatchNorm()).Relu().Flatten().Linear(3);
    }).Initialize(RandomStream.FromSeed(5));

    /// <summary>
    /// <see cref="Residual"/> without kinks: at a ReLU whose input is almost zero, a rounding error becomes a jump of
    /// the gradient.
    /// </summary>
    private static readonly Network Smooth = Network.Build(new InputSpec { SampleShape = [2, 6, 6] }, x =>
    {
        Value y = x.Conv2d(4, kernel: 3, padding: 1).BatchNorm().Tanh();
        return (y + y.Conv2d(4, kernel: 3, padding: 1).BatchNorm()).Tanh().Flatten().Linear(3);
    }).Initialize(RandomStream.FromSeed(5));

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(7)]
    public void Losses_are_those_of_one_rank(int ranks)
    {
        foreach (Network network in (Network[])[RankRuns.Uneven, Residual])
        {
            (_, double[] expected) = RankRuns.Train(network, 1, _ => TrainingRanks.One);
            (_, double[] actual) = RankRuns.Train(network, ranks, group => new DataRanks(group));
            RankRuns.AssertClose(expected, actual);
        }
    }

    /// <summary>
    /// The reference is one rank with the samples of each batch in reverse: only the order of its sums differs.
    /// </summary>
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void Ranks_differ_from_one_as_another_order_of_the_samples_does(int ranks)
    {
        TrainingOptions options = RankRuns.Options with { Epochs = 1 };
        (float[] gradients, float[] running) = Epoch(1, _ => TrainingRanks.One);
        (float[] reordered, float[] reorderedRunning) = Epoch(1, _ => TrainingRanks.One, reverses: true);
        (float[] shared, float[] sharedRunning) = Epoch(ranks, group => new DataRanks(group));
        AssertRounding(Deviation(shared, gradients), Deviation(reordered, gradients));
        AssertRounding(Deviation(sharedRunning, running), Deviation(reorderedRunning, running));

        // Returns the gradients of the first step, and the running statistics after three steps.
        (float[] Gradients, float[] Running) Epoch(int size, Func<Communicator, TrainingRanks> share, bool reverses = false)
        {
            WatchedRanks? first = null;
            (TrainingResult result, _) = RankRuns.Train(Smooth, size, Watched, options);
            return (first!.Steps[0], [.. result.Last.Buffers.Where(entry => entry.Value.DType == DType.Float32).SelectMany(entry => entry.Value.ToArray<float>())]);

            WatchedRanks Watched(Communicator group)
            {
                var own = new WatchedRanks(share(group), reverses);
                if (group.Rank == 0)
                {
                    first = own;
                }

                return own;
            }
        }
    }

    /// <summary>The last batch has five samples: the first of seven ranks has none of them.</summary>
    [Fact]
    public void Training_accuracy_counts_the_prepared_rows_of_all_ranks()
    {
        IReadOnlyList<(TrainingResult Result, double[] Losses)> runs = RankRuns.TrainAll(
            RankRuns.Uneven, 7, group => new DataRanks(group), RankRuns.Options with { Epochs = 1, Objective = new AlwaysRight() });
        Assert.All(runs, run => Assert.Equal(1, run.Result.History[0].TrainAccuracy));
    }

    [Fact]
    public void Group_of_one_gives_the_bytes_of_a_run_without_ranks()
    {
        (TrainingResult alone, _) = RankRuns.Train(Residual, 1, _ => TrainingRanks.One);
        (TrainingResult shared, _) = RankRuns.Train(Residual, 1, group => new DataRanks(group));
        AssertSame(alone.Last, shared.Last);
    }

    [Fact]
    public void Same_number_of_ranks_gives_the_same_bytes_on_every_run()
    {
        (TrainingResult first, _) = RankRuns.Train(Residual, 3, group => new DataRanks(group, new DataRanksOptions { BucketMiB = 1e-4 }));
        (TrainingResult again, _) = RankRuns.Train(Residual, 3, group => new DataRanks(group, new DataRanksOptions { BucketMiB = 1e-4 }));
        AssertSame(first.Last, again.Last);
    }

    [Fact]
    public void Regularizers_clipping_accumulation_and_average_are_those_of_one_rank()
    {
        TrainingOptions options = RankRuns.Options with
        {
            Accumulation = 2, Clipping = new GradientClipping { MaxNorm = 0.5f }, Average = new WeightAverage { Decay = 0.9f }, Optimizer = new AdamW(),
        };
        (_, double[] expected) = RankRuns.Train(RankRuns.Uneven, 1, _ => TrainingRanks.One, options);
        (_, double[] actual) = RankRuns.Train(RankRuns.Uneven, 3, group => new DataRanks(group), options);
        RankRuns.AssertClose(expected, actual);
    }

    [Fact]
    public void Run_resumes_on_another_number_of_ranks()
    {
        string folder = Directory.CreateTempSubdirectory("temper-ranks").FullName;
        try
        {
            TrainingOptions options = RankRuns.Options with { CheckpointFolder = folder };
            (_, double[] expected) = RankRuns.Train(RankRuns.Uneven, 1, _ => TrainingRanks.One);
            RankRuns.Train(RankRuns.Uneven, 3, group => new DataRanks(group), options with { Epochs = 2 });
            (_, double[] rest) = RankRuns.Train(RankRuns.Uneven, 2, group => new DataRanks(group), options);
            RankRuns.AssertClose(expected[^rest.Length..], rest);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Running statistics of each rank's own batches are averaged at the end of an epoch, not where a run stops.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Run_that_stops_within_an_epoch_resumes_with_the_same_bytes(bool isSynchronized)
    {
        string folder = Directory.CreateTempSubdirectory("temper-ranks").FullName;
        try
        {
            var exchange = new DataRanksOptions { SynchronizesStatistics = isSynchronized };
            (TrainingResult whole, _) = RankRuns.Train(Residual, 3, group => new DataRanks(group, exchange));
            TrainingOptions options = RankRuns.Options with { CheckpointFolder = folder };
            Assert.All(Stopped(), result => Assert.False(result.IsComplete));
            (TrainingResult resumed, _) = RankRuns.Train(Residual, 3, group => new DataRanks(group, exchange), options);
            AssertSame(whole.Last, resumed.Last);
            AssertSame(whole.Network, resumed.Network);

            // Rank 0 is canceled after the first step of the second epoch, so all stop after its second step.
            IReadOnlyList<TrainingResult> Stopped() => InProcessGroup.Run(3, group =>
            {
                using var pool = new WorkerPool(1);
                using WorkerPool.Usage usage = pool.Use();
                using var stop = new CancellationTokenSource();
                using var ranks = new DataRanks(group, exchange);
                TrainingOptions own = options with { Ranks = ranks, Callbacks = group.Rank == 0 ? [new StopAt(4, stop)] : [] };
                return Trainer.Fit(Residual, RankRuns.Data(Residual), RankRuns.Data(Residual), own, stop.Token);
            });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Trains on each sample twice; its output has the largest value at the label.</summary>
    private sealed record AlwaysRight : Objective
    {
        public override Batch Prepare(Network network, Batch batch, RandomStream stream)
        {
            long[] once = batch.Targets.ToArray<long>();
            return batch with { Inputs = Tensor.Concatenate([batch.Inputs, batch.Inputs], 0), Targets = Tensor.From([.. once, .. once], [2 * once.Length]) };
        }

        public override ObjectiveValue Value(Network network, Pass pass, Batch batch)
        {
            Tensor output = network.Forward(batch.Inputs, pass);
            long[] labels = batch.Targets.ToArray<long>();
            float[] right = new float[output.Count];
            for (int i = 0; i < labels.Length; i++)
            {
                right[(i * output.Shape[1]) + (int)labels[i]] = 1000;
            }

            return new ObjectiveValue(output.CrossEntropy(batch.Targets), output + Tensor.From(right, output.Shape));
        }

        public override JsonNode Fingerprint() => new JsonObject();
    }

    private sealed class StopAt(long step, CancellationTokenSource stop) : ITrainingCallback
    {
        public void OnStep(StepProgress progress)
        {
            if (progress.Step == step)
            {
                stop.Cancel();
            }
        }

        public void OnEpoch(EpochResult epoch)
        {
        }
    }

    private static void AssertRounding(double ranks, double reordered)
    {
        Assert.InRange(reordered, 1e-9, 1e-5);
        Assert.True(ranks < 10 * Math.Max(reordered, 1e-7), $"ranks differ by {ranks:E1}, another order of the samples by {reordered:E1}");
    }

    /// <summary>L2 distance, relative to the norm of the expected values.</summary>
    private static double Deviation(float[] actual, float[] expected) => Math.Sqrt(
        actual.Zip(expected, (a, b) => Math.Pow((double)a - b, 2)).Sum() / expected.Sum(b => (double)b * b));

    private static void AssertSame(Network expected, Network actual)
    {
        foreach (Parameter parameter in expected.Parameters)
        {
            Assert.True(parameter.Value.ToArray<float>().AsSpan().SequenceEqual(actual.Parameters[parameter.Name].Value.ToArray<float>()), parameter.Name);
        }

        foreach ((string name, Tensor value) in expected.Buffers.Where(entry => entry.Value.DType == DType.Float32))
        {
            Assert.True(value.ToArray<float>().AsSpan().SequenceEqual(actual.Buffers[name].ToArray<float>()), name);
        }
    }
}
