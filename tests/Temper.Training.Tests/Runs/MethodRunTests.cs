using Temper.Data;
using Temper.Training.Evaluation;
using Temper.Training.Runs;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests.Runs;

/// <summary>Trainings and choices of a method, in memory and in a run folder.</summary>
public sealed class MethodRunTests : IDisposable
{
    private static readonly (Dataset Train, Dataset Validation) Data = (SmallRun.Train, SmallRun.Validation);

    private static readonly TrainingOptions Options = SmallRun.Options with { Epochs = 2 };

    private readonly TemporaryFolder _root = new();
    private readonly RunFolder _folder;

    public MethodRunTests() => _folder = RunFolder.Create(_root.Path, new RunName("test", "shapes", 1), TimeProvider.System);

    public void Dispose() => _root.Dispose();

    [Fact]
    public void In_memory_and_in_a_run_folder_trainings_give_the_same_bytes()
    {
        byte[] expected = SmallRun.BytesOf(SmallRun.Fit(Options));
        Assert.Equal(expected, SmallRun.BytesOf(Fit(null, Options)));
        Assert.False(Directory.Exists(_folder.CheckpointsPath));
        Assert.Equal(expected, SmallRun.BytesOf(Fit(Stages(), Options)));
        Assert.Equal(expected, SmallRun.BytesOf(Fit(Stages(), Options with { Callbacks = [new NoTraining()] })));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_canceled_training_throws(bool isStaged)
    {
        using var stop = new CancellationTokenSource();
        TrainingOptions stopping = Options with { Callbacks = [new StopAfter(25, stop)] };
        var error = Assert.Throws<OperationCanceledException>(() => Fit(isStaged ? Stages() : null, stopping, stop.Token));
        Assert.Equal("training 'train' was stopped after step 25", error.Message);
        Assert.Equal(stop.Token, error.CancellationToken);
        if (isStaged)
        {
            Assert.Equal(SmallRun.BytesOf(SmallRun.Fit(Options)), SmallRun.BytesOf(Fit(Stages(), Options)));
        }
    }

    [Fact]
    public void A_choice_is_recorded_once_in_a_run_folder_and_made_again_in_memory()
    {
        int made = 0;
        string Choose(StagedRun? run) => new MethodRun(Data, run).Choose("train", "kernels", () => $"plan {++made}");
        Assert.Equal("plan 1", Choose(Stages()));
        Assert.Equal("plan 1", Choose(Stages()));
        Assert.Equal("plan 1", Assert.Single(_folder.ReadDecisions()).Value);
        Assert.Equal("plan 2", Choose(null));
        Assert.Equal("plan 3", Choose(null));
    }

    [Fact]
    public void Data_clock_and_evaluation_are_those_of_the_caller()
    {
        var clock = new StoppedClock(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        IMethodRun run = new MethodRun(Data, time: clock);
        Assert.Same(SmallRun.Train, run.Train);
        Assert.Same(SmallRun.Validation, run.Validation);
        Assert.Same(clock, run.Time);
        Assert.Equal(
            Evaluator.Evaluate(SmallRun.Network, SmallRun.Validation).Accuracy,
            run.Evaluate(SmallRun.Network, SmallRun.Validation, CancellationToken.None).Accuracy);
    }

    /// <summary>Returns the stages as a new process opens them.</summary>
    private StagedRun Stages() => new(RunFolder.Open(_folder.FullPath), TimeProvider.System);

    private static TrainingResult Fit(StagedRun? run, TrainingOptions options, CancellationToken cancel = default) =>
        new MethodRun(Data, run, cancel: cancel).Fit("train", SmallRun.Network, options);
}
