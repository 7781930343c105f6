using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Formats.Tests.Onnx;

/// <summary>
/// Nearest mode of Resize in operator set 10 and of Upsample: source positions are rounded down where an axis grows,
/// and up where it shrinks.
/// </summary>
public sealed class OldResizeTests
{
    [Theory]
    [InlineData(4, 0.75f)]
    [InlineData(5, 0.6f)]
    [InlineData(10, 0.7f)]
    [InlineData(9, 0.34f)]
    [InlineData(4, 1f)]
    [InlineData(5, 1.4f)]
    [InlineData(5, 1.6f)]
    [InlineData(3, 2f)]
    public void Nearest_element_of_set_10_is_above_where_the_axis_shrinks(int length, float scale)
    {
        float[] line = [.. Enumerable.Range(0, length).Select(i => (float)i)];
        float[] expected = [.. Enumerable.Range(0, (int)MathF.Floor(length * scale)).Select(i =>
            MathF.Min(scale < 1 ? MathF.Ceiling(i / scale) : MathF.Floor(i / scale), length - 1))];
        Assert.Equal(expected, Resized("Resize", 10, length, scale, line));
        if (scale >= 1)
        {
            Assert.Equal(expected, Resized("Upsample", 9, length, scale, line));
        }
    }

    private static float[] Resized(string kind, int opset, int length, float scale, float[] line)
    {
        byte[] model = new OnnxModelBuilder(opset).Input("x", "N", 1, 1, length).Weight("s", [1, 1, 1, scale], 4)
            .Node(kind, "x,s", "y", ("mode", "nearest")).Output("y").Bytes();
        Network network = OnnxFile.Read(new MemoryStream(model), "model.onnx").Network;
        return network.Forward(Tensor.From(line, [1, 1, 1, length])).ToArray<float>();
    }
}
