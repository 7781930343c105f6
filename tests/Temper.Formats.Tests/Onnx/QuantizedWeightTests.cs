using Temper.Formats.Onnx;
using Temper.Formats.Protobuf;
using Temper.Networks;
using Temper.Tensors;
using Temper.Testing;
using Temper.Testing.References;
using Window = Temper.Testing.References.Window;

namespace Temper.Formats.Tests.Onnx;

/// <summary>
/// Float weights that the graph quantizes to bytes, one scale for each output, and dequantizes again, as
/// quantization-aware training exports them.
/// </summary>
public sealed class QuantizedWeightTests
{
    private const int UInt8 = 2, Int8 = 3;

    /// <summary>Scales of the outputs; the smaller ones clamp some of the weights.</summary>
    private static readonly float[] Scales = [0.25f, 0.125f, 0.5f];

    /// <summary>Bytes around a zero point of 128 have the same range as signed bytes around 0.</summary>
    [Theory]
    [InlineData(Int8, 0)]
    [InlineData(UInt8, 128)]
    public void Convolution_takes_the_rounded_weight(int type, int zero)
    {
        float[] weight = Samples.Uniform(3 * 2 * 2 * 2, 1, -40, 40), x = Samples.Uniform(2 * 2 * 3 * 3, 2);
        Network network = Read([2, 3, 3], weight, [3, 2, 2, 2], type, zero, OnnxFileTests.Node("Conv", ["x", "d"], "y"));
        Assert.Equal(type == Int8, Assert.IsType<Conv2d>(network.Nodes.Single().Operator).HasInt8Weight);
        Grid expected = ReferenceImages.Conv2d(Values(x, 2, 2, 3, 3), Rounded(weight, 3, 2, 2, 2), null, new Window((2, 2)));
        AssertSame(expected, network, Tensor.From(x, [2, 2, 3, 3]));
    }

    [Theory]
    [InlineData(Int8, 0)]
    [InlineData(UInt8, 128)]
    public void Linear_layer_takes_the_rounded_weight(int type, int zero)
    {
        float[] weight = Samples.Uniform(3 * 4, 1, -40, 40), x = Samples.Uniform(2 * 4, 2);
        Network network = Read([4], weight, [3, 4], type, zero, OnnxFileTests.Node("Gemm", ["x", "d"], "y", OnnxFileTests.Whole("transB", 1)));
        Assert.Equal(type == Int8, Assert.IsType<Linear>(network.Nodes.Single().Operator).HasInt8Weight);
        AssertSame(ReferenceArithmetic.Linear(Values(x, 2, 4), Rounded(weight, 3, 4), null), network, Tensor.From(x, [2, 4]));
    }

    /// <summary>A scalar is not trained, but the weight that it scales is.</summary>
    [Fact]
    public void Weight_of_bytes_with_one_scale_is_trained()
    {
        byte[] model = OnnxFileTests.ModelOf(
            OnnxFileTests.Value("x", 0, 2), OnnxFileTests.Node("DequantizeLinear", ["q", "s"], "d"), OnnxFileTests.Node("Gemm", ["x", "d"], "y", OnnxFileTests.Whole("transB", 1)),
            OnnxFileTests.Tensor1("q", Int8, [2, 2], [1, 2, 3, 4]), OnnxFileTests.Tensor1("s", 1, [], Bytes([0.5f])));
        Network network = OnnxFile.Read(new MemoryStream(model), "x.onnx").Network;
        Assert.True(Assert.IsType<Linear>(network.Nodes.Single().Operator).HasInt8Weight);
        Assert.True(network.Parameters.Single().IsTrainable);
        Assert.Equal([1.5f, 3.5f], network.Forward(Tensor.Ones([1, 2])).ToArray<float>());
    }

    /// <summary>Exporters of quantization-aware training write a scale per tensor as a Constant node.</summary>
    [Fact]
    public void Float_weight_that_the_graph_quantizes_with_a_constant_scale_is_trained()
    {
        WireWriter half = new WireWriter().Text(1, "value_float").Float(2, 0.5f).Integer(20, 1);
        byte[] model = OnnxFileTests.ModelOf(
            OnnxFileTests.Value("x", 0, 2), OnnxFileTests.Node("Constant", [], "s", half), OnnxFileTests.Node("QuantizeLinear", ["w", "s"], "q"),
            OnnxFileTests.Node("DequantizeLinear", ["q", "s"], "d"), OnnxFileTests.Node("Gemm", ["x", "d"], "y", OnnxFileTests.Whole("transB", 1)),
            OnnxFileTests.Tensor1("w", 1, [2, 2], Bytes([1, 2.1f, 3, 4])));
        Network network = OnnxFile.Read(new MemoryStream(model), "x.onnx").Network;
        Parameter weight = network.Parameters.Single();
        Assert.Equal(("w", true), (weight.Name, weight.IsTrainable));
        Assert.Equal([3f, 7], network.Forward(Tensor.Ones([1, 2])).ToArray<float>());
    }

    /// <summary>A model of input x whose layer takes d, the weight after QuantizeLinear and DequantizeLinear.</summary>
    private static Network Read(long[] sample, float[] weight, long[] shape, int type, int zero, WireWriter layer)
    {
        WireWriter axis = OnnxFileTests.Whole("axis", 0);
        byte[] zeros = [.. Enumerable.Repeat((byte)zero, Scales.Length)];
        byte[] model = OnnxFileTests.ModelOf(
            OnnxFileTests.Value("x", [0, .. sample]), OnnxFileTests.Node("QuantizeLinear", ["w", "s", "z"], "q", axis), OnnxFileTests.Node("DequantizeLinear", ["q", "s", "z"], "d", axis), layer,
            OnnxFileTests.Tensor1("w", 1, shape, Bytes(weight)), OnnxFileTests.Tensor1("s", 1, [3], Bytes(Scales)), OnnxFileTests.Tensor1("z", type, [3], zeros));
        return OnnxFile.Read(new MemoryStream(model), "x.onnx").Network;
    }

    /// <summary>The weight as multiples -128 to 127 of the scale of its output, the first axis.</summary>
    private static Grid Rounded(float[] weight, params int[] shape) => new(shape, [.. weight.Select((value, i) =>
    {
        double scale = Scales[i / (weight.Length / Scales.Length)];
        return Math.Clamp(Math.Round(value / scale, MidpointRounding.ToEven), -128, 127) * scale;
    })]);

    private static Grid Values(float[] values, params int[] shape) => new(shape, [.. values.Select(value => (double)value)]);

    private static byte[] Bytes(float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    /// <summary>Compares the network, and the network after a round trip, with the reference.</summary>
    private static void AssertSame(Grid expected, Network network, Tensor x)
    {
        Network again = OnnxFile.Read(new MemoryStream(OnnxFileTests.Bytes(network)), "y.onnx").Network;
        foreach (Tensor found in new[] { network.Forward(x), again.Forward(x) })
        {
            Assert.Equal(Shape.Create(expected.Lengths), found.Shape);
            Assert.All(expected.Values.Zip(found.ToArray<float>()), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        }
    }
}
