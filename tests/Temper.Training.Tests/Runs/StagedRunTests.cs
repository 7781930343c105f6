using Temper.Training.Runs;
using Temper.Training.Tests.Support;

namespace Temper.Training.Tests.Runs;

public sealed class StagedRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_stage_goes_on_where_it_was_stopped_and_gives_its_result_again_when_it_has_ended()
    {
        RunFolder folder = RunFolder.Create(_folder["runs"], new RunName("test", "shapes", 1), TimeProvider.System);
        TrainingOptions options = SmallRun.Options with { Epochs = 2 };
        byte[] whole = SmallRun.BytesOf(SmallRun.Fit(options));
        using (var stop = new CancellationTokenSource())
        {
            Assert.False(Fit(folder, options with { Callbacks = [new StopAfter(25, stop)] }, stop.Token).IsComplete);
        }

        Assert.Equal(whole, SmallRun.BytesOf(Fit(folder, options)));
        Assert.Equal(whole, SmallRun.BytesOf(Fit(folder, options with { Callbacks = [new NoTraining()] })));
    }

    [Fact]
    public void A_choice_is_made_once_a_stage_and_found_by_a_resumed_run()
    {
        RunFolder folder = RunFolder.Create(_folder["runs"], new RunName("test", "shapes", 1), TimeProvider.System);
        int asked = 0;
        string Choose(string stage) => new StagedRun(RunFolder.Open(folder.FullPath), TimeProvider.System).Choose(stage, "kernels", () => $"plan {++asked}");
        Assert.Equal("plan 1", Choose("first"));
        Assert.Equal("plan 2", Choose("second"));
        Assert.Equal("plan 1", Choose("first"));
        Assert.Equal(2, asked);
        Assert.All(folder.ReadDecisions(), decision => Assert.Equal("kernels", decision.Kind));
        Assert.Equal(["kernels in 'first': plan 1", "kernels in 'second': plan 2"], folder.ReadDecisions().Select(decision => decision.Text));
    }

    private static TrainingResult Fit(RunFolder folder, TrainingOptions options, CancellationToken cancel = default) =>
        new StagedRun(folder, TimeProvider.System).Fit("train", SmallRun.Network, (SmallRun.Train, SmallRun.Validation), options, cancel);
}
