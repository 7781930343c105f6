using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Formats.Tests.Onnx;

/// <summary>Malformed nodes are refused with what was found; attributes of windows mean what the standard says.</summary>
public sealed class RefusedNodeTests
{
    private static readonly Dictionary<string, (OnnxModelBuilder Model, string Reason)> Rows = new(StringComparer.Ordinal)
    {
        ["unsupported mode of Resize"] = (Image().Weight("s", [1, 1, 2, 2], 4).Node("Resize", "x,,s", "y", ("mode", "cubic")), "'mode' is not supported (got \"cubic\""),
        ["unknown mode of Pad"] = (Image().Ints("p", 0, 0, 1, 1, 0, 0, 1, 1).Node("Pad", "x,p", "y", ("mode", "weave")), "mode \"weave\""),
        ["unknown reduction of a loss"] = (
            new OnnxModelBuilder(13).Input("x", 2, 3).Indices("t", 2).Node("NegativeLogLikelihoodLoss", "x,t", "y", ("reduction", "median")), "'reduction' is invalid (got \"median\""),
        ["unknown padding of Conv"] = (Window("Conv", ("auto_pad", "SAME")), "'auto_pad' is invalid (got \"SAME\""),
        ["pads of Conv whose sum wraps around"] = (new OnnxModelBuilder(13).Input("x", "N", 1, 8, 8).Weight("w", [1, 1], 1, 1, 1, 2)
            .Node("Conv", "x,w", "y", ("pads", new[] { 0, int.MaxValue, 0, int.MaxValue })), "pads are invalid"),
        ["pads of ConvTranspose whose sum wraps around"] = (new OnnxModelBuilder(13).Input("x", "N", 1, 8, 8).Weight("w", [1, 1], 1, 1, 1, 2)
            .Node("ConvTranspose", "x,w", "y", ("pads", new[] { 0, int.MaxValue, 0, int.MaxValue })), "pads are invalid"),
        ["output of ConvTranspose much larger than its windows reach"] = (Window("ConvTranspose", ("output_shape", new[] { 5, 5 })), "adds too many elements at the end of axis 2"),
        ["unknown padding of ConvTranspose"] = (Window("ConvTranspose", ("auto_pad", "SAME")), "'auto_pad' is invalid (got \"SAME\""),
        ["too few strides of Conv"] = (Window("Conv", ("strides", new[] { 1 }), ("auto_pad", "SAME_UPPER")), "strides"),
        ["no strides of ConvTranspose"] = (Window("ConvTranspose", ("strides", Array.Empty<int>()), ("auto_pad", "SAME_UPPER")), "strides"),
        ["too few dilations of ConvTranspose"] = (Window("ConvTranspose", ("dilations", new[] { 1 }), ("output_shape", new[] { 5, 5 })), "dilations"),
        ["too few pads of ConvTranspose"] = (Window("ConvTranspose", ("pads", new[] { 1, 1 }), ("output_shape", new[] { 5, 5 })), "pads"),
        ["too few output paddings of ConvTranspose"] = (Window("ConvTranspose", ("output_padding", new[] { 1 })), "output_padding"),
        ["too few lengths of the output of ConvTranspose"] = (Window("ConvTranspose", ("output_shape", new[] { 5 })), "output_shape"),
        ["no groups of Conv"] = (Window("Conv", ("group", 0)), "'group' is invalid (got 0"),
        ["no groups of ConvTranspose"] = (Window("ConvTranspose", ("group", 0)), "'group' is invalid (got 0"),
        ["wrong rank of ConvTranspose"] = (new OnnxModelBuilder(13).Input("x", "N", 4).Weight("w", [1, 1, 1, 1], 1, 1, 2, 2).Node("ConvTranspose", "x,w", "y"), "wrong rank"),
        ["no number for TopK"] = (new OnnxModelBuilder(13).Input("x", "N", 3).Ints("k").Node("TopK", "x,k", "y,i"), "k must have one element"),
        ["two numbers for TopK"] = (new OnnxModelBuilder(13).Input("x", "N", 3).Ints("k", 1, 2).Node("TopK", "x,k", "y,i"), "k must have one element"),
        ["empty training mode"] = (new OnnxModelBuilder(13).Input("x", "N", 3).Weight("r", [0.5f]).Ints("t").Node("Dropout", "x,r,t", "y"), "training_mode must have one element"),
        ["empty limits of Range"] = (new OnnxModelBuilder(13).Input("x", "N", 3).Ints("e").Node("Range", "e,e,e", "r").Node("Cast", "r", "f", ("to", 1)).Node("Add", "x,f", "y"), "start must have one element"),
    };

    /// <summary>An axis of length 0 in front of the batch: no axis can be divided by it.</summary>
    [Fact]
    public void Samples_cannot_be_merged_with_an_empty_axis()
    {
        byte[] model = new OnnxModelBuilder(13).Input("x", "N", 3).Ints("zero", 0).Ints("one", 1).Ints("two", 2).Node("Shape", "x", "s").Node("Gather", "s,zero", "n").Node("Mul", "n,two", "twice").Node("Concat", "twice,one", "lengths", ("axis", 0))
            .Node("Slice", "x,zero,zero,one", "e").Node("Transpose", "e", "t", ("perm", new[] { 1, 0 })).Node("Reshape", "t,lengths", "y").Output("y").Bytes();
        Assert.Contains("moves the batch away", Assert.ThrowsAny<ModelFormatException>(() => OnnxFile.Read(new MemoryStream(model), "x.onnx")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Output_padding_of_the_stride_takes_back_the_padding_at_the_end()
    {
        byte[] model = Window("ConvTranspose", ("pads", new[] { 0, 0, 1, 1 }), ("output_padding", new[] { 1, 1 })).Output("y").Bytes();
        Network network = OnnxFile.Read(new MemoryStream(model), "x.onnx").Network;
        Assert.Equal([1f, 3, 2, 4, 10, 6, 3, 7, 4], network.Forward(Tensor.From<float>([1, 2, 3, 4], [1, 1, 2, 2])).ToArray<float>());
    }

    public static TheoryData<string> Names => [.. Rows.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Malformed_node_is_refused_with_what_was_found(string name)
    {
        (OnnxModelBuilder model, string reason) = Rows[name];
        byte[] bytes = model.Output("y").Bytes();
        var refused = Assert.Throws<ModelFormatException>(() => OnnxFile.Read(new MemoryStream(bytes), "x.onnx"));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("{", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>
    /// The whole result of a kernel of ones is [1 3 2; 4 10 6; 3 7 4]. VALID keeps it, SAME removes the last or the first
    /// row and column, and pads count only without auto_pad.
    /// </summary>
    [Theory]
    [InlineData("NOTSET", new float[] { 10 })]
    [InlineData("VALID", new float[] { 1, 3, 2, 4, 10, 6, 3, 7, 4 })]
    [InlineData("SAME_UPPER", new float[] { 1, 3, 4, 10 })]
    [InlineData("SAME_LOWER", new float[] { 10, 6, 7, 4 })]
    public void Transposed_convolution_is_padded_as_auto_pad_says(string auto, float[] expected)
    {
        byte[] model = Window("ConvTranspose", ("auto_pad", auto), ("pads", new[] { 1, 1, 1, 1 })).Output("y").Bytes();
        Network network = OnnxFile.Read(new MemoryStream(model), "x.onnx").Network;
        Assert.Equal(expected, network.Forward(Tensor.From<float>([1, 2, 3, 4], [1, 1, 2, 2])).ToArray<float>());
    }

    [Fact]
    public void Parts_of_equal_length_have_a_shorter_last_one()
    {
        byte[] model = new OnnxModelBuilder(18).Input("x", "N", 5).Node("Split", "x", "a,b,c", ("axis", 1), ("num_outputs", 3))
            .Node("Concat", "c,b,a", "y", ("axis", 1)).Output("y").Bytes();
        Network network = OnnxFile.Read(new MemoryStream(model), "x.onnx").Network;
        Assert.Equal([5f, 3, 4, 1, 2], network.Forward(Tensor.From<float>([1, 2, 3, 4, 5], [1, 5])).ToArray<float>());
    }

    private static OnnxModelBuilder Image() => new OnnxModelBuilder(13).Input("x", "N", 1, 2, 2);

    /// <summary>A convolution of an image of 2 by 2 pixels with a kernel of ones of that size.</summary>
    private static OnnxModelBuilder Window(string kind, params (string Name, object Value)[] attributes) =>
        Image().Weight("w", [1, 1, 1, 1], 1, 1, 2, 2).Node(kind, "x,w", "y", attributes);
}
