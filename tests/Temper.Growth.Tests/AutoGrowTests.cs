using Temper.Data;
using Temper.Formats.Models;
using Temper.Formats.Onnx;
using Temper.Formats.Safetensors;
using Temper.Growth.Blocks;
using Temper.Growth.Initializers;
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

namespace Temper.Growth.Tests;

/// <summary>Tests complete growth runs at small scale.</summary>
public sealed class AutoGrowTests
{
    public static TheoryData<string> Families => [.. StagedFamily.Names];

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_family_grows_and_its_network_is_what_its_record_says(string family)
    {
        GrowthResult result = Run(SmallGrowth.Options with { MaxEpochs = 3, FinishEpochs = 1, Stopping = new AccuracyGain() }, family);
        GrowthStep last = result.Record.Path[^1];
        Assert.Equal(GrowthEvents.Finish, last.Event);
        Assert.Equal(result.Network.Depths, last.Depths);
        Assert.Equal(result.Network.Network.Cost().Macs, last.Macs);
        Assert.Equal(result.Network.Network.Cost().Parameters, last.Parameters);
        Assert.Equal(3, result.GrowthEpochs);
        Assert.Equal(3, result.Record.Path.Count(step => step.Event is GrowthEvents.Grow));
        Assert.NotEmpty(result.Record.Pareto);
        Assert.Equal(3 + SmallGrowth.Seed(family).Depths.Sum(), result.Grown.Sum());
    }

    [Fact]
    public void Null_is_refused_by_name()
    {
        GrowableNetwork seed = SmallGrowth.Seed();
        var run = new MethodRun(SmallGrowth.Data);
        Assert.Throws<ArgumentNullException>("seed", () => AutoGrow.Run(null!, SmallGrowth.Options, SmallGrowth.Training, run));
        Assert.Throws<ArgumentNullException>("options", () => AutoGrow.Run(seed, null!, SmallGrowth.Training, run));
        Assert.Throws<ArgumentNullException>("training", () => AutoGrow.Run(seed, SmallGrowth.Options, null!, run));
        Assert.Throws<ArgumentNullException>("run", () => AutoGrow.Run(seed, SmallGrowth.Options, SmallGrowth.Training, null!));
    }

    [Fact]
    public void Growing_ends_at_the_window_and_rolls_back_to_the_last_gain()
    {
        GrowthOptions options = SmallGrowth.Options with { MaxEpochs = 40 };
        GrowthResult kept = Run(options with { RollsBack = false }), rolled = Run(options);
        Assert.Equal(kept.Grown, rolled.Grown);                     // roll-back does not affect the growth itself
        Assert.Equal(kept.Grown, kept.Network.Depths);
        Assert.Contains(rolled.Record.Path, step => step.Event is GrowthEvents.RollBack or GrowthEvents.Bypass);
        Assert.True(rolled.Network.Depths.Sum() < kept.Network.Depths.Sum());
        Assert.Equal(3, rolled.Record.Path.Count(step => step.Event is GrowthEvents.Stop));
    }

    [Fact]
    public void Steps_while_growing_have_the_best_accuracy_so_far_and_the_seed_has_none()
    {
        GrowthResult result = Run(SmallGrowth.Options with { MaxEpochs = 40, RollsBack = false });
        GrowthStep[] growing = [.. result.Record.Path.Where(step => step.Event is GrowthEvents.Grow or GrowthEvents.Stop)];
        Assert.NotEmpty(growing);
        Assert.All(growing, step => Assert.Equal(result.Record.Points.Where(point => point.Epoch <= step.Epoch).Max(point => point.Accuracy), step.Accuracy));
        Assert.Equal(GrowthEvents.Seed, result.Record.Path[0].Event);
        Assert.Null(result.Record.Path[0].Accuracy);
    }

    [Fact]
    public void Steps_after_growing_have_the_accuracy_of_their_own_network()
    {
        var begun = new Begun(new MethodRun(SmallGrowth.Data));
        GrowthResult result = AutoGrow.Run(SmallGrowth.Seed(), SmallGrowth.Options with { MaxEpochs = 40, RepairEpochs = 0 }, SmallGrowth.Training, begun);
        GrowthStep finish = result.Record.Path[^1], before = result.Record.Path[^2];
        Assert.True(before.Event is GrowthEvents.RollBack or GrowthEvents.Bypass, before.Event);
        Assert.Equal(Evaluator.Evaluate(begun.Networks["finish"], SmallGrowth.Data.Validation).Accuracy, before.Accuracy);
        Assert.Equal(GrowthEvents.Finish, finish.Event);
        Assert.Equal(Evaluator.Evaluate(result.Network.Network, SmallGrowth.Data.Validation).Accuracy, finish.Accuracy);
    }

    [Fact]
    public void Report_gets_every_step_and_a_resumed_run_says_which_were_reported_before()
    {
        using var folder = new TemporaryFolder();
        RunFolder run = RunFolder.Create(folder.Path, new RunName("grow", "small", 1), TimeProvider.System);
        List<GrowthRecord> first = [], second = [];
        Assert.Throws<KilledException>(
            () => AutoGrow.Run(SmallGrowth.Seed(), SmallGrowth.Options, SmallGrowth.Training, new Killed(Stages(run), "grow", 3), first.Add));
        GrowthResult result = AutoGrow.Run(SmallGrowth.Seed(), SmallGrowth.Options, SmallGrowth.Training, Stages(run), second.Add);
        Assert.Equal(3, first.Count);                               // an interval is one epoch; the fourth was killed
        Assert.All(first, record => Assert.Equal(0, record.RestoredSteps));
        Assert.All(second, record => Assert.Equal(first[^1].Path.Count, record.RestoredSteps));
        Assert.Equal(result.Record.Path.Select(Untimed), second[^1].Path.Select(Untimed));
        Assert.Equal(GrowthEvents.Finish, second[^1].Path[^1].Event);
    }

    /// <summary>An epoch takes two seconds on each process's clock; the first process is killed in the second of three.</summary>
    [Fact]
    public void Seconds_of_the_baseline_are_those_of_all_processes()
    {
        using var folder = new TemporaryFolder();
        RunFolder run = RunFolder.Create(folder.Path, new RunName("grow", "small", 1), TimeProvider.System);
        GrowthResult found = Run(SmallGrowth.Options with { MaxEpochs = 1, FinishEpochs = 3, RollsBack = false });
        (TrainingResult Result, double Seconds) Baseline(TrainingOptions training)
        {
            var clock = new Clock();
            var timed = new Timed(new MethodRun(SmallGrowth.Data, new StagedRun(run, TimeProvider.System), clock), clock, _ => 2);
            return AutoGrow.FromScratch(found, training, RandomStream.FromSeed(5), timed);
        }

        Assert.Throws<KilledException>(() => Baseline(SmallGrowth.Training with { Callbacks = [new Bomb(1)] }));
        (TrainingResult resumed, double seconds) = Baseline(SmallGrowth.Training);
        Assert.Equal(3, resumed.History.Count);
        Assert.Equal(6, seconds, 1e-3);
        Assert.Equal(6, Baseline(SmallGrowth.Training).Seconds, 1e-3);       // nothing is left to train
    }

    /// <summary>Stage 0 is at its limit at once, and there is no stage 3.</summary>
    [Theory]
    [InlineData(0, "got 0, expected one of 1, 2")]
    [InlineData(3, "got 3, expected one of 0, 1, 2")]
    public void A_policy_that_chooses_a_stage_that_cannot_grow_is_refused(int stage, string reason)
    {
        GrowthOptions options = SmallGrowth.Options with { Growing = new FixedStage(stage), MaxBlocks = 1 };
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => Run(options));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// Where a run is killed: in epochs of growth and of the final training, and just after roll-back.
    /// </summary>
    public static TheoryData<string, int> Kills => new() { { "grow", 0 }, { "grow", 3 }, { "roll-back", 0 }, { "shorten-0", 0 }, { "finish", 1 } };

    [Theory]
    [MemberData(nameof(Kills))]
    public void A_run_that_is_killed_anywhere_resumes_to_the_same_bytes(string stage, int epoch)
    {
        using var folder = new TemporaryFolder();
        GrowthOptions options = stage.StartsWith("shorten", StringComparison.Ordinal)
            ? SmallGrowth.Options with { Stopping = new AlwaysGain(), MaxEpochs = 12 }
            : SmallGrowth.Options with { Stopping = new PairedGain { Window = 3 } };
        RunFolder run = RunFolder.Create(folder.Path, new RunName("grow", "small", 1), TimeProvider.System);
        var killed = new Killed(Stages(run), stage, epoch);
        Assert.Throws<KilledException>(() => AutoGrow.Run(SmallGrowth.Seed(), options, SmallGrowth.Training, killed, killed.Report));
        GrowthResult resumed = AutoGrow.Run(SmallGrowth.Seed(), options, SmallGrowth.Training, Stages(run)), whole = Run(options);
        Assert.Equal(SmallGrowth.BytesOf(whole.Network.Network), SmallGrowth.BytesOf(resumed.Network.Network));
        Assert.Equal(whole.Network.Depths, resumed.Network.Depths);
        Assert.Equal(whole.Record.Path.Select(Untimed), resumed.Record.Path.Select(Untimed));
    }

    [Fact]
    public void Growing_keeps_weights_and_momentum_of_all_that_was_there()
    {
        using var folder = new TemporaryFolder();
        GrowableNetwork seed = SmallGrowth.Seed();
        using var learner = new Learner(seed.Network, new LearnerOptions { Optimizer = SmallGrowth.Training.Optimizer });
        (Tensors.Tensor x, Tensors.Tensor y) = SmallGrowth.Data.Train.Read(0, 16);
        using (Gradients gradients = learner.Gradients((network, pass) => network.Forward(x, pass).CrossEntropy(y)))
        {
            learner.Apply(gradients);
        }

        learner.Save(folder["before"], new Dictionary<string, string>());
        GrowableNetwork grown = seed.With(learner.Network).Append(1, RandomStream.FromSeed(7));
        learner.Edit(_ => grown.Network);
        learner.Save(folder["after"], new Dictionary<string, string>());
        Dictionary<string, float[]> before = Optimizer(folder["before"]), after = Optimizer(folder["after"]);
        Assert.NotEmpty(before);
        Assert.All(before, entry => Assert.Equal(entry.Value, after[entry.Key]));
        Assert.All(after.Where(entry => !before.ContainsKey(entry.Key)), entry => Assert.All(entry.Value, value => Assert.Equal(0, value)));
        Assert.True(after.Count > before.Count);
    }

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
        GrowthResult result = Run(SmallGrowth.Options with { MaxEpochs = 20, RollsBack = false, Limits = limits });
        Assert.All(result.Record.Path, step => Assert.True(step.Parameters <= (limits.Parameters ?? long.MaxValue) && step.Macs <= (limits.Macs ?? long.MaxValue)));
        Assert.Null(limits.Exceeded(result.Network.Network, SmallGrowth.Training.BatchSize));
        Assert.Contains(result.Record.Path, step => step.Event is GrowthEvents.Limit && step.Reason is not null);
    }

    [Fact]
    public void Limits_below_the_seed_are_refused_before_anything_trains()
    {
        foreach (GrowthLimits limits in (GrowthLimits[])[new() { Parameters = 10 }, new() { Macs = 10 }, new() { MemoryMiB = 1e-3 }, new() { Milliseconds = 1e-9 }])
        {
            ArgumentException error = Assert.Throws<ArgumentException>(() => Run(SmallGrowth.Options with { Limits = limits }));
            Assert.Contains("the initial network 1-1-1 already exceeds a limit", error.Message, StringComparison.Ordinal);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => Run(SmallGrowth.Options with { Limits = new GrowthLimits { Macs = 0 } }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Run(SmallGrowth.Options with { Interval = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Run(SmallGrowth.Options with { Stopping = new PairedGain { Significance = 2 } }));
    }

    [Fact]
    public void The_seed_is_measured_once_and_a_resumed_run_takes_the_first_measurement()
    {
        using var folder = new TemporaryFolder();
        GrowthOptions options = SmallGrowth.Options with { MaxEpochs = 2, Limits = new GrowthLimits { Milliseconds = 1e6 } };
        RunFolder run = RunFolder.Create(folder.Path, new RunName("grow", "small", 1), TimeProvider.System);
        Assert.Throws<KilledException>(() => AutoGrow.Run(SmallGrowth.Seed(), options, SmallGrowth.Training, new Killed(Stages(run), "grow", 0)));
        var chosen = new Recorded(Stages(run));
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
        Assert.Equal(whole.Record.Path.Select(Untimed), staged.Record.Path.Select(Untimed));
        Assert.Equal([2, -1], staged.Record.Path.Where(step => step.Event is GrowthEvents.Limit).Select(step => step.Stage));
        Assert.Equal([1, 1, 1], staged.Network.Depths);
        Assert.Equal(4, staged.Finish.History.Count);
        Assert.True(staged.Record.Seconds <= limit, $"{staged.Record.Seconds} s, limit {limit} s");
    }

    /// <summary>
    /// Recomputes the bisection from the accuracies of all repairs: the largest number of removed blocks that is as
    /// accurate as the whole network, with no larger number accepted.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(0.1)]
    public void Shortening_keeps_the_accuracy_of_the_repaired_network(double tolerance)
    {
        var trials = new Trials(new MethodRun(SmallGrowth.Data));
        GrowthOptions options = SmallGrowth.Options with
        {
            MaxEpochs = 12, Tolerance = tolerance, Stopping = new AlwaysGain(),
        };
        GrowthResult result = AutoGrow.Run(SmallGrowth.Seed(), options, SmallGrowth.Training, trials);
        (int Depth, double Accuracy) whole = trials.Repairs[0];
        int removed = trials.Repairs.Where(trial => trial.Value.Accuracy >= whole.Accuracy - tolerance).Max(trial => trial.Key);
        Assert.Equal(whole.Depth - removed, result.Network.Depths.Sum());
        GrowthStep[] shortened = [.. result.Record.Path.Where(step => step.Event is GrowthEvents.Shorten)];
        Assert.Equal(removed, shortened.Length);
        Assert.Equal(
            Enumerable.Range(1, removed).Select(count => trials.Repairs.TryGetValue(count, out (int Depth, double Accuracy) repair) ? repair.Accuracy : (double?)null),
            shortened.Select(step => step.Accuracy));
        Assert.All(trials.Repairs, trial => Assert.Equal(whole.Depth - trial.Key, trial.Value.Depth));
        Assert.Equal(options.RepairEpochs * trials.Repairs.Count, result.RepairEpochs);
        Assert.True(result.RepairEpochs <= options.MaxRepairEpochs(whole.Depth - SmallGrowth.Seed().Depths.Sum()));
    }

    [Fact]
    public void Without_repair_no_further_blocks_are_removed()
    {
        var trials = new Trials(new MethodRun(SmallGrowth.Data));
        GrowthResult result = AutoGrow.Run(
            SmallGrowth.Seed(), SmallGrowth.Options with { Stopping = new AlwaysGain(), RepairEpochs = 0 }, SmallGrowth.Training,
            trials);
        Assert.Empty(trials.Repairs);
        Assert.Equal(0, result.RepairEpochs);
        Assert.DoesNotContain(result.Record.Path, step => step.Event is GrowthEvents.Shorten);
    }

    [Fact]
    public void Saved_exported_and_read_again_the_network_gives_the_same_answers()
    {
        using var folder = new TemporaryFolder();
        GrowthResult result = Run(SmallGrowth.Options);
        Network found = result.Network.Network;
        double accuracy = Evaluator.Evaluate(found, SmallGrowth.Data.Train).Accuracy;
        ModelFile.Save(found, folder["model"]);
        OnnxFile.Save(found, folder["model.onnx"]);
        Assert.Equal(SmallGrowth.BytesOf(found), SmallGrowth.BytesOf(ModelFile.Load(folder["model"])));
        Assert.Equal(accuracy, Evaluator.Evaluate(ModelFile.Load(folder["model"]), SmallGrowth.Data.Train).Accuracy);
        Assert.Equal(accuracy, Evaluator.Evaluate(OnnxFile.Load(folder["model.onnx"]).Network, SmallGrowth.Data.Train).Accuracy);
    }

    [Fact]
    public void A_seed_that_diverges_says_so_and_a_growth_that_does_ends_there()
    {
        TrainingOptions wild = SmallGrowth.Training with { Optimizer = new Sgd { LearningRate = 1e30f } };
        Assert.Throws<TrainingDivergedException>(() => AutoGrow.Run(SmallGrowth.Seed(), SmallGrowth.Options, wild, new MethodRun(SmallGrowth.Data)));

        GrowthResult result = Run(SmallGrowth.Options with { Initializer = new GauInit { Deviation = 1e30f } });
        Assert.Contains(result.Record.Path, step => step.Event is GrowthEvents.Diverged);
        Assert.Equal([1, 1, 1], result.Network.Depths);
    }

    [Fact]
    public void Section_shows_depths_steps_and_the_pareto_list()
    {
        GrowthResult result = Run(SmallGrowth.Options);
        Reporting.Documents.Section section = GrowthSection.Of(result.Record);
        var report = new Reporting.Documents.Report { Title = "growth", Subtitle = "", Sections = [section] };
        Assert.Contains(string.Join('-', result.Network.Depths), report.ToHtml(), StringComparison.Ordinal);
    }

    private static GrowthResult Run(GrowthOptions options, string family = "basic3") =>
        AutoGrow.Run(SmallGrowth.Seed(family), options, SmallGrowth.Training, new MethodRun(SmallGrowth.Data));

    private static MethodRun Stages(RunFolder folder) => new(SmallGrowth.Data, new StagedRun(folder, TimeProvider.System));

    private static Dictionary<string, float[]> Optimizer(string folder) =>
        SafetensorsFile.Load(Directory.EnumerateFiles(folder, "optimizer.safetensors", SearchOption.AllDirectories).Single())
            .Tensors.ToDictionary(entry => entry.Key, entry => entry.Value.ToArray<float>(), StringComparer.Ordinal);

    private static string Untimed(GrowthStep step) => $"{step.Event} {step.Stage} {string.Join('-', step.Depths)} {step.Epoch} {step.Accuracy} {step.Macs}";
}
