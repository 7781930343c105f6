using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Formats.Tests.Onnx;

/// <summary>Operators that are composed of simpler ones at import, against plain loops and closed forms.</summary>
public sealed class ComposedOperatorTests
{
    private const int Samples = 2, Block = 2, Rest = 3, Height = 2, Width = 3;

    /// <summary>Depth to space: channel, row and column in the block come from the channel index of the input.</summary>
    [Theory]
    [InlineData("DCR")]
    [InlineData("CRD")]
    public void Depth_becomes_space_as_the_mode_says(string mode)
    {
        Tensor y = Read(new OnnxModelBuilder(13).Input("x", "N", Block * Block * Rest, Height, Width).Node("DepthToSpace", "x", "y", ("blocksize", Block), ("mode", mode)))
            .Forward(Counted(Samples, Block * Block * Rest, Height, Width));
        Assert.Equal([Samples, Rest, Height * Block, Width * Block], y.Shape);
        float[] found = y.ToArray<float>();
        for (int at = 0; at < found.Length; at++)
        {
            (int column, int row) = (at % (Width * Block), at / (Width * Block) % (Height * Block));
            (int channel, int n) = (at / (Width * Block * Height * Block) % Rest, at / (Width * Block * Height * Block * Rest));
            int inBlock = (row % Block * Block) + (column % Block);
            int source = mode is "DCR" ? (inBlock * Rest) + channel : (channel * Block * Block) + inBlock;
            Assert.Equal((float)(((((n * Block * Block * Rest) + source) * Height) + (row / Block)) * Width) + (column / Block), found[at]);
        }
    }

    [Fact]
    public void Space_becomes_depth_and_depth_space_again()
    {
        OnnxModelBuilder model = new OnnxModelBuilder(13).Input("x", "N", 1, 2, 4).Node("SpaceToDepth", "x", "y", ("blocksize", 2));
        Tensor x = Counted(1, 1, 2, 4), y = Read(model).Forward(x);
        Assert.Equal([1, 4, 1, 2], y.Shape);
        Assert.Equal([0f, 2, 1, 3, 4, 6, 5, 7], y.ToArray<float>());

        Network back = OnnxFile.Read(
            new MemoryStream(model.Node("DepthToSpace", "y", "z", ("blocksize", 2)).Output("z").Bytes()), "x.onnx").Network;
        Assert.Equal(x.ToArray<float>(), back.Forward([x], Pass.Evaluation)[^1].ToArray<float>());
    }

    /// <summary>
    /// The gradient of an exponent is NaN where x is negative. A scalar is a number of a formula, as in GELU from Keras;
    /// a vector may be learned, as in generalized mean pooling.
    /// </summary>
    [Fact]
    public void Scalar_exponent_is_not_trained()
    {
        Network network = Read(new OnnxModelBuilder(13).Input("x", "N", 2).Weight("three", [3]).Weight("p", [3], 1)
            .Node("Pow", "x,three", "c").Node("Pow", "x,p", "g").Node("Add", "c,g", "y"));
        Assert.Equal(["p"], network.Parameters.Where(parameter => parameter.IsTrainable).Select(parameter => parameter.Name));
        Assert.All(network.Forward(Tensor.From<float>([-1, 2], [1, 2])).ToArray<float>().Zip((float[])[-2, 16]), pair => Assert.Equal(pair.Second, pair.First, 1e-4f));
    }

    /// <summary>
    /// A normalization written out, with a learned gain: an epsilon of 1e-6 would be negative after one step. A scalar
    /// to which the graph adds an axis is frozen too.
    /// </summary>
    [Fact]
    public void Scalars_are_numbers_of_formulas_and_not_trained_unless_asked_for()
    {
        Network network = Read(new OnnxModelBuilder(13).Input("x", "N", 2)
            .Weight("epsilon", [1e-6f]).Weight("half", [0.5f]).Weight("gain", [1, 2], 2).Ints("one", 1)
            .Node("Mul", "x,x", "q").Node("ReduceMean", "q", "m", ("axes", new[] { 1 })).Node("Add", "m,epsilon", "v").Node("Sqrt", "v", "d").Node("Div", "x,d", "n")
            .Node("Reshape", "half,one", "factor").Node("Mul", "n,factor", "h").Node("Mul", "h,gain", "y"));
        Assert.Equal(3, network.Parameters.Count);
        Assert.Equal(["gain"], network.Parameters.Where(parameter => parameter.IsTrainable).Select(parameter => parameter.Name));
        Assert.True(network.WithTrainable(true, parameter => parameter.Name is "epsilon").Parameters["epsilon"].IsTrainable);
        float[] found = network.Forward(Tensor.From<float>([3, 4], [1, 2])).ToArray<float>();
        Assert.Equal(3 * 0.5f / MathF.Sqrt(12.5f), found[0], 1e-5f);
        Assert.Equal(4 * 0.5f * 2 / MathF.Sqrt(12.5f), found[1], 1e-5f);
    }

    [Theory]
    [InlineData(1, 0, new float[] { 1, 2, 3, 0, 5, 6 })]
    [InlineData(1, 1, new float[] { 0, 2, 3, 0, 0, 6 })]
    [InlineData(0, 0, new float[] { 1, 0, 0, 4, 5, 0 })]
    [InlineData(0, -1, new float[] { 0, 0, 0, 4, 0, 0 })]
    [InlineData(1, -9, new float[] { 1, 2, 3, 4, 5, 6 })]
    public void Triangle_is_kept(int upper, int diagonal, float[] expected) => Assert.Equal(
        expected,
        Read(new OnnxModelBuilder(14).Input("x", "N", 2, 3).Int("k", diagonal).Node("Trilu", "x,k", "y", ("upper", upper)))
            .Forward(Tensor.From<float>([1, 2, 3, 4, 5, 6], [1, 2, 3])).ToArray<float>());

    /// <summary>Indices 1, -1 (the last) and 3 (out of range), with the new axis last or before the given one.</summary>
    [Theory]
    [InlineData(-1, new float[] { 0, 5, 0, 0, 0, 5, 0, 0, 0 })]
    [InlineData(1, new float[] { 0, 0, 0, 5, 0, 0, 0, 5, 0 })]
    public void One_hot_rows_have_their_one_at_the_index(int axis, float[] expected) => Assert.Equal(
        expected,
        Read(new OnnxModelBuilder(13).Indices("x", "N", 3).Int("depth", 3).Weight("values", [0, 5], 2).Node("OneHot", "x,depth,values", "y", ("axis", axis)))
            .Forward(Tensor.From<long>([1, -1, 3], [1, 3])).ToArray<float>());

    /// <summary>The remainder has the sign of the divisor, or with fmod that of the dividend.</summary>
    [Theory]
    [InlineData(0, new long[] { 2, -1, 1, -2, 0, 0 })]
    [InlineData(1, new long[] { -1, -1, 1, 1, 0, 0 })]
    public void Remainder_has_the_right_sign(int fmod, long[] expected) => Assert.Equal(
        expected,
        Read(new OnnxModelBuilder(13).Indices("x", "N", 6).Ints("m", 3, -3, 3, -3, 3, -3).Node("Mod", "x,m", "y", ("fmod", fmod)))
            .Forward(Tensor.From<long>([-7, -7, 7, 7, -6, 6], [1, 6])).ToArray<long>());

    [Fact]
    public void Remainder_of_floats_is_refused()
    {
        byte[] model = new OnnxModelBuilder(13).Input("x", "N", 1).Weight("m", [3], 1).Node("Mod", "x,m", "y", ("fmod", 1)).Output("y").Bytes();
        Assert.Contains("integers only", Assert.Throws<ModelFormatException>(() => OnnxFile.Read(new MemoryStream(model), "x.onnx")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Not_a_number_is_found() => Assert.Equal(
        [0f, 1, 0],
        Read(new OnnxModelBuilder(13).Input("x", "N", 3).Node("IsNaN", "x", "b").Node("Cast", "b", "y", ("to", 1)))
            .Forward(Tensor.From<float>([1, float.NaN, float.PositiveInfinity], [1, 3])).ToArray<float>());

    [Theory]
    [InlineData(1, new float[] { 0, 0, 0.6f, -0.4f })]
    [InlineData(2, new float[] { 0, 0, 0.83205029f, -0.5547002f })]
    public void Vectors_are_divided_by_their_norm_and_zero_stays_zero(int p, float[] expected)
    {
        float[] found = Read(new OnnxModelBuilder(13).Input("x", "N", 2, 2).Node("LpNormalization", "x", "y", ("p", p)))
            .Forward(Tensor.From<float>([0, 0, 3, -2], [1, 2, 2])).ToArray<float>();
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
    }

    /// <summary>Each square is summed over neighboring channels; an even size reaches one channel further up.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(8)]
    public void Local_response_is_divided_by_that_of_neighboring_channels(int size)
    {
        const int Channels = 4, Pixels = Height * Width;
        const float Alpha = 0.3f, Beta = 0.6f, Bias = 1.5f;
        Tensor x = Counted(Samples, Channels, Height, Width);
        float[] values = x.ToArray<float>(), found = Read(new OnnxModelBuilder(13).Input("x", "N", Channels, Height, Width)
            .Node("LRN", "x", "y", ("size", size), ("alpha", Alpha), ("beta", Beta), ("bias", Bias))).Forward(x).ToArray<float>();
        for (int at = 0; at < values.Length; at++)
        {
            int channel = at / Pixels % Channels;
            double sum = Enumerable.Range(channel - ((size - 1) / 2), size).Where(other => other is >= 0 and < Channels)
                .Sum(other => Math.Pow(values[at + ((other - channel) * Pixels)], 2));
            Assert.Equal(values[at] / Math.Pow(Bias + (Alpha / size * sum), Beta), found[at], 1e-4);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    public void Bad_size_of_local_response_is_refused(int size)
    {
        byte[] model = new OnnxModelBuilder(13).Input("x", "N", 4, 2, 2).Node("LRN", "x", "y", ("size", size)).Output("y").Bytes();
        Assert.Contains("size from 1 to 2 C", Assert.Throws<ModelFormatException>(() => OnnxFile.Read(new MemoryStream(model), "x.onnx")).Message, StringComparison.Ordinal);
    }

    /// <summary>Both rows, and the whole, have mean 2 and variance 1, so the normalized values are -1 and 1.</summary>
    [Theory]
    [InlineData(1, new float[] { 2, 3 }, new[] { 2 }, new float[] { -2, 3, 2, -3 })]
    [InlineData(1, new float[] { 2, 3 }, new[] { 2, 1 }, new float[] { -2, 2, 3, -3 })]
    [InlineData(1, new float[] { 2 }, new[] { 1, 1, 1 }, new float[] { -2, 2, 2, -2 })]
    [InlineData(2, new float[] { 2, 3, 4, 5 }, new[] { 2, 2 }, new float[] { -2, 3, 4, -5 })]
    public void Scale_of_layer_normalization_broadcasts(int axis, float[] scale, int[] shape, float[] expected)
    {
        float[] found = Read(new OnnxModelBuilder(17).Input("x", "N", 2, 2).Weight("s", scale, shape).Weight("b", [10], 1).Node("LayerNormalization", "x,s,b", "y", ("axis", axis)))
            .Forward(Tensor.From<float>([1, 3, 3, 1], [1, 2, 2])).ToArray<float>();
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First + 10, pair.Second, 1e-3f));
    }

    [Fact]
    public void Cast_to_float16_keeps_float32()
    {
        Tensor x = Tensor.From<float>([0.1f, 1e6f], [1, 2]);
        Assert.Equal(x.ToArray<float>(), Read(new OnnxModelBuilder(13).Input("x", "N", 2).Node("Cast", "x", "h", ("to", 10)).Node("Relu", "h", "r").Node("Cast", "r", "y", ("to", 1))).Forward(x).ToArray<float>());
    }

    private static Network Read(OnnxModelBuilder model) => OnnxFile.Read(new MemoryStream(model.Output("y").Bytes()), "x.onnx").Network;

    private static Tensor Counted(params int[] shape)
    {
        float[] values = [.. Enumerable.Range(0, shape.Aggregate(1, (product, length) => product * length)).Select(i => (float)i)];
        return Tensor.From(values, Shape.Create(shape));
    }
}
