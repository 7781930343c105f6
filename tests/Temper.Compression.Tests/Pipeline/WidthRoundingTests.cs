using Temper.Compression.Pipeline;
using Temper.Data;
using Temper.Networks;
using Temper.Optimization;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training;
using Temper.Training.Evaluation;

namespace Temper.Compression.Tests.Pipeline;

/// <summary>Rounding of channel counts by measured time.</summary>
public sealed class WidthRoundingTests
{
    [Fact]
    public void Widths_are_rounded_where_measured_time_says_so_and_the_cost_is_told()
    {
        CompressionOptions options = PipelineTests.Options with { Structure = CompressionStructure.Channels, Goal = CompressionGoal.Milliseconds, Trials = 1, RegularizeEpochs = 0, TuneEpochs = 1, FirstKept = 0.25 };
        CompressionResult plain = CompressionPipeline.Run(PipelineTests.Trained.Value, options, new RecordedRun(_ => 1) { Rounding = "0" });
        CompressionResult rounded = CompressionPipeline.Run(PipelineTests.Trained.Value, options, new RecordedRun(_ => 1) { Rounding = "1: 2 ms to 1 ms" });
        Assert.DoesNotContain(plain.Remarks, remark => remark.Contains("rounded", StringComparison.Ordinal));
        Assert.Contains(rounded.Remarks, remark => remark.Contains("multiples of 4", StringComparison.Ordinal) && remark.Contains("% more MACs", StringComparison.Ordinal));
        Assert.True(rounded.Trials[0].Figures.Macs > plain.Trials[0].Figures.Macs);
        Assert.Equal(0, rounded.Trials[0].Network.Parameters["conv1.weight"].Value.Shape[0] % 4);
        Assert.Equal(0, rounded.Trials[0].Network.Parameters["conv2.weight"].Value.Shape[0] % 4);
    }

    [Theory]
    [InlineData("1: 0.00134 ms to 0.00126 ms", 0.00134, 0.00126)]
    [InlineData("2: 2 ms to 1 ms", 2.0, 1.5, 1.0)]
    [InlineData("0", 0.00134, 0.0013)]
    [InlineData("0", 1.0, 1.0)]
    public void Rounding_has_to_be_clearly_faster(string expected, params double[] times) => Assert.Equal(expected, WidthRounding.Fastest(times));

    [Fact]
    public void Rounding_that_would_bring_all_channels_back_is_no_choice()
    {
        // All widths are 4, so rounding up to a multiple of 4 would restore the whole network.
        Network fresh = Network.Build(InputSpec.Image(channels: 1, height: 12, width: 12, min: 0, max: 1), x => x
            .Conv2d(4, kernel: 3, padding: 1).Relu().MaxPool2d(2).Conv2d(4, kernel: 3, padding: 1).Relu().MaxPool2d(2).Flatten().Linear(4))
            .Initialize(RandomStream.FromSeed(6));
        Network narrow = Trainer.Fit(fresh, PipelineTests.Train, PipelineTests.Validation, PipelineTests.Options.Training! with { Epochs = 20, Optimizer = new Adam { LearningRate = 1e-2f } }).Network;
        CompressionOptions options = PipelineTests.Options with
        {
            Structure = CompressionStructure.Channels, Goal = CompressionGoal.Milliseconds, Trials = 1, RegularizeEpochs = 0, TuneEpochs = 0,
            FirstKept = 0.5, MaxAccuracyDrop = 100,
        };
        var run = new RecordedRun(_ => 1) { Rounding = "1: 2 ms to 1 ms" };
        CompressionTrial trial = CompressionPipeline.Run(narrow, options, run).Trials[0];
        Assert.True(trial.Figures.Macs <= 0.5 * narrow.Cost().Macs, $"{trial.Figures.Macs} of {narrow.Cost().Macs} operations are left");
    }
}
