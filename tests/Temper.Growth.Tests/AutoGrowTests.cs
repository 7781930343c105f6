using Temper.Data;
using Temper.Formats.Models;
using Temper.Formats.Onnx;
using Temper.Formats.Safetensors;
using Temper.Growth.Blocks;
using Temper.Growth.Initializers;
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
        GrowthResult result = SmallGrowth.Run(SmallGrowth.Options with { MaxEpochs = 3, FinishEpochs = 1, Stopping = new AccuracyGain() }, family);
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
        GrowthResult kept = SmallGrowth.Run(options with { RollsBack = false }), rolled = SmallGrowth.Run(options);
        Assert.Equal(kept.Grown, rolled.Grown);                     // roll-back does not affect the growth itself
        Assert.Equal(kept.Grown, kept.Network.Depths);
        Assert.Contains(rolled.Record.Path, step => step.Event is GrowthEvents.RollBack or GrowthEvents.Bypass);
        Assert.True(rolled.Network.Depths.Sum() < kept.Network.Depths.Sum());
        Assert.Equal(3, rolled.Record.Path.Count(step => step.Event is GrowthEvents.Stop));
    }

    [Fact]
    public void Steps_while_growing_have_the_best_accuracy_so_far_and_the_seed_has_none()
    {
        GrowthResult result = SmallGrowth.Run(SmallGrowth.Options with { MaxEpochs = 40, RollsBack = false });
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
            () => AutoGrow.Run(SmallGrowth.Seed(), SmallGrowth.Options, SmallGrowth.Training, new Killed(SmallGrowth.Stages(run), "grow", 3), first.Add));
        GrowthResult result = AutoGrow.Run(SmallGrowth.Seed(), SmallGrowth.Options, SmallGrowth.Training, SmallGrowth.Stages(run), second.Add);
        Assert.Equal(3, first.Count);                               // an interval is one epoch; the fourth was killed
        Assert.All(first, record => Assert.Equal(0, record.RestoredSteps));
        Assert.All(second, record => Assert.Equal(first[^1].Path.Count, record.RestoredSteps));
        Assert.Equal(result.Record.Path.Select(SmallGrowth.Untimed), second[^1].Path.Select(SmallGrowth.Untimed));
        Assert.Equal(GrowthEvents.Finish, second[^1].Path[^1].Event);
    }

    /// <summary>An epoch takes two seconds on each process's clock; the first process is killed in the second of three.</summary>
    [Fact]
    public void Seconds_of_the_baseline_are_those_of_all_processes()
    {
        using var folder = new TemporaryFolder();
        RunFolder run = RunFolder.Create(folder.Path, new RunName("grow", "small", 1), TimeProvider.System);
        GrowthResult found = SmallGrowth.Run(SmallGrowth.Options with { MaxEpochs = 1, FinishEpochs = 3, RollsBack = false });
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
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => SmallGrowth.Run(options));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// A look at the held-out samples takes three seconds in the first process, which is killed in the final training,
    /// and none in the second. No limit depends on the time, so it is no choice.
    /// </summary>
    [Fact]
    public void Seconds_of_roll_back_are_those_of_the_process_that_did_it()
    {
        using var folder = new TemporaryFolder();
        RunFolder run = RunFolder.Create(folder.Path, new RunName("grow", "small", 1), TimeProvider.System);
        GrowthOptions options = SmallGrowth.Options with { MaxEpochs = 2, FinishEpochs = 3, RepairEpochs = 0 };
        int looks = 0;
        GrowthResult Grown(TrainingOptions training, bool isSlow)
        {
            var clock = new Clock();
            var timed = new Timed(new MethodRun(SmallGrowth.Data, new StagedRun(run, TimeProvider.System), clock), clock, _ => 1);
            var slow = new SlowAnswers(timed, clock);
            try
            {
                return AutoGrow.Run(SmallGrowth.Seed(), options, training, isSlow ? slow : timed);
            }
            finally
            {
                looks += isSlow ? slow.Asked : 0;
            }
        }

        Assert.Throws<KilledException>(() => Grown(SmallGrowth.Training with { Callbacks = [new Bomb(2)] }, isSlow: true));
        Assert.True(looks > 0);
        Assert.Equal(2 + (3 * looks) + 3, Grown(SmallGrowth.Training, isSlow: false).Record.Seconds, 1e-3);
        Assert.Empty(run.ReadDecisions());
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
        var killed = new Killed(SmallGrowth.Stages(run), stage, epoch);
        Assert.Throws<KilledException>(() => AutoGrow.Run(SmallGrowth.Seed(), options, SmallGrowth.Training, killed, killed.Report));
        GrowthResult resumed = AutoGrow.Run(SmallGrowth.Seed(), options, SmallGrowth.Training, SmallGrowth.Stages(run)), whole = SmallGrowth.Run(options);
        Assert.Equal(SmallGrowth.BytesOf(whole.Network.Network), SmallGrowth.BytesOf(resumed.Network.Network));
        Assert.Equal(whole.Network.Depths, resumed.Network.Depths);
        Assert.Equal(whole.Record.Path.Select(SmallGrowth.Untimed), resumed.Record.Path.Select(SmallGrowth.Untimed));
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

        // No network that was measured after growth, taken or not, is better than the front at its MACs.
        Assert.All(trials.Repairs, trial => Assert.Contains(
            result.Record.Measured, point => point.Depths.Sum() == trial.Value.Depth && point.Accuracy == trial.Value.Accuracy));
        Assert.All(result.Record.Measured.GroupBy(point => point.Macs).Select(group => group.Last()), point => Assert.Contains(
            result.Record.Pareto, front => front.Macs <= point.Macs && front.Accuracy >= point.Accuracy));
        Assert.Equal(options.RepairEpochs * trials.Repairs.Count, result.RepairEpochs);
        Assert.True(result.RepairEpochs <= options.MaxRepairEpochs(whole.Depth - SmallGrowth.Seed().Depths.Sum()));
    }

    /// <summary>Positions are epochs with a fraction: for 5 epochs the rate drops in the middle of the third one, and in the fourth.</summary>
    [Theory]
    [InlineData(4, 2, 3)]
    [InlineData(5, 2.5, 3.75)]
    [InlineData(30, 15, 22.5)]
    public void Final_training_divides_the_rate_at_half_and_three_quarters(int epochs, double half, double most)
    {
        LearningRateSchedule schedule = AutoGrow.FinishSchedule(epochs);
        Assert.Equal([1, 0.1, 0.1, 0.01], new[] { half - 1e-6, half, most - 1e-6, most }.Select(epoch => schedule.Factor(epoch, epochs)), (a, b) => Math.Abs(a - b) < 1e-12);
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
        GrowthResult result = SmallGrowth.Run(SmallGrowth.Options);
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

        GrowthResult result = SmallGrowth.Run(SmallGrowth.Options with { Initializer = new GauInit { Deviation = 1e30f } });
        Assert.Contains(result.Record.Path, step => step.Event is GrowthEvents.Diverged);
        Assert.Equal([1, 1, 1], result.Network.Depths);
    }

    [Fact]
    public void Section_shows_depths_steps_and_the_pareto_list()
    {
        GrowthResult result = SmallGrowth.Run(SmallGrowth.Options);
        Reporting.Documents.Section section = GrowthSection.Of(result.Record);
        var report = new Reporting.Documents.Report { Title = "growth", Subtitle = "", Sections = [section] };
        Assert.Contains(string.Join('-', result.Network.Depths), report.ToHtml(), StringComparison.Ordinal);
    }

    private static Dictionary<string, float[]> Optimizer(string folder) =>
        SafetensorsFile.Load(Directory.EnumerateFiles(folder, "optimizer.safetensors", SearchOption.AllDirectories).Single())
            .Tensors.ToDictionary(entry => entry.Key, entry => entry.Value.ToArray<float>(), StringComparer.Ordinal);
}
