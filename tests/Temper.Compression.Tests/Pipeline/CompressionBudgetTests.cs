using Temper.Compression.Pipeline;
using Temper.Networks;
using Temper.Randomness;

namespace Temper.Compression.Tests.Pipeline;

/// <summary>Plans of epochs and trials.</summary>
public sealed class CompressionBudgetTests
{
    private static readonly Network Network = NetworkZoo.Create("lenet-300-100").Initialize(RandomStream.FromSeed(1));

    /// <summary>A run resumed with another time limit keeps its plan, so that its trainings stay the same.</summary>
    [Fact]
    public void A_plan_is_kept_when_the_time_limit_changes()
    {
        // 0.8 of 30 s at a second per epoch are 24 epochs: 0.35 of them with the regularizer, the rest in three trials.
        var run = new RecordedRun(_ => 1) { Choices = new(StringComparer.Ordinal) { ["seconds an epoch"] = "1" } };
        CompressionBudget first = Budget(30, run), resumed = Budget(300, run);
        Assert.Equal((8, 5, 3), (first.RegularizeEpochs, first.TuneEpochs, first.Trials));
        Assert.Equal((8, 5, 3), (resumed.RegularizeEpochs, resumed.TuneEpochs, resumed.Trials));
    }

    private static CompressionBudget Budget(double seconds, RecordedRun run) => new(
        Network, new CompressionOptions
        {
            Seed = 5, Structure = CompressionStructure.Element, MaxTime = TimeSpan.FromSeconds(seconds), RegularizeEpochs = 20, TuneEpochs = 20,
            Trials = 3,
        }, run, TimeProvider.System);
}
