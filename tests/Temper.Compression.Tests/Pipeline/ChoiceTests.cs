using Temper.Compression.Pipeline;

namespace Temper.Compression.Tests.Pipeline;

/// <summary>Which trial is chosen when several have the same figure of the objective.</summary>
public sealed class ChoiceTests
{
    [Fact]
    public void Of_equally_small_networks_the_most_accurate_one_is_chosen()
    {
        CompressionHistory history = History();
        foreach ((double accuracy, long macs) in ((double, long)[])[(0.99, 2000), (0.90, 1000), (0.95, 1000), (0.93, 1000)])
        {
            history.Add(Trial(accuracy, macs), "trial");
        }

        Assert.Equal((0.95, 1000L), Of(history.Result().Chosen));
    }

    [Fact]
    public void Of_equally_small_networks_with_sparse_activations_the_most_accurate_one_is_the_best()
    {
        CompressionHistory history = History();
        history.Add(Trial(0.99, 1000), "trial");
        history.Add(Trial(0.90, 1000) with { Activations = CompressionActivations.Winners }, "trial");
        history.Add(Trial(0.95, 1000) with { Activations = CompressionActivations.Winners }, "trial");
        Assert.Equal((0.95, 1000L), Of(history.BestOfActivations()));
    }

    /// <summary>Accuracy within the bound is only given up for a gain.</summary>
    [Theory]
    [InlineData(0.997, false)]
    [InlineData(0.98, true)]
    public void A_network_that_is_hardly_smaller_is_not_chosen(double part, bool isChosen)
    {
        CompressionHistory history = History();
        history.Add(Trial(0.9, (long)(part * PipelineTests.Trained.Value.Cost().NonzeroMacs)), "trial");
        CompressionResult result = history.Result();
        Assert.Equal(isChosen, result.Chosen is not null);
        Assert.True(result.IsWithinBound);
        Assert.Equal(isChosen, result.Remarks.Count == 0);
    }

    private static CompressionHistory History()
    {
        var run = new RecordedRun(_ => 1);
        var evaluator = new CandidateEvaluator(
            PipelineTests.Trained.Value, PipelineTests.Validation, PipelineTests.Options, run, CancellationToken.None);
        return new CompressionHistory(PipelineTests.Trained.Value, evaluator, PipelineTests.Options, run);
    }

    private static CompressionTrial Trial(double accuracy, long macs) => new(
        CompressionStructure.Element, 0.5, PipelineTests.Trained.Value, new NetworkFigures(accuracy, 100, macs, 1000, 1), IsWithinBound: true);

    private static (double Accuracy, long Macs) Of(CompressionTrial? trial) => (trial!.Figures.Accuracy, trial.Figures.Macs);
}
