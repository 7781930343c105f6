using Temper.Compression.Pipeline;
using Temper.Compression.Pruning;
using Temper.Compression.Shrinking;
using Temper.Data;
using Temper.Networks;
using Temper.Tensors;
using Temper.Training.Evaluation;

namespace Temper.Compression.Tests.Pipeline;

/// <summary>Compression without training, from samples or from the network alone.</summary>
public sealed class WithoutTrainingTests
{
    [Fact]
    public void Without_training_layers_are_fitted_again()
    {
        CompressionResult result = CompressionPipeline.Calibrate(
            PipelineTests.Trained.Value, PipelineTests.Train, 64, PipelineTests.Options with { MaxAccuracyDrop = 4, Goal = CompressionGoal.Weights, Trials = 4 }, new RecordedRun(_ => 1));
        Assert.True(result.IsWithinBound);
        Assert.True(result.Chosen!.Figures.Weights < 0.6 * result.Before.Weights);
        Assert.Equal(1, result.Before.Accuracy);
    }

    /// <summary>The fraction of a trial is that of pruning; channels without effect go with the weights they kept.</summary>
    [Fact]
    public void Weights_that_go_with_channels_without_effect_are_explained()
    {
        Network network = Network.Build(InputSpec.Features(4), x => x.Linear(3, name: "a").Relu().Linear(2, name: "b"));
        Network pruned = network.WithParameters([
            network.Parameters["a.weight"] with { Value = Tensor.Full([3, 4], 1f) },
            network.Parameters["b.weight"] with { Value = Tensor.From([0f, 1, 1, 0, 1, 1], [2, 3]) },
        ]);
        (long kept, long left) = (SparsityReport.Of(pruned).Nonzero, SparsityReport.Of(pruned.Shrink().Network).Nonzero);
        Assert.Equal((16L, 12L), (kept, left));
        Assert.StartsWith("pruning kept 16 weights; 4 of them belong to channels", CompressionSearch.Removed(kept, left), StringComparison.Ordinal);
        Assert.Null(CompressionSearch.Removed(100, 95));
    }

    [Fact]
    public void A_network_whose_outputs_are_not_numbers_gives_no_answers_to_agree_with()
    {
        Network network = PipelineTests.Trained.Value,
            broken = network.WithParameters(network.Parameters.Select(p => p with { Value = p.Value * float.NaN }));
        Assert.Contains("predicts no class", Assert.Throws<ArgumentException>(
            () => AnsweredDataset.Of(broken, PipelineTests.Train, CancellationToken.None)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_training_the_structure_is_obeyed_or_refused()
    {
        CompressionResult result = CompressionPipeline.Calibrate(PipelineTests.Trained.Value, PipelineTests.Train, 64, PipelineTests.Options with { Structure = CompressionStructure.None }, new RecordedRun(_ => 1));
        Assert.True(result.IsWithinBound);
        Assert.Empty(result.Trials);
        Assert.Same(PipelineTests.Trained.Value, result.Network);
        foreach (CompressionStructure structure in (CompressionStructure[])[CompressionStructure.Blocks, CompressionStructure.Channels])
        {
            CompressionOptions options = PipelineTests.Options with { Structure = structure };
            Assert.Contains("only single weights can be removed", Assert.Throws<ArgumentException>(
                () => CompressionPipeline.Calibrate(PipelineTests.Trained.Value, PipelineTests.Train, 64, options, new RecordedRun(_ => 1))).Message, StringComparison.Ordinal);
            Assert.Contains("only single weights can be removed", Assert.Throws<ArgumentException>(
                () => CompressionPipeline.RunDataFree(PipelineTests.Trained.Value, options, new RecordedRun(_ => 1))).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Without_data_layers_are_fitted_again_on_inputs_made_from_the_network()
    {
        CompressionOptions options = PipelineTests.Options with { MaxAccuracyDrop = 4, Goal = CompressionGoal.Weights, Trials = 3, FirstKept = 0.7 };
        CompressionResult result = CompressionPipeline.RunDataFree(PipelineTests.Trained.Value, options, new RecordedRun(_ => 1));
        Assert.Contains("No samples were read", result.Remarks[0], StringComparison.Ordinal);
        Assert.True(result.Trials[0].Figures.Weights <= 0.71 * result.Before.Weights);

        // Checked with the accuracy on labeled validation samples, which the compression does not read.
        double before = Evaluator.Evaluate(PipelineTests.Trained.Value, PipelineTests.Validation).Accuracy, after = Evaluator.Evaluate(result.Trials[0].Network, PipelineTests.Validation).Accuracy;
        Assert.True(after > before - 0.1, $"{after} after {before}");
        Assert.Equal(result.Trials[0].Figures.Accuracy, CompressionPipeline.RunDataFree(PipelineTests.Trained.Value, options, new RecordedRun(_ => 1)).Trials[0].Figures.Accuracy);
    }

    /// <summary>A network without any weights would agree with it.</summary>
    [Fact]
    public void Without_data_a_network_that_gives_one_class_to_all_inputs_is_refused()
    {
        Parameter bias = PipelineTests.Trained.Value.Parameters["fc2.bias"];
        Network network = PipelineTests.Trained.Value.WithParameters([bias with { Value = Tensor.From([0f, 0, 1e6f, 0], bias.Value.Shape) }]);
        var error = Assert.Throws<ArgumentException>(() => CompressionPipeline.RunDataFree(network, PipelineTests.Options, new RecordedRun(_ => 1)));
        Assert.Contains("gives class 2 to all 64 inputs", error.Message, StringComparison.Ordinal);
    }
}
