using Temper.Compression.DeepHoyer;
using Temper.Compression.Pipeline;
using Temper.Networks;
using Temper.Optimization;

namespace Temper.Compression.Tests.Pipeline;

/// <summary>Training options of the stages, and pruning in several steps.</summary>
public sealed class StageTests
{
    /// <summary>
    /// The term of the loss starts at the pressure (1 nat), all of it from the layers that are not ignored.
    /// </summary>
    [Theory]
    [InlineData(CompressionStructure.Element, "regularize-element")]
    [InlineData(CompressionStructure.Channels, "regularize-channels")]
    public void Ignored_layers_are_not_regularized(CompressionStructure structure, string stage)
    {
        RecordedRun run = Compress(Short with { Structure = structure, Ignore = ["fc1"] });
        IRegularizer regularizer = Assert.Single(run.Regularizers[stage]);
        Dictionary<string, double> values = PipelineTests.Trained.Value.Parameters.ToDictionary(
            parameter => parameter.Name,
            parameter => regularizer.AddGradient(parameter, parameter.Value.ToArray<float>(), new float[parameter.Value.Count]),
            StringComparer.Ordinal);
        Assert.Equal(0, values["fc1.weight"]);
        Assert.All((string[])["conv1.weight", "conv2.weight", "fc2.weight"], name => Assert.True(values[name] > 0, name));
        Assert.Equal(1, values.Values.Sum(), 1e-5);
    }

    /// <summary>A run that ignores nothing has the fingerprint that it had before, so it can be resumed.</summary>
    [Fact]
    public void Only_ignored_names_change_the_fingerprint()
    {
        var plain = new HoyerSquare { Strength = 0.5f };
        Assert.Equal("""{"strength":0.5,"includesBias":false}""", plain.Fingerprint().ToJsonString());
        Assert.Equal(
            """{"strength":0.5,"includesBias":false,"ignored":["fc1.weight"]}""",
            (plain with { Ignored = ["fc1.weight"] }).Fingerprint().ToJsonString());
    }

    /// <summary>Regularizers of the caller's training options would act in every stage, also in that of a baseline.</summary>
    [Fact]
    public void Regularizers_of_the_caller_are_not_used()
    {
        RecordedRun run = Compress(Short with
        {
            Method = CompressionMethod.Magnitude, TuneEpochs = 1,
            Training = Short.Training! with { Regularizers = [new L1 { Strength = 1e-3f }] },
        });
        Assert.Empty(run.Regularizers["regularize-element"]);
        Assert.Empty(run.Regularizers["tune-element-1"]);
    }

    /// <summary>
    /// Of two epochs, gradual pruning prunes before the first, all at once: the widths are those of magnitude pruning.
    /// </summary>
    [Fact]
    public void Gradual_pruning_rounds_widths_in_its_last_step()
    {
        CompressionOptions options = Short with
        {
            Structure = CompressionStructure.Channels, Goal = CompressionGoal.Milliseconds, RegularizeEpochs = 0, TuneEpochs = 2, FirstKept = 0.25,
        };
        int[][] widths = [.. ((CompressionMethod[])[CompressionMethod.Magnitude, CompressionMethod.Gradual]).Select(method =>
        {
            var run = new RecordedRun(_ => 1) { Rounding = "1: 2 ms to 1 ms" };
            CompressionResult result = CompressionPipeline.Run(
                PipelineTests.Trained.Value, options with { Method = method }, run);
            Assert.Contains(result.Remarks, remark => remark.Contains("multiples of 4", StringComparison.Ordinal));
            Network small = result.Trials[0].Network;
            return (int[])[small.Parameters["conv1.weight"].Value.Shape[0], small.Parameters["conv2.weight"].Value.Shape[0]];
        })];
        Assert.Equal(widths[0], widths[1]);
        Assert.All(widths[1], width => Assert.Equal(0, width % 4));
    }

    private static CompressionOptions Short => PipelineTests.Options with
    {
        Structure = CompressionStructure.Element, RegularizeEpochs = 1, TuneEpochs = 0, Trials = 1,
    };

    private static RecordedRun Compress(CompressionOptions options)
    {
        var run = new RecordedRun(_ => 1);
        CompressionPipeline.Run(PipelineTests.Trained.Value, options, run);
        return run;
    }
}
