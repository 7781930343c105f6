using Temper.Kernels;
using Temper.Networks;
using Temper.Optimization;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests;

/// <summary>
/// The same seed yields the same bytes, for any number of threads and for runs that are stopped and resumed.
/// </summary>
public sealed class DeterminismTests
{
    public static TheoryData<string, int> Stops
    {
        get
        {
            var rows = new TheoryData<string, int>();
            foreach (string kind in Kinds.Keys)
            {
                // The first step, mid-epoch, the last batch of an epoch, the first batch of the next, late in the run.
                foreach (int steps in (int[])[1, 7, 20, 21, 53])
                {
                    rows.Add(kind, steps);
                }
            }

            return rows;
        }
    }

    private static readonly Dictionary<string, TrainingOptions> Kinds = new(StringComparer.Ordinal)
    {
        ["adam"] = SmallRun.Options with { Epochs = 3 },
        ["momentum and average"] = SmallRun.Options with
        {
            Epochs = 3,
            Optimizer = new Sgd { LearningRate = 0.05f, Momentum = 0.9f, WeightDecay = 1e-4f },
            Average = new WeightAverage { Decay = 0.95f },
        },
        ["accumulation"] = SmallRun.Options with { Epochs = 3, Accumulation = 3, Clipping = new GradientClipping { MaxNorm = 1 } },
    };

    private static readonly Dictionary<string, Lazy<byte[]>> Uninterrupted =
        Kinds.ToDictionary(k => k.Key, k => new Lazy<byte[]>(() => SmallRun.BytesOf(SmallRun.Fit(k.Value))), StringComparer.Ordinal);

    [Fact]
    public void Fit_gives_the_same_bytes_for_any_number_of_threads()
    {
        byte[][] bytes = [.. ((int[])[1, 2, 3, 8]).Select(threads =>
        {
            using var pool = new WorkerPool(threads);
            using (pool.Use())
            {
                TrainingResult result = SmallRun.Fit(SmallRun.Options);
                Assert.Equal(200, result.Steps);
                return SmallRun.BytesOf(result);
            }
        })];
        Assert.All(bytes, b => Assert.Equal(bytes[0], b));
        Assert.NotEqual(SmallRun.BytesOf(SmallRun.Network), bytes[0][..(bytes[0].Length / 2)]);
    }

    [Fact]
    public void Fit_gives_other_bytes_for_another_seed()
    {
        TrainingOptions options = SmallRun.Options with { Epochs = 1 };
        Assert.NotEqual(SmallRun.BytesOf(SmallRun.Fit(options)), SmallRun.BytesOf(SmallRun.Fit(options with { Seed = 5 })));
    }

    [Theory]
    [MemberData(nameof(Stops))]
    public void Resume_gives_the_bytes_of_a_run_that_never_stopped(string kind, int steps)
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        TrainingOptions options = Kinds[kind] with { CheckpointFolder = folder["checkpoints"] };
        TrainingResult stopped = SmallRun.Fit(options with { Callbacks = [new StopAfter(steps, stop)] }, stop.Token);
        Assert.False(stopped.IsComplete);
        Assert.True(Trainer.CanResume(folder["checkpoints"]));

        TrainingResult resumed = SmallRun.Resume(options);
        Assert.True(resumed.IsComplete);
        Assert.Equal(3, resumed.History.Count);
        Assert.Equal(Uninterrupted[kind].Value, SmallRun.BytesOf(resumed));
    }

    [Fact]
    public void Resume_gives_the_same_history_when_it_stops_again_and_again()
    {
        using var folder = new TemporaryFolder();
        TrainingOptions options = Kinds["adam"] with { CheckpointFolder = folder["checkpoints"] };
        TrainingResult whole = SmallRun.Fit(options with { CheckpointFolder = null });
        TrainingResult result;
        using (var stop = new CancellationTokenSource())
        {
            result = SmallRun.Fit(options with { Callbacks = [new StopAfter(9, stop)] }, stop.Token);
        }

        while (!result.IsComplete)
        {
            using var stop = new CancellationTokenSource();
            result = SmallRun.Resume(options with { Callbacks = [new StopAfter(9, stop)] }, stop.Token);
        }

        Assert.Equal(whole.History, result.History);
        Assert.Equal(SmallRun.BytesOf(whole), SmallRun.BytesOf(result));
    }

    [Fact]
    public void Resume_of_a_complete_run_gives_its_result_at_once()
    {
        using var folder = new TemporaryFolder();
        TrainingOptions options = Kinds["adam"] with { CheckpointFolder = folder["checkpoints"] };
        TrainingResult whole = SmallRun.Fit(options);
        TrainingResult again = SmallRun.Resume(options with { Callbacks = [new NoTraining()] });
        Assert.True(again.IsComplete);
        Assert.Equal(SmallRun.BytesOf(whole), SmallRun.BytesOf(again));
        Assert.Equal(whole.History, again.History);
    }

    [Fact]
    public void A_stop_that_comes_at_once_after_resuming_loses_nothing()
    {
        using var folder = new TemporaryFolder();
        TrainingOptions options = Kinds["adam"] with { CheckpointFolder = folder["checkpoints"] };
        using var stop = new CancellationTokenSource();
        SmallRun.Fit(options with { Callbacks = [new StopAfter(7, stop)] }, stop.Token);
        for (int i = 0; i < 3; i++)
        {
            Assert.False(SmallRun.Resume(options, stop.Token).IsComplete);
        }

        Assert.Single(Directory.GetFileSystemEntries(folder["checkpoints"]));
        Assert.Equal(Uninterrupted["adam"].Value, SmallRun.BytesOf(SmallRun.Resume(options)));
    }

    [Fact]
    public void Fit_leaves_the_network_that_came_in_as_it_was()
    {
        Network network = SmallRun.Network.Copy();
        byte[] before = SmallRun.BytesOf(network);
        TrainingResult result = Trainer.Fit(network, SmallRun.Train, SmallRun.Validation, SmallRun.Options with { Epochs = 1 });
        Assert.Equal(before, SmallRun.BytesOf(network));
        Assert.NotEqual(before, SmallRun.BytesOf(result.Last));
    }
}
