using Temper.Data;
using Temper.Formats.Onnx;
using Temper.Growth.Blocks;
using Temper.Growth.Limits;
using Temper.Growth.Policies;
using Temper.Growth.Tests.Support;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Testing;
using Temper.Training;
using Temper.Training.Evaluation;
using Temper.Training.Runs;

namespace Temper.Growth.Tests.Limits;

/// <summary>Complete growth runs under limits of cost and time.</summary>
public sealed class GrowthUnderLimitsTests
{
    public static TheoryData<string> Limited => ["parameters", "macs", "memory"];

    [Theory]
    [MemberData(nameof(Limited))]
    public void Limits_are_never_exceeded(string limit)
    {
        GrowableNetwork seed = SmallGrowth.Seed();
        NetworkCost cost = seed.Append(0, RandomStream.FromSeed(1)).Append(1, RandomStream.FromSeed(1)).Network.Cost();
        long bytes = GrowthLimits.TrainingMemory(seed.Append(2, RandomStream.FromSeed(1)).Network, SmallGrowth.Training.BatchSize);
        GrowthLimits limits = limit switch
        {
            "parameters" => new() { Parameters = cost.Parameters },
            "macs" => new() { Macs = cost.Macs },
            _ => new() { MemoryMiB = bytes / (1024.0 * 1024) },
        };
        GrowthResult result = SmallGrowth.Run(SmallGrowth.Options with { MaxEpochs = 20, RollsBack = false, Limits = limits });
        Assert.All(result.Record.Path, step => Assert.True(step.Parameters <= (limits.Parameters ?? long.MaxValue) && step.Macs <= (limits.Macs ?? long.MaxValue)));
        Assert.Null(limits.Exceeded(result.Network.Network, SmallGrowth.Training.BatchSize));
        Assert.Contains(result.Record.Path, step => step.Event is GrowthEvents.Limit && step.Reason is not null);
    }

    [Fact]
    public void Limits_below_the_seed_are_refused_before_anything_trains()
    {
        foreach (GrowthLimits limits in (GrowthLimits[])[new() { Parameters = 10 }, new() { Macs = 10 }, new() { MemoryMiB = 1e-3 }, new() { Milliseconds = 1e-9 }])
        {
            ArgumentException error = Assert.Throws<ArgumentException>(() => SmallGrowth.Run(SmallGrowth.Options with { Limits = limits }));
            Assert.Contains("the initial network 1-1-1 already exceeds a limit", error.Message, StringComparison.Ordinal);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => SmallGrowth.Run(SmallGrowth.Options with { Limits = new GrowthLimits { Macs = 0 } }));
        Assert.Throws<ArgumentOutOfRangeException>(() => SmallGrowth.Run(SmallGrowth.Options with { Interval = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => SmallGrowth.Run(SmallGrowth.Options with { Stopping = new PairedGain { Significance = 2 } }));
    }

    [Fact]
    public void The_seed_is_measured_once_and_a_resumed_run_takes_the_first_measurement()
    {
        using var folder = new TemporaryFolder();
        GrowthOptions options = SmallGrowth.Options with { MaxEpochs = 2, Limits = new GrowthLimits { Milliseconds = 1e6 } };
        RunFolder run = RunFolder.Create(folder.Path, new RunName("grow", "small", 1), TimeProvider.System);
        Assert.Throws<KilledException>(() => AutoGrow.Run(SmallGrowth.Seed(), options, SmallGrowth.Training, new Killed(SmallGrowth.Stages(run), "grow", 0)));
        var chosen = new Recorded(SmallGrowth.Stages(run));
        AutoGrow.Run(SmallGrowth.Seed(), options, SmallGrowth.Training, chosen);
        Assert.Contains("milliseconds of 1-1-1", chosen.Asked);
        Assert.DoesNotContain("milliseconds of 1-1-1", chosen.Made);
    }

    [Fact]
    public void Seconds_are_all_that_went_by_roll_back_included()
    {
        var clock = new Clock();
        var stages = new SlowAnswers(new Timed(new MethodRun(SmallGrowth.Data, time: clock), clock, _ => 1), clock);
        GrowthResult result = AutoGrow.Run(SmallGrowth.Seed(), SmallGrowth.Options with { MaxEpochs = 40 }, SmallGrowth.Training, stages);
        Assert.Contains(result.Record.Path, step => step.Event is GrowthEvents.RollBack or GrowthEvents.Bypass);
        Assert.True(stages.Asked > 0);
        Assert.Equal(clock.GetTimestamp() / (double)clock.TimestampFrequency, result.Record.Seconds, 1e-3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Time_is_planned_so_that_growth_and_final_training_end_within_the_limit(bool rollsBack)
    {
        // An epoch takes MACs(network) / MACs(seed) seconds on this clock, whatever the speed of the machine.
        var clock = new Clock();
        GrowableNetwork seed = SmallGrowth.Seed();
        double unit = seed.Network.Cost().Macs;
        var stages = new Timed(new MethodRun(SmallGrowth.Data, time: clock), clock, network => network.Cost().Macs / unit);
        GrowthOptions options = SmallGrowth.Options with { MaxEpochs = 50, FinishEpochs = 5, RollsBack = rollsBack, Limits = new GrowthLimits { Time = TimeSpan.FromSeconds(20) } };
        GrowthResult result = AutoGrow.Run(seed, options, SmallGrowth.Training, stages);
        Assert.InRange(result.Record.Seconds, rollsBack ? 5 : 10, 20.4);
        Assert.Contains(result.Record.Path, step => step.Event is GrowthEvents.Limit && step.Reason!.StartsWith("time", StringComparison.Ordinal));
        Assert.Equal(5, result.Finish.History.Count);
    }

    /// <summary>
    /// The first candidate would fit in time, but has too many parameters. The second has fewer parameters, but would not
    /// fit in time. A run that records its decisions must ask for each of them.
    /// </summary>
    [Fact]
    public void Each_candidate_of_a_growth_has_its_own_decision_about_time()
    {
        using var folder = new TemporaryFolder();
        GrowableNetwork seed = SmallGrowth.Seed();
        NetworkCost own = seed.Network.Cost(), first = seed.Append(2, RandomStream.FromSeed(1)).Network.Cost(),
            second = seed.Append(1, RandomStream.FromSeed(1)).Network.Cost();
        Assert.True(first.Macs < second.Macs && first.Parameters > second.Parameters);

        // An epoch takes MACs(network) / MACs(seed) seconds. One is over; the next interval has one, the final training four.
        double Needed(NetworkCost cost) => 1 + (5.0 * cost.Macs / own.Macs);
        double limit = (Needed(first) + Needed(second)) / 2;
        GrowthOptions options = SmallGrowth.Options with
        {
            FinishEpochs = 4, RollsBack = false, Growing = new LastStage(),
            Limits = new GrowthLimits { Time = TimeSpan.FromSeconds(limit), Parameters = first.Parameters - 1 },
        };
        GrowthResult Grown(StagedRun? run)
        {
            var clock = new Clock();
            var timed = new Timed(new MethodRun(SmallGrowth.Data, run, clock), clock, network => network.Cost().Macs / (double)own.Macs);
            return AutoGrow.Run(seed, options, SmallGrowth.Training, timed);
        }

        RunFolder recorded = RunFolder.Create(folder.Path, new RunName("grow", "small", 1), TimeProvider.System);
        GrowthResult whole = Grown(run: null), staged = Grown(new StagedRun(recorded, TimeProvider.System));
        Assert.Equal(whole.Record.Path.Select(SmallGrowth.Untimed), staged.Record.Path.Select(SmallGrowth.Untimed));
        Assert.Equal([2, -1], staged.Record.Path.Where(step => step.Event is GrowthEvents.Limit).Select(step => step.Stage));
        Assert.Equal([1, 1, 1], staged.Network.Depths);
        Assert.Equal(4, staged.Finish.History.Count);
        Assert.True(staged.Record.Seconds <= limit, $"{staged.Record.Seconds} s, limit {limit} s");
    }
}
