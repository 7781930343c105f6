using System.Text.Json;
using Temper.Kernels;
using Temper.Networks;
using Temper.Parallelism.Collectives;
using Temper.Parallelism.Execution;
using Temper.Parallelism.Planning;
using Temper.Parallelism.Simulation;
using Timeline = Temper.Training.StepTimeline;

namespace Temper.Parallelism.Tests.Execution;

/// <summary>Measurements on which the predicted time of a step is based, on ranks that are threads.</summary>
public sealed class ProbeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Pieces_are_timed_on_all_ranks_together(int ranks)
    {
        IReadOnlyList<MachineProbeResult> found = InProcessGroup.Run(ranks, group =>
        {
            using var pool = new WorkerPool(1);
            using WorkerPool.Usage usage = pool.Use();

            // Ranks have different time limits; the first rank to reach its limit ends the measurement for all.
            return MachineProbe.Run(
                RankRuns.Even, 4, TimeSpan.FromMilliseconds(10 * group.Rank), TimeProvider.System,
                new RankStart(group), CancellationToken.None);
        });
        Assert.True(found[0].StepSeconds > 0 && found[0].FlopsPerSecond > 0);

        // In each round, the time of the slowest rank counts for all.
        Assert.All(found, one => Assert.Equal(found[0], one));
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void Rest_of_a_step_is_measured_and_the_same_on_all_ranks(int ranks, bool isSharded)
    {
        IReadOnlyList<double> seconds = InProcessGroup.Run(ranks, group =>
        {
            using var pool = new WorkerPool(1);
            using WorkerPool.Usage usage = pool.Use();
            return new StepProbe(group, TimeProvider.System).Seconds([2, 4, 4], batch: 7, isSharded);
        });
        Assert.InRange(seconds[0], 1e-6, 1);
        Assert.All(seconds, one => Assert.Equal(seconds[0], one));
    }

    /// <summary>On a busy machine the time limit can be over before the first step.</summary>
    [Fact]
    public void Some_steps_are_measured_however_late_the_first_one_is()
    {
        IReadOnlyList<double> seconds = InProcessGroup.Run(2, group =>
        {
            using var pool = new WorkerPool(1);
            using WorkerPool.Usage usage = pool.Use();
            return new StepProbe(group, new LateTime()).Seconds([2, 4, 4], batch: 7, isSharded: false);
        });
        Assert.InRange(seconds[0], 1e-6, 1);
    }

    [Fact]
    public void Links_have_a_time_and_a_rate_the_same_on_all_ranks()
    {
        IReadOnlyList<(double SecondsPerByte, double Latency)> links = InProcessGroup.Run(2, group =>
        {
            using var pool = new WorkerPool(1);
            using WorkerPool.Usage usage = pool.Use();
            return new LinkProbe(group, TimeProvider.System).Links(otherBytes: 1 << 16).Time([[1, 0]])[0];
        });
        Assert.True(links[0].SecondsPerByte > 0 && links[0].Latency > 0);
        Assert.Equal(links[0], links[1]);
    }

    [Fact]
    public void Timeline_holds_the_exchanges_of_a_divided_kernel()
    {
        Network network = RankRuns.Even;
        RankPlan plan = Planner.Plan(NetworkLayers.Of(network, "even"), new PlanOptions
        {
            Accelerators = 2, Batch = 12, Cost = CostKind.Exact,
        }).Plan with { Levels = ["0011"] };
        var timeline = new Timeline(TimeProvider.System);
        RankRuns.Train(
            network, 2, group => new ShardedRanks(group, network, plan, group.Rank == 0 ? timeline : null),
            RankRuns.Options with { Epochs = 1 });
        int count = JsonDocument.Parse(timeline.ToJson()).RootElement.GetProperty("traceEvents").EnumerateArray()
            .Count(one => string.Equals(one.GetProperty("name").GetString(), "exchange", StringComparison.Ordinal));

        // Three steps, each with as many exchanges forward as backward.
        Assert.True(count >= 6 && count % 6 == 0, $"{count} exchanges");
    }

    /// <summary>A clock that is an hour late after its first read, and whose timers fire at once.</summary>
    private sealed class LateTime : TimeProvider
    {
        private int _reads;

        public override long GetTimestamp() => base.GetTimestamp() + (_reads++ == 0 ? 0 : 3600 * TimestampFrequency);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
