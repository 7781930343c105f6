using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Inference.Tests;

/// <summary>Networks that cover all special cases of the compiler, and inputs for them.</summary>
internal static class TestNetworks
{
    private static readonly InputSpec Image = InputSpec.Image(channels: 3, height: 10, width: 9);

    internal static Dictionary<string, Func<Value, Value>> Bodies { get; } = new(StringComparer.Ordinal)
    {
        ["chain of layers"] = x => x.Conv2d(20, kernel: 3, padding: 1).BatchNorm().Relu().MaxPool2d(2).Conv2d(17, kernel: 3).Relu().Flatten().Linear(11).Relu().Linear(4),
        ["sum of two chains"] = x => (x.Conv2d(16, kernel: 3, padding: 1).BatchNorm() + x.Conv2d(16, kernel: 1).BatchNorm()).Relu(),
        ["groups, strides, dilation"] = x => x.Conv2d(12, kernel: 3, padding: 1).Apply(new Conv2d(8, (3, 2))
        {
            Options = new Conv2dOptions { Groups = 4, Stride = (2, 1), Dilation = (1, 2), Padding = new Padding2d(2, 1, 0, 1) },
        }),
        ["depthwise"] = x => x.Conv2d(18, kernel: 1).Relu().Conv2d(18, kernel: 3, stride: 2, padding: 1, groups: 18).Relu().Conv2d(5, kernel: 1),
        ["wide, twice the same size"] = x => x.Conv2d(40, kernel: 3, padding: 1).Relu().Conv2d(40, kernel: 3, padding: 1).Relu().GlobalAvgPool2d().Flatten().Linear(3),
        ["normalization first"] = x => x.BatchNorm().Relu().Conv2d(8, kernel: 5, padding: 2),
        ["input is used twice"] = x => x.Conv2d(3, kernel: 1) + x,
        ["operators of its own"] = x => x.Conv2d(6, kernel: 3).Tanh().AvgPool2d(2).Flatten().Linear(9).Softmax(),
        ["padded shortcut"] = x => x.AvgPool2d(kernel: 1, stride: 2).Pad(axis: 1, 2, 3) + x.Conv2d(8, kernel: 3, stride: 2, padding: 1),
        ["flattened image as the output"] = x => x.Conv2d(7, kernel: 3).Flatten(),
        ["flattened image for two"] = x => Twice(x.Conv2d(5, kernel: 3).Relu().Flatten()),
        ["linear layers only"] = x => x.Flatten().Linear(50).Relu().Linear(33).BatchNorm().Relu().Linear(1),
        ["linear layer over an axis"] = x => x.Linear(6).Relu(),
        ["reshaped"] = x => x.Conv2d(8, kernel: 3).Reshape([4, -1]).Linear(5),
        ["no layer"] = x => x.Relu(),
        ["normalized, padded"] = x => ((x - C(x, 3, 1, 1)) / C(x, 3, 1, 1)).Conv2d(8, kernel: 3, padding: 1).Relu(),
        ["normalized, not padded"] = x => ((x * C(x)) - C(x, 1, 3, 1, 1)).Conv2d(8, kernel: 3).Relu().MaxPool2d(2),
        ["normalized, flattened"] = x => ((x - C(x, 3, 1, 1)) * C(x, 3, 1, 1)).Flatten().Linear(6).Relu(),
        ["normalized by one mean a pixel"] = x => (x - C(x, 3, 10, 9)).Conv2d(4, kernel: 3, padding: 1),
        ["scaled behind layers"] = x => ((x.Conv2d(8, kernel: 3) * C(x, 8, 1, 1)) + C(x, 1, 8, 1, 1)).Relu().Flatten().Linear(9).Multiply(C(x, 9)).Add(C(x)).Relu(),
        ["scaled, then added to"] = x => ((C(x, 3, 1, 1) - x) + x.Conv2d(3, kernel: 1)).Relu(),
        ["scaled between groups"] = x => (x.Conv2d(6, kernel: 1).Relu() * C(x, 6, 1, 1)).Conv2d(6, kernel: 3, padding: 1, groups: 6).Relu().Divide(C(x, 6, 1, 1)).Conv2d(4, kernel: 1, groups: 2),
        ["scaled along other axes"] = x => (x * C(x, 9)) + C(x, 10, 1),
        ["scaled without pixels"] = x => x.Reshape([30, 9]).Multiply(C(x, 30, 1)).Add(C(x, 9)).Flatten().BatchNorm().Relu(),
        ["normalized along a line"] = x => x.Reshape([3, 90]).BatchNorm().Relu().Multiply(C(x, 3, 1)).BatchNorm(),
        ["hard-swish written out"] = x => HardSwish(x.Conv2d(4, kernel: 3)),
        ["operators with constants"] = x => C(x, 1).Divide(x.Apply(new Maximum(), null, C(x, 3, 1, 1)).Apply(new PRelu(), null, C(x, 9)) + C(x)).Conv2d(2, kernel: 1),
        ["one constant for two"] = x => Shared(x, C(x, 3, 1, 1)),
        ["preprocessing"] = x => x.Normalize([0.5f, 0.4f, 0.3f], [0.2f, 0.3f, 0.4f], scale: 2).Conv2d(5, kernel: 3, padding: 1),
        ["preprocessing in another order"] = x => x.Apply(new Normalize { Mean = [0.5f, 0.4f, 0.3f], Deviation = [0.2f, 0.3f, 0.4f], ChannelOrder = [2, 1, 0] }).Conv2d(5, kernel: 3, padding: 1),
        ["preprocessing in another order, not padded"] = x => x.Apply(new Normalize { Mean = [0.5f, 0.4f, 0.3f], Deviation = [0.2f, 0.3f, 0.4f], ChannelOrder = [2, 0, 1] }).Conv2d(5, kernel: 3),
        ["channels in another order"] = x => x.Apply(new Gather(1), null, x.Builder.Add(new ConstantValue([3], DType.Int64), name: null, parametersOf: null, [])).Multiply(C(x, 3, 1, 1)).Relu(),
        ["attention with a scale"] = x => Attention(x.Reshape([9, 30]), C(x)),
        ["winners before convolutions"] = x => x.Conv2d(36, kernel: 3, padding: 1).Relu().Winners(0.4, Channels).Conv2d(24, kernel: 3, padding: 1).Relu()
            .Winners(0.9, Channels with { Score = ChannelScore.Max }).Conv2d(20, kernel: 3, padding: 1).Winners(0.5, Channels with { Score = ChannelScore.L2 }).Conv2d(6, kernel: 1),
        ["winners in a sum"] = x => Residual(x.Conv2d(16, kernel: 3, padding: 1).Relu()),
        ["winners before a pool"] = x => x.Conv2d(20, kernel: 3, padding: 1).BatchNorm().Relu().Winners(0.3, Channels).MaxPool2d(2).Conv2d(8, kernel: 3).Flatten().Winners(0.3).Linear(7),
        ["winners before averages"] = x => x.Conv2d(20, kernel: 3, padding: 1).Relu().Winners(0.3, Channels with { Score = ChannelScore.Max }).AvgPool2d(2).Conv2d(8, kernel: 3),
        ["winners of numbers"] = x => x.Conv2d(5, kernel: 3).Tanh().Winners(0.2).Conv2d(4, kernel: 3).Winners(0.5).Flatten().Linear(60).LeakyRelu().Winners(0.3).Linear(40).Tanh().Winners(0.9).Linear(4),
        ["winners by threshold"] = x => x.Conv2d(20, kernel: 3).Relu().Winners(0.3, Channels with { Threshold = 0.1f }).Conv2d(18, kernel: 3).Flatten().Linear(30).Winners(1, new WinnerOptions { Threshold = 0.2f }).Linear(4),
        ["winners behind normalization"] = x => ((x * C(x, 3, 1, 1)) - C(x)).Winners(0.5, Channels).Conv2d(8, kernel: 3).Flatten().BatchNorm().Winners(0.4).Linear(5),
        ["winners that are read twice"] = x => Twice(x.Flatten().Linear(30).Winners(0.3)),
        ["matrix of constants"] = x => C(x, 4, 10).MatMul(x).MatMul(C(x, 9, 2)),
    };

    private static WinnerOptions Channels => new() { Unit = WinnerUnit.Channels };

    internal static Network Make(string body) => WithStatistics(Network.Build(Image, Bodies[body]).Initialize(RandomStream.FromSeed(3)));

    /// <summary>A constant as a second operand; <see cref="WithStatistics"/> sets its elements, 0.5 to 1.5.</summary>
    internal static Value C(Value x, params ReadOnlySpan<int> shape) => x.Builder.Add(new ConstantValue(Shape.Create(shape)), name: null, parametersOf: null, []);

    /// <summary>
    /// Returns the network with mostly zero weights; blocks of output channels have their zeros at the same positions.
    /// </summary>
    internal static Network Thinned(Network network, int block, double kept = 0.2) => network.WithParameters(network.Parameters
        .Where(parameter => parameter.Role is ParameterRole.ConvolutionWeight or ParameterRole.LinearWeight)
        .Select((parameter, i) =>
        {
            float[] values = parameter.Value.ToArray<float>();
            int depth = values.Length / parameter.Value.Shape[0];
            float[] keys = Samples.Uniform(values.Length, (ulong)i + 40, 0, 1);
            for (int k = 0; k < values.Length; k++)
            {
                values[k] = keys[(k / depth / block * depth) + (k % depth)] < kept ? values[k] : 0;
            }

            return parameter with { Value = Tensor.From(values, parameter.Value.Shape) };
        }));

    /// <summary>
    /// Returns the network with random statistics and constants; the initial values 0 and 1 would have no effect.
    /// </summary>
    internal static Network WithStatistics(Network network) => network.WithParameters(network.Parameters
        .Where(parameter => parameter.Role == ParameterRole.Other)
        .Select((parameter, i) => parameter with { Value = Tensor.From(Samples.Uniform(parameter.Value.Count, (ulong)i + 70, 0.5f, 1.5f), parameter.Value.Shape) }))
        .WithBuffers(network.Buffers
        .Where(buffer => buffer.Value.DType == DType.Float32)
        .Select((buffer, i) => KeyValuePair.Create(buffer.Key, Tensor.From(
            Samples.Uniform(buffer.Value.Count, (ulong)i, 0.3f, 0.8f), buffer.Value.Shape))));

    internal static Tensor Batch(Network network, int batch, ulong seed = 5)
    {
        Shape shape = network.Inputs[0].BatchShape(batch);
        return Tensor.From(Samples.Uniform(shape.Count, seed), shape);
    }

    private static Value Residual(Value x) => (x + x.Conv2d(16, kernel: 3, padding: 1).Relu().Winners(0.5, Channels).Conv2d(16, kernel: 3, padding: 1)).Relu();

    private static Value Twice(Value x) => x.Linear(4) + x.Linear(4);

    private static Value HardSwish(Value x) => x * (x + C(x)).Apply(new Clip(0, 6)) / C(x);

    private static Value Shared(Value x, Value constant) => ((x - constant) * constant).Conv2d(3, kernel: 1) + (constant * constant);

    private static Value Attention(Value x, Value scale) => (x.MatMul(x.Permute([0, 2, 1])) * scale).Softmax().MatMul(x);
}
