using Temper.Compression.Pipeline;
using Temper.Compression.Quantization;
using Temper.Networks;
using Temper.Reporting.Documents;
using Temper.Tensors;
using Temper.Testing.Edits;
using static Temper.Compression.Tests.Quantization.QuantizationFixture;

namespace Temper.Compression.Tests.Quantization;

/// <summary>Decisions of the quantization stage where 8 bits are slower, and its number of epochs.</summary>
public sealed class QuantizationStageTests
{
    private static readonly QuantizationOptions Calibrated = new() { Samples = 50, TuneEpochs = 0 };

    private static readonly string[] Slow = ["conv2", "fc1"];

    [Fact]
    public void Slow_layers_go_back_to_float32_if_the_whole_is_then_faster()
    {
        CompressionResult result = Quantized(CompressionGoal.Milliseconds, new RecordedRun(slowLayers: string.Join(' ', Slow), isMixedFaster: true));
        Assert.Equal(Slow, result.Quantization!.Float32Layers.Keys.Order());
        Assert.All(result.Quantization.Float32Layers.Values, reason => Assert.Equal("time", reason));
        Assert.Equal(["conv1", "fc2"], result.Quantization.Int8Layers);
        Assert.All(result.Network.Nodes.Where(node => node.Operator is Conv2d or Linear), node => Assert.Equal(Slow.Contains(node.Name), result.Network.ScalesOf(node) is null));
        Assert.Equal(result.Quantization.Accuracy, Accuracy(result.Network));
    }

    [Fact]
    public void Slow_layers_stay_if_the_whole_is_no_faster_without_them()
    {
        CompressionResult result = Quantized(CompressionGoal.Milliseconds, new RecordedRun(slowLayers: "conv2", isMixedFaster: false));
        Assert.Empty(result.Quantization!.Float32Layers);
        Assert.All(result.Network.Nodes.Where(node => node.Operator is Conv2d or Linear), node => Assert.NotNull(result.Network.ScalesOf(node)));
    }

    /// <summary>A float32 layer takes four times the bytes, regardless of its time.</summary>
    [Fact]
    public void Where_bytes_are_the_goal_no_layer_goes_back_for_time()
    {
        var run = new RecordedRun(slower: 3, slowLayers: "conv2", isMixedFaster: true);
        CompressionResult result = Quantized(CompressionGoal.Bytes, run);
        Assert.True(result.Quantization!.IsTaken);
        Assert.Empty(result.Quantization.Float32Layers);
        Assert.DoesNotContain("slow layers", run.Choices);
    }

    /// <summary>
    /// Of ten epochs, fine-tuning runs those that fit into the remaining time, and none after the limit has passed.
    /// </summary>
    [Theory]
    [InlineData(20, 18, 2)]
    [InlineData(20, 30, 0)]
    public void Fine_tuning_has_the_epochs_that_time_leaves(int limit, int passed, int expected)
    {
        CompressionOptions options = Options with { MaxTime = TimeSpan.FromSeconds(limit), LaterEpochs = 10 };
        var run = new RecordedRun { Time = new JumpingClock(TimeSpan.FromSeconds(passed)) };
        CompressionResult before = CompressionPipeline.Run(Trained.Value, options, run);
        Assert.Equal(expected, before.LaterEpochs);
        CompressionResult result = QuantizationStage.Run(
            Trained.Value, before, (Train, Validation), options, Calibrated with { TuneEpochs = 10 }, run);
        Assert.Equal(expected, run.Epochs.GetValueOrDefault("quantize"));
        Assert.Equal(expected == 0, result.Quantization!.Tuned is null);
    }

    [Fact]
    public void Parameters_may_have_any_name()
    {
        Tensor samples = Train.Read(0, 40).Inputs;
        Network named = Trained.Value.Quantize(samples), other = OutsideNames.Of(Trained.Value).Quantize(samples);
        Assert.Equal(named.Forward(samples).ToArray<float>(), other.Forward(samples).ToArray<float>());
    }

    [Fact]
    public void Without_labels_lines_and_report_say_agreement()
    {
        var run = new RecordedRun();
        CompressionResult before = CompressionPipeline.Calibrate(Trained.Value, Train, 50, Options, run);
        CompressionResult result = QuantizationStage.Calibrate(Trained.Value, before, Train, Options, Calibrated, run);
        Assert.Equal(2, run.Notes.Count(line => line.StartsWith("quantize: agreement with the original", StringComparison.Ordinal)));
        Assert.Contains("#agreement, %", CompressionSection.Of(result, Options).Blocks.OfType<DataTable>().Single().Head);
        string[] texts =
        [
            .. run.Notes,
            .. new[] { CompressionSection.Of(result, Options), result.Quantization!.ToSection() }.SelectMany(section => section.Blocks.OfType<Paragraph>()).Select(paragraph => paragraph.Text),
        ];
        Assert.DoesNotContain(texts, text => text.Contains("held-out", StringComparison.Ordinal));
    }

    [Fact]
    public void What_cannot_be_quantized_is_refused_before_training()
    {
        Network once = Trained.Value.Quantize(Train.Read(0, 20).Inputs);
        Assert.Contains("quantized already", Assert.Throws<ArgumentException>(() => QuantizationStage.Require(once, Train, Options, Calibrated)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "no layer", Assert.Throws<ArgumentException>(() => QuantizationStage.Require(Trained.Value, Train, Options with { Ignore = ["*"] }, Calibrated)).Message, StringComparison.Ordinal);
        QuantizationStage.Require(Trained.Value, Train, Options, Calibrated);
    }

    private static CompressionResult Quantized(CompressionGoal goal, RecordedRun run)
    {
        CompressionOptions options = Options with { Goal = goal };
        CompressionResult before = CompressionPipeline.Run(Trained.Value, options, run);
        return QuantizationStage.Run(Trained.Value, before, (Train, Validation), options, Calibrated, run);
    }

    /// <summary>A clock that advances by a fixed step on each read.</summary>
    private sealed class JumpingClock(TimeSpan step) : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now += step.Ticks;
    }
}
