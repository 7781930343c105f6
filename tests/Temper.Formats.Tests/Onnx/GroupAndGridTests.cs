using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;
using Temper.Testing;
using Temper.Testing.References;

namespace Temper.Formats.Tests.Onnx;

/// <summary>GroupNormalization and GridSample, whose meaning changed between operator sets.</summary>
public sealed class GroupAndGridTests
{
    /// <summary>Before operator set 21 there is one scale per group, from set 21 on one per channel.</summary>
    [Theory]
    [InlineData(18, new float[] { 2, -1 }, new double[] { 2, 2, -1, -1 })]
    [InlineData(20, new float[] { 2, -1 }, new double[] { 2, 2, -1, -1 })]
    [InlineData(21, new float[] { 2, -1, 3, 4 }, new double[] { 2, -1, 3, 4 })]
    public void Scales_are_a_groups_before_set_21_and_a_channels_from_then_on(int opset, float[] scale, double[] channels)
    {
        byte[] model = new OnnxModelBuilder(opset).Input("x", "N", 4, 3).Weight("s", scale, scale.Length).Weight("b", scale, scale.Length)
            .Node("GroupNormalization", "x,s,b", "y", ("num_groups", 2), ("epsilon", 0.01f)).Output("y").Bytes();
        float[] x = Samples.Uniform(24, 3);
        Grid each = new([4], channels), expected = ReferenceLayers.GroupNorm(new Grid([2, 4, 3], [.. x.Select(v => (double)v)]), 2, each, each, 0.01f);
        Compare(expected, Read(model).Forward(Tensor.From(x, [2, 4, 3])));
    }

    [Theory]
    [InlineData(17)]
    [InlineData(18)]
    [InlineData(21)]
    public void Group_normalization_written_and_read_computes_the_same(int opset)
    {
        Network network = Network.Build(InputSpec.Image(4, 3, 2), x => x.GroupNorm(2));
        network = network.WithParameters(network.Parameters.Select((parameter, i) => parameter with { Value = Tensor.From([1f + i, 2, 3, -4], [4]) }));
        CompareWithItsFile(network, opset, Samples.GaussianTensor([3, 4, 3, 2], 1));
    }

    [Theory]
    [InlineData(16, "bilinear")]
    [InlineData(16, "nearest")]
    [InlineData(20, "linear")]
    [InlineData(22, "nearest")]
    public void Grid_is_read_in_the_words_of_its_set(int opset, string mode)
    {
        byte[] model = Sampling(opset, ("mode", mode), ("padding_mode", "reflection"), ("align_corners", 1));
        float[] x = Samples.Uniform(2 * 4 * 5, 1), grid = Samples.Uniform(2 * 3 * 3 * 2, 2, -3, 3);
        Grid expected = ReferenceGridSample.Of(
            new Grid([2, 1, 4, 5], [.. x.Select(v => (double)v)]), new Grid([2, 3, 3, 2], [.. grid.Select(v => (double)v)]), mode is "nearest", "Reflection", aligns: true);
        Compare(expected, Read(model).Forward([Tensor.From(x, [2, 1, 4, 5]), Tensor.From(grid, [2, 3, 3, 2])], Pass.Evaluation)[0]);
    }

    [Theory]
    [InlineData(16, "linear")]
    [InlineData(16, "bicubic")]
    [InlineData(20, "cubic")]
    public void Other_modes_are_refused_by_name(int opset, string mode)
    {
        var error = Assert.Throws<ModelFormatException>(() => Read(Sampling(opset, ("mode", mode))));
        Assert.Contains("GridSample", error.Message);
        Assert.Contains(mode, error.Message);
    }

    [Fact]
    public void Groups_that_do_not_divide_the_channels_are_refused()
    {
        byte[] model = new OnnxModelBuilder(21).Input("x", "N", 4, 3).Weight("s", [1, 1, 1, 1], 4)
            .Node("GroupNormalization", "x,s,s", "y", ("num_groups", 3)).Output("y").Bytes();
        Assert.Contains("GroupNormalization", Assert.Throws<ModelFormatException>(() => Read(model)).Message);
    }

    private static byte[] Sampling(int opset, params (string, object)[] attributes) => new OnnxModelBuilder(opset)
        .Input("x", "N", 1, 4, 5).Input("grid", "N", 3, 3, 2).Node("GridSample", "x,grid", "y", attributes).Output("y").Bytes();

    private static Network Read(byte[] model) => OnnxFile.Read(new MemoryStream(model), "model.onnx").Network;

    private static void CompareWithItsFile(Network network, int opset, Tensor x)
    {
        var stream = new MemoryStream();
        OnnxFile.Write(network, stream, new OnnxExportOptions { Opset = opset });
        float[] expected = network.Forward(x).ToArray<float>(), found = Read(stream.ToArray()).Forward(x).ToArray<float>();
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-5f * (1 + MathF.Abs(pair.First))));
    }

    private static void Compare(Grid expected, Tensor found)
    {
        Assert.Equal(Shape.Create(expected.Lengths), found.Shape);
        Assert.All(expected.Values.Zip(found.ToArray<float>()), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }
}
