using System.Globalization;
using System.Text.Json;
using Temper.Tensors;
using Temper.Tests.Kernels;

namespace Temper.Tests.Tensors.Operations;

/// <summary>
/// Compares values and gradients with golden values from PyTorch (eng/golden/operations.py) where conventions can
/// differ.
/// </summary>
public sealed class PyTorchValuesTests
{
    private static readonly float[] Weights = [1, 2, 0.5f, 0.25f, 3];

    private static readonly Dictionary<string, Func<Tensor[], Tensor>> Table = new(StringComparer.Ordinal)
    {
        ["conv2d"] = x => x[0].Conv2d(x[1], x[2]),
        ["conv2d stride padding dilation"] = x => x[0].Conv2d(x[1], x[2], new() { Stride = (2, 1), Padding = new(2, 1, 2, 1), Dilation = (2, 1) }),
        ["conv2d groups"] = x => x[0].Conv2d(x[1], options: Conv2dOptions.Of(stride: 2, padding: 1, groups: 2)),
        ["conv2d depthwise"] = x => x[0].Conv2d(x[1], x[2], Conv2dOptions.Of(padding: 1, groups: 4)),
        ["conv_transpose2d"] = x => x[0].ConvTranspose2d(x[1], x[2]),
        ["conv_transpose2d stride padding output_padding dilation"] = x => x[0].ConvTranspose2d(
            x[1], x[2], new() { Stride = (3, 2), Padding = new(1, 0, 1, 0), OutputPadding = (2, 1), Dilation = (1, 2) }),
        ["conv_transpose2d groups"] = x => x[0].ConvTranspose2d(x[1], options: Conv2dOptions.Of(stride: 2, padding: 1, groups: 2)),
        ["max_pool2d"] = x => x[0].MaxPool2d(Pool2dOptions.Of(2)),
        ["max_pool2d ties"] = x => x[0].MaxPool2d(Pool2dOptions.Of(3, 1, 1)),
        ["max_pool2d padding ceil"] = x => x[0].MaxPool2d(new() { Kernel = (3, 2), Stride = (2, 3), Padding = Padding2d.All(1), CeilingMode = true }),
        ["max_pool2d dilation"] = x => x[0].MaxPool2d(Pool2dOptions.Of(2, 1, 1) with { Dilation = (2, 2) }),
        ["max_pool2d nothing in the window"] = x => x[0].MaxPool2d(
            new() { Kernel = (2, 1), Stride = (1, 1), Padding = new(1, 0, 1, 0), Dilation = (2, 1) }),
        ["avg_pool2d"] = x => x[0].AvgPool2d(Pool2dOptions.Of(2)),
        ["avg_pool2d padding ceil"] = x => x[0].AvgPool2d(Pool2dOptions.Of(3, 2, 1) with { CeilingMode = true }),
        ["avg_pool2d padding ceil not counted"] = x => x[0].AvgPool2d(Pool2dOptions.Of(3, 2, 1) with { CeilingMode = true, CountsPadding = false }),
        ["adaptive_avg_pool2d"] = x => x[0].AdaptiveAvgPool2d(3, 7),
        ["batch_norm training"] = x => x[0].BatchNormTraining(x[1], x[2], 1e-3f, out _),
        ["batch_norm training rows"] = x => x[0].BatchNormTraining(x[1], x[2], 1e-5f, out _),
        ["batch_norm evaluation"] = x => x[0].BatchNorm(x[1], x[2], Tensor.From([0.5f, -1], [2]), Tensor.From([2, 0.25f], [2])),
        ["layer_norm"] = x => x[0].LayerNorm(x[1], x[2]),
        ["softmax"] = x => x[0].Softmax(1),
        ["log_softmax"] = x => x[0].LogSoftmax(),
        ["cross_entropy"] = x => x[0].CrossEntropy(Labels()),
        ["cross_entropy weights"] = x => x[0].CrossEntropy(Labels(), new() { ClassWeights = Weights }),
        ["cross_entropy weights smoothing"] = x => x[0].CrossEntropy(Labels(), new() { ClassWeights = Weights, LabelSmoothing = 0.2f }),
        ["cross_entropy weights smoothing sum"] = x => x[0].CrossEntropy(
            Labels(), new() { ClassWeights = Weights, LabelSmoothing = 0.2f, Reduction = LossReduction.Sum }),
        ["cross_entropy smoothing none"] = x => x[0].CrossEntropy(Labels(), new() { LabelSmoothing = 0.2f, Reduction = LossReduction.None }),
        ["cross_entropy soft"] = x => x[0].CrossEntropy(x[1], new() { ClassWeights = Weights, LabelSmoothing = 0.2f }),
        ["nll_loss"] = x => x[0].NegativeLogLikelihood(Labels()),
        ["mse_loss"] = x => x[0].MeanSquaredError(x[1]),
        ["huber_loss"] = x => x[0].Huber(x[1], 0.75f),
        ["huber_loss sum"] = x => x[0].Huber(x[1], reduction: LossReduction.Sum),
        ["binary_cross_entropy_with_logits"] = x => x[0].BinaryCrossEntropyWithLogits(Tensor.Full([3, 4], 0.25f)),
        ["pad"] = x => x[0].Pad([0, 0, 2], [0, 3, 1], 0.5f),
        ["gather"] = x => x[0].Gather(1, Tensor.From<long>([0, 2, 2, 1, 1, 0], [2, 3])),
        ["index_select"] = x => x[0].IndexSelect(1, Tensor.From<long>([2, 0, 2], [3])),
        ["topk"] = x => x[0].TopK(3).Values,
        ["var"] = x => x[0].Variance([0, 2]),
        ["var biased"] = x => x[0].Variance([1], correction: 0, keepDims: true),
        ["var of one"] = x => x[0].Variance([1]),
        ["norm"] = x => x[0].Norm(2, [1]),
        ["norm of zeros"] = x => (x[0] * 0).Norm(),
        ["norm 1"] = x => x[0].Norm(1, [1]),
        ["norm infinity"] = x => x[0].Norm(float.PositiveInfinity, [1]),
        ["max"] = x => x[0].Max([1]),
        ["min"] = x => x[0].Min([0, 2]),
        ["maximum ties"] = x => x[0].Maximum(x[1]),
        ["minimum ties"] = x => x[0].Minimum(x[1]),
        ["abs zeros"] = x => x[0].Abs(),
        ["sign zeros"] = x => x[0].Sign(),
        ["relu zeros"] = x => x[0].Relu(),
        ["leaky_relu zeros"] = x => x[0].LeakyRelu(0.1f),
        ["clamp borders"] = x => x[0].Clamp(-0.5f, 1),
        ["pow zeros"] = x => x[0].Pow(2),
        ["pow tensor"] = x => (x[0] * x[0]).Pow(x[1]),
        ["softplus large"] = x => (x[0] * 32).Softplus(),
        ["divide"] = x => x[0] / x[1],
        ["matmul"] = x => x[0].MatMul(x[1]),
        ["matmul vector"] = x => x[0].MatMul(x[1]),
        ["linear"] = x => x[0].Linear(x[1], x[2]),
        ["mean"] = x => x[0].Mean([0, -1], keepDims: true),
        ["slice"] = x => x[0].Slice(1, -4, -1, 2),
    };

    public static TheoryData<string> Names => [.. Table.Keys];

    [Fact]
    public void Table_has_every_recorded_case()
    {
        using JsonDocument golden = Golden();
        Assert.Equal(golden.RootElement.EnumerateObject().Select(c => c.Name).Order(StringComparer.Ordinal), Table.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Value_and_gradients_are_those_of_PyTorch(string name)
    {
        using JsonDocument golden = Golden();
        JsonElement recorded = golden.RootElement.GetProperty(name);
        using var tape = new GradientTape();
        Tensor[] inputs = [.. recorded.GetProperty("inputs").EnumerateArray().Select(x => tape.Watch(TensorOf(x)))];
        Tensor output = Table[name](inputs);
        Same(recorded.GetProperty("output"), output, "output");
        GradientMap gradients = tape.Gradient([(output, TensorOf(recorded.GetProperty("cotangent")))], inputs);
        for (int i = 0; i < inputs.Length; i++)
        {
            Same(recorded.GetProperty("gradients")[i], gradients[inputs[i]], $"gradient {i}");
        }
    }

    private static void Same(JsonElement expected, Tensor found, string what)
    {
        Assert.Equal(ShapeOf(expected), found.Shape);
        double[] values = [.. Numbers(expected)];
        float[] got = found.ToArray<float>();
        for (int i = 0; i < got.Length; i++)
        {
            Near.Equal(values[i], got[i], 1e-5, $"{what} [{i}]");
        }
    }

    private static JsonDocument Golden()
    {
        using Stream file = typeof(PyTorchValuesTests).Assembly.GetManifestResourceStream("Temper.Tests.Tensors.Golden.operations.json")!;
        return JsonDocument.Parse(file);
    }

    private static Tensor Labels() => Tensor.From<long>([2, 0, 4, 4], [4]);

    private static Tensor TensorOf(JsonElement x) => Tensor.From([.. Numbers(x).Select(v => (float)v)], ShapeOf(x));

    private static Shape ShapeOf(JsonElement x) => Shape.Create([.. x.GetProperty("shape").EnumerateArray().Select(length => length.GetInt32())]);

    /// <summary>JSON cannot represent NaN and infinities, so they are stored as strings.</summary>
    private static IEnumerable<double> Numbers(JsonElement x) => x.GetProperty("values").EnumerateArray().Select(v => v.ValueKind == JsonValueKind.Number
        ? v.GetDouble()
        : v.GetString() switch { "nan" => double.NaN, "inf" => double.PositiveInfinity, "-inf" => double.NegativeInfinity, var text => double.Parse(text!, CultureInfo.InvariantCulture) });
}
