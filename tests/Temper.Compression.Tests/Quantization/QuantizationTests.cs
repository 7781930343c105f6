using Temper.Compression.Pipeline;
using Temper.Compression.Pruning;
using Temper.Compression.Quantization;
using Temper.Formats.Models;
using Temper.Formats.Onnx;
using Temper.Inference;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

using static Temper.Compression.Tests.Quantization.QuantizationFixture;

namespace Temper.Compression.Tests.Quantization;

/// <summary>Quantization of a network that trains in a second.</summary>
public sealed class QuantizationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-int8-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Tensor Samples => Train.Read(0, 100).Inputs;

    [Theory]
    [InlineData(CalibrationMethod.MinMax)]
    [InlineData(CalibrationMethod.Percentile)]
    [InlineData(CalibrationMethod.MeanSquaredError)]
    public void Ranges_of_samples_keep_the_accuracy(CalibrationMethod method)
    {
        Network quantized = Trained.Value.Quantize(Samples, new QuantizationOptions { Calibration = method });
        Assert.InRange(Accuracy(quantized), Accuracy(Trained.Value) - 0.02, 1);
        Assert.All(quantized.Nodes.Where(node => node.Operator is Conv2d or Linear), node => Assert.NotNull(quantized.ScalesOf(node)));

        // Rounding is idempotent.
        Network again = QuantizationPlan.WithRoundedWeights(quantized);
        Assert.All(quantized.Parameters, parameter => Assert.Equal(parameter.Value.ToArray<float>(), again.Parameters[parameter.Name].Value.ToArray<float>()));
    }

    [Fact]
    public void Compiled_saved_and_exported_it_gives_the_same()
    {
        Network quantized = Trained.Value.Quantize(Samples);
        Tensor x = Validation.Read(0, 50).Inputs;
        float[] expected = quantized.Forward(x).ToArray<float>();
        using (CompiledNetwork compiled = CompiledNetwork.Compile(quantized, new CompileOptions { TimesKernels = false }))
        using (InferenceSession session = compiled.CreateSession())
        {
            AssertNear(expected, session.Run([x])[0].ToArray<float>(), 0.02f);
        }

        foreach (bool isSparse in new[] { false, true })
        {
            string path = Path.Combine(_folder, $"{isSparse}.safetensors");
            ModelFile.Save(quantized, path, new SaveOptions { Sparse = isSparse });
            Network loaded = ModelFile.Load(path);
            Assert.Equal(quantized.ToJson(), loaded.ToJson());
            Assert.Equal(expected, loaded.Forward(x).ToArray<float>());
        }

        using var onnx = new MemoryStream();
        OnnxFile.Write(quantized, onnx);
        onnx.Position = 0;
        Network read = OnnxFile.Read(onnx, "x.onnx").Network;
        Assert.Equal(expected, read.Forward(x).ToArray<float>());
        Assert.Equal(quantized.Nodes.Count(node => quantized.ScalesOf(node) is not null), read.Nodes.Count(node => read.ScalesOf(node) is not null));
        Assert.Equal(quantized.Nodes.Count(node => node.Operator is FakeQuantize), read.Nodes.Count(node => node.Operator is FakeQuantize));
    }

    [Fact]
    public void Weights_take_a_byte_each()
    {
        Network start = NetworkZoo.Create("lenet-300-100").Initialize(RandomStream.FromSeed(1));
        Network quantized = start.Quantize(Temper.Testing.Samples.GaussianTensor([8, .. start.Inputs[0].SampleShape.AsSpan()], 1));
        Assert.InRange(NetworkSize.Bytes(quantized) / (double)NetworkSize.Bytes(start), 0.25, 0.27);
    }

    [Fact]
    public void Zeros_of_pruned_weights_stay_zero_and_are_stored_as_such()
    {
        Network pruned = Trained.Value.Prune(PruningRule.GlobalSparsity(0.9), []);
        Network quantized = pruned.Quantize(Samples);
        Assert.All(quantized.Parameters.Where(parameter => parameter.Mask is not null), parameter => Assert.All(
            parameter.Value.ToArray<float>().Zip(parameter.Mask!.ToArray<float>()), pair => Assert.True(pair.Second != 0 || pair.First == 0)));
        Assert.True(NetworkSize.Bytes(quantized) < NetworkSize.Bytes(Trained.Value.Quantize(Samples)));
        Assert.True(NetworkSize.Bytes(quantized) < NetworkSize.Bytes(pruned));
    }

    [Fact]
    public void The_stage_holds_the_bound_and_is_never_worse_by_the_goal()
    {
        CompressionResult before = CompressionPipeline.Run(Trained.Value, Options, new RecordedRun());
        CompressionResult result = QuantizationStage.Run(
            Trained.Value, before, (Train, Validation), Options, new QuantizationOptions { Samples = 100, TuneEpochs = 1 }, new RecordedRun());
        Assert.True(result.Quantization!.IsTaken);
        Assert.NotNull(result.Quantization.Tuned);
        Assert.InRange(Accuracy(result.Network), before.Before.Accuracy - 0.02, 1);
        Assert.Equal(result.Quantization.Accuracy, Accuracy(result.Network));
        Assert.True(NetworkSize.Bytes(result.Network) < 0.6 * before.Before.Bytes);
    }

    [Fact]
    public void A_slower_network_is_not_taken_where_time_is_the_goal()
    {
        CompressionOptions options = Options with { Goal = CompressionGoal.Milliseconds };
        CompressionResult before = CompressionPipeline.Run(Trained.Value, options, new RecordedRun());
        CompressionResult result = QuantizationStage.Run(
            Trained.Value, before, (Train, Validation), options, new QuantizationOptions { Samples = 50, TuneEpochs = 0 }, new RecordedRun(slower: 1.5));
        Assert.False(result.Quantization!.IsTaken);
        Assert.Same(before.Network, result.Network);
        Assert.Contains("slower", Assert.Single(result.Remarks), StringComparison.Ordinal);
    }

    /// <summary>
    /// A layer cannot use 8 bits if one quantization range must cover inputs that differ by a factor of ten thousand;
    /// the other layers can.
    /// </summary>
    [Fact]
    public void Layers_go_back_to_float32_where_accuracy_wants_it()
    {
        // Multiplies one output of fc1 by the factor and divides its weights in fc2 by it: the network computes the
        // same, but the range of the values between the two layers grows.
        Network trained = Trained.Value;
        Parameter scale = trained.Parameters["fc2.weight"];
        float[] weights = scale.Value.ToArray<float>();
        Parameter rows = trained.Parameters["fc1.weight"], bias = trained.Parameters["fc1.bias"];
        float[] outputs = rows.Value.ToArray<float>(), biases = bias.Value.ToArray<float>();
        const float Factor = 1e4f;
        int width = rows.Value.Shape[1], unit = Enumerable.Range(0, biases.Length).MaxBy(i => Math.Abs(weights[i]));
        for (int i = 0; i < width; i++)
        {
            outputs[(unit * width) + i] *= Factor;
        }

        biases[unit] *= Factor;
        for (int i = 0; i < 4; i++)
        {
            weights[(i * biases.Length) + unit] /= Factor;
        }

        Network uneven = trained.WithParameters(
        [
            rows with { Value = Tensor.From(outputs, rows.Value.Shape) }, bias with { Value = Tensor.From(biases, bias.Value.Shape) },
            scale with { Value = Tensor.From(weights, scale.Value.Shape) },
        ]);
        CompressionOptions options = Options with { MaxAccuracyDrop = 1 };
        CompressionResult before = CompressionPipeline.Run(uneven, options, new RecordedRun());
        CompressionResult result = QuantizationStage.Run(
            uneven, before, (Train, Validation), options, new QuantizationOptions { Samples = 100, TuneEpochs = 0, Calibration = CalibrationMethod.MinMax }, new RecordedRun());
        Assert.True(result.Quantization!.Calibrated < before.Before.Accuracy - 0.01);
        Assert.True(result.Quantization.IsTaken);
        Assert.Equal("accuracy", result.Quantization.Float32Layers["fc2"]);
        Assert.InRange(Accuracy(result.Network), before.Before.Accuracy - 0.01, 1);
    }

    [Fact]
    public void What_cannot_be_quantized_is_refused()
    {
        Network once = Trained.Value.Quantize(Samples);
        Assert.Contains("quantized already", Assert.Throws<ArgumentException>(() => once.Quantize(Samples)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Trained.Value.Quantize(Samples, new QuantizationOptions { Ignore = ["*"] }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Trained.Value.Quantize(Samples, new QuantizationOptions { Percentile = 101 }));
        Tensor broken = Samples.Affine(1, float.NaN);
        Assert.Contains("not finite", Assert.Throws<ArgumentException>(() => Trained.Value.Quantize(broken)).Message, StringComparison.Ordinal);
        Assert.ThrowsAny<ArgumentException>(() => Samples.FakeQuantize(float.NaN, 0, 0, 255));
        Assert.ThrowsAny<ArgumentException>(() => Samples.FakeQuantize(1, 300, 0, 255));
    }

    [Fact]
    public void An_ignored_name_that_is_no_layer_is_refused_with_the_names_that_are()
    {
        var unknown = new QuantizationOptions { Ignore = ["zzz"] };
        const string Expected = "quantize: no layer with weights matches this name (got 'zzz', expected a pattern for one of conv1, conv2, fc1, fc2)";
        Assert.StartsWith(Expected, Assert.Throws<ArgumentException>(() => Trained.Value.Quantize(Samples, unknown)).Message, StringComparison.Ordinal);
        Assert.StartsWith(
            Expected, Assert.Throws<ArgumentException>(() => QuantizationStage.Require(Trained.Value, Train, Options, unknown)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fc1")]
    [InlineData("fc1.weight")]
    [InlineData("fc1*")]
    public void An_ignored_layer_remains_in_float32(string name)
    {
        Network quantized = Trained.Value.Quantize(Samples, new QuantizationOptions { Ignore = [name] });
        Assert.Equal(["conv1", "conv2", "fc2"], quantized.Nodes.Where(node => node.Operator is Conv2d { HasInt8Weight: true } or Linear { HasInt8Weight: true }).Select(node => node.Name));
    }

    /// <summary>A value that is constant has no range.</summary>
    [Fact]
    public void Values_that_are_always_zero_are_kept()
    {
        Network quantized = Trained.Value.Quantize(Tensor.Zeros(Samples.Shape));
        Assert.All(quantized.Forward(Samples).ToArray<float>(), value => Assert.True(float.IsFinite(value)));
    }

    private static void AssertNear(float[] expected, float[] actual, float part)
    {
        float largest = expected.Max(MathF.Abs);
        Assert.All(expected.Zip(actual), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, part * largest));
    }

    [Fact]
    public void Layers_that_go_back_keep_the_statistics_of_fine_tuning()
    {
        Network network = Network.Build(InputSpec.Image(1, 12, 12), x => x.Conv2d(4, kernel: 3, name: "conv").Relu()
            .BatchNorm("bn").Flatten().Linear(4, name: "fc")).Initialize(RandomStream.FromSeed(1));
        QuantizationPlan plan = QuantizationPlan.Of(network, Samples, new QuantizationOptions());
        string mean = plan.Network.Nodes.Single(node => node.Operator is BatchNorm).Buffers[0];
        Network tuned = plan.Apply(plan.Layers).WithBuffers([KeyValuePair.Create(mean, Tensor.Full([4], 7f))]);
        Assert.Equal([7f, 7, 7, 7], plan.Apply(["fc"], tuned).Buffers[mean].ToArray<float>());
    }
}
