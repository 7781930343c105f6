using Temper.Data;
using Temper.Kernels;
using Temper.Parallelism.Collectives;
using Temper.Parallelism.Execution;
using Temper.Training;

namespace Temper.Parallelism.Tests.Execution;

/// <summary>One rank receives a request to stop.</summary>
public sealed class StopTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(2, 3)]
    [InlineData(3, 3)]
    public void All_ranks_stop_at_the_same_step_at_most_one_later(int canceledAfter, int steps)
    {
        // 29 samples in batches of 12 are three steps per epoch. A request after the last step of an epoch takes effect
        // immediately.
        IReadOnlyList<TrainingResult> results = InProcessGroup.Run(2, group =>
        {
            using var pool = new WorkerPool(1);
            using WorkerPool.Usage usage = pool.Use();
            using var stop = new CancellationTokenSource();
            using var ranks = new DataRanks(group);
            var callback = new Stop(group.Rank == 1 ? canceledAfter : int.MaxValue, stop);
            callback.OnStep(default);          // a count of 0 cancels before the first step
            Dataset data = RankRuns.Data(RankRuns.Even);
            return Trainer.Fit(
                RankRuns.Even, data, data, RankRuns.Options with { Ranks = ranks, Callbacks = [callback] }, stop.Token);
        });
        Assert.All(results, result => Assert.False(result.IsComplete));
        Assert.All(results, result => Assert.Equal(steps, result.Steps));
    }

    private sealed class Stop(int after, CancellationTokenSource source) : ITrainingCallback
    {
        private int _steps = -1;

        public void OnStep(StepProgress progress)
        {
            if (++_steps == after)
            {
                source.Cancel();
            }
        }

        public void OnEpoch(EpochResult epoch)
        {
        }
    }
}
