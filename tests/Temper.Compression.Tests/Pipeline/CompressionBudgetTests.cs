using Temper.Compression.Pipeline;
using Temper.Data;
using Temper.Networks;
using Temper.Randomness;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Compression.Tests.Pipeline;

/// <summary>Plans of epochs and trials, and the time limit over several processes of one run.</summary>
public sealed class CompressionBudgetTests
{
    private const string EpochSeconds = "plan: seconds an epoch";

    private static readonly Network Network = NetworkZoo.Create("lenet-300-100").Initialize(RandomStream.FromSeed(1));

    private static readonly CompressionOptions Options = new()
    {
        Seed = 5, Structure = CompressionStructure.Element, RegularizeEpochs = 20, TuneEpochs = 20, Trials = 3,
        Training = new TrainingOptions { Seed = 5, BatchSize = 20 },
    };

    /// <summary>A run resumed with another time limit keeps its plan, so that its trainings stay the same.</summary>
    [Fact]
    public void A_plan_is_kept_when_the_time_limit_changes()
    {
        // 0.8 of 30 s at a second per epoch are 24 epochs: 0.35 of them with the regularizer, the rest in three trials.
        StoredRun run = PlannedRun();
        CompressionBudget first = Budget(30, run, new SteppedClock()), resumed = Budget(300, run, new SteppedClock());
        Assert.Equal((8, 5, 3), (first.RegularizeEpochs, first.TuneEpochs, first.Trials));
        Assert.Equal((8, 5, 3), (resumed.RegularizeEpochs, resumed.TuneEpochs, resumed.Trials));
    }

    /// <summary>A search of activations alone has all of the time for its trials.</summary>
    [Fact]
    public void Without_a_structure_no_epochs_are_planned_for_a_regularizer()
    {
        CompressionOptions options = Options with
        {
            Structure = CompressionStructure.None, Activations = CompressionActivations.Winners, MaxTime = TimeSpan.FromSeconds(30),
        };
        var budget = new CompressionBudget(Network, options, PlannedRun(), new SteppedClock());
        Assert.Equal((0, 8, 3), (budget.RegularizeEpochs, budget.TuneEpochs, budget.Trials));
    }

    /// <summary>
    /// Each read of the clock advances it by a second, so a step takes a second. An epoch has 400 / 20 steps, each 1.4
    /// times as long with a teacher.
    /// </summary>
    [Fact]
    public void An_epoch_is_timed_by_the_clock_of_the_run()
    {
        var run = new StoredRun();
        _ = Budget(1000, run, new SteppedClock { Step = 1 });
        Assert.Equal("28", run.Choices[EpochSeconds]);
    }

    /// <summary>A second process, whose clock starts again, adds the recorded times of the stages that are finished.</summary>
    [Fact]
    public void Time_of_an_earlier_process_counts()
    {
        StoredRun run = PlannedRun();
        var clock = new SteppedClock();
        CompressionBudget first = Budget(30, run, clock);
        clock.Advance(8);
        first.EndStage("regularize-element");
        Assert.True(first.HasTimeFor("element", 1));
        clock.Advance(12);
        first.EndStage("element-1");

        clock = new SteppedClock();
        CompressionBudget resumed = Budget(30, run, clock);
        resumed.EndStage("regularize-element");
        Assert.True(resumed.HasTimeFor("element", 1));
        resumed.EndStage("element-1");

        // 20 of 30 seconds are used, and a trial is planned to take 5.
        Assert.True(resumed.HasTimeFor("element", 2));
        clock.Advance(6);
        resumed.EndStage("element-2");
        Assert.False(resumed.HasTimeFor("element", 3));
    }

    /// <summary>
    /// An epoch is planned to take one second and takes two. Of the limit of 15 s the regularizer uses 4, and so does
    /// each trial; before the fourth, 16 are used. The second run is killed in the third trial and resumed.
    /// </summary>
    [Fact]
    public void A_resumed_run_makes_as_many_trials_as_an_uninterrupted_one()
    {
        CompressionResult whole = Compress(PlannedRun());
        Assert.Equal(3, whole.Trials.Count);
        StoredRun killed = PlannedRun("tune-element-3");
        Assert.Throws<OperationCanceledException>(() => Compress(killed));
        CompressionResult resumed = Compress(killed.NextProcess());
        Assert.Equal(whole.Trials.Select(trial => trial.Kept), resumed.Trials.Select(trial => trial.Kept));
    }

    private static CompressionResult Compress(StoredRun run) => CompressionPipeline.Run(
        PipelineTests.Trained.Value, PipelineTests.Options with
        {
            Structure = CompressionStructure.Element, Trials = 5, MaxTime = TimeSpan.FromSeconds(15),
        }, run);

    private static CompressionBudget Budget(double seconds, StoredRun run, TimeProvider time) =>
        new(Network, Options with { MaxTime = TimeSpan.FromSeconds(seconds) }, run, time);

    /// <summary>A run in which an epoch is planned to take a second.</summary>
    private static StoredRun PlannedRun(string? killedAt = null) =>
        new(killedAt) { Choices = new(StringComparer.Ordinal) { [EpochSeconds] = "1" } };

    /// <summary>Keeps finished trainings and choices for the next process, as a run folder does.</summary>
    /// <param name="killedAt">Training in which the process is killed; null: none.</param>
    private sealed class StoredRun(string? killedAt = null) : IMethodRun
    {
        private const double SecondsPerEpoch = 2;

        private Dictionary<string, TrainingResult> _results = new(StringComparer.Ordinal);

        public Dataset Train => PipelineTests.Train;

        public Dataset Validation => PipelineTests.Validation;

        public TimeProvider Time => Clock;

        internal SteppedClock Clock { get; } = new();

        internal Dictionary<string, string> Choices { get; init; } = new(StringComparer.Ordinal);

        /// <summary>Returns the same run in a new process: nothing kills it, and its clock starts again.</summary>
        internal StoredRun NextProcess() => new() { Choices = Choices, _results = _results };

        public TrainingResult Fit(string stage, Network network, TrainingOptions options)
        {
            if (_results.TryGetValue(stage, out TrainingResult? finished))
            {
                return finished;
            }

            if (string.Equals(stage, killedAt, StringComparison.Ordinal))
            {
                throw new OperationCanceledException();
            }

            Clock.Advance(SecondsPerEpoch * options.Epochs);
            return _results[stage] = Trainer.Fit(network, PipelineTests.Train, PipelineTests.Validation, options);
        }

        public string Choose(string stage, string name, Func<string> choose) =>
            Choices.TryGetValue($"{stage}: {name}", out string? stored)
                ? stored
                : Choices[$"{stage}: {name}"] = name is "milliseconds" ? "1" : choose();
    }

    /// <summary>A clock that advances on request, and by a fixed step on each read.</summary>
    private sealed class SteppedClock : TimeProvider
    {
        private long _now;

        /// <summary>Seconds between two reads.</summary>
        internal double Step { get; init; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now += TimeSpan.FromSeconds(Step).Ticks;

        internal void Advance(double seconds) => _now += TimeSpan.FromSeconds(seconds).Ticks;
    }
}
