using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Formats.Tests.Onnx;

/// <summary>Constants that a node needs and that are not in the file are limited in size.</summary>
public sealed class NeededConstantTests
{
    /// <summary>The input declares two million features, and the file has one number for their scale.</summary>
    [Theory]
    [InlineData("x,s")]
    [InlineData("x,s,t")]
    public void Scale_of_a_layer_norm_is_not_repeated_to_a_huge_declared_shape(string inputs)
    {
        byte[] model = new OnnxModelBuilder(17).Input("x", "N", 1 << 21).Weight("s", [2], 1).Weight("t", [3], 1)
            .Node("LayerNormalization", inputs, "y").Output("y").Bytes();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Network network = OnnxFile.Read(new MemoryStream(model), "x.onnx").Network;
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
        Assert.DoesNotContain(network.Nodes, node => node.Operator is LayerNorm);
    }

    [Fact]
    public void Small_scale_of_a_layer_norm_is_repeated()
    {
        byte[] model = new OnnxModelBuilder(17).Input("x", "N", 2).Weight("s", [2], 1).Node("LayerNormalization", "x,s", "y").Output("y").Bytes();
        Network network = OnnxFile.Read(new MemoryStream(model), "x.onnx").Network;
        Assert.IsType<LayerNorm>(Assert.Single(network.Nodes).Operator);
        float[] y = network.Forward(Tensor.From<float>([1, 3], [1, 2])).ToArray<float>();
        Assert.Equal(-2f, y[0], 1e-4f);
        Assert.Equal(2f, y[1], 1e-4f);
    }

    /// <summary>Each node needs one or two constants of 16 elements together, and there may be 40 elements in all.</summary>
    [Theory]
    [InlineData("Trilu")]
    [InlineData("OneHot")]
    [InlineData("ConstantOfShape")]
    [InlineData("Range")]
    [InlineData("LayerNormalization")]
    [InlineData("GroupNormalization")]
    public void Constants_of_all_nodes_together_are_limited(string kind)
    {
        var constants = new ConstantBudget(max: 40);
        int nodes = 0;
        var refused = Assert.Throws<ModelFormatException>(() =>
        {
            for (; nodes < 10; nodes++)
            {
                Translate(kind, constants);
            }
        });
        Assert.Equal(2, nodes);
        Assert.Contains("the constants that the nodes need are too large", refused.Message);
        Assert.Contains("expected at most 40 in all nodes together", refused.Message);
    }

    private static void Translate(string kind, ConstantBudget constants)
    {
        var graph = new GraphImport { File = "x.onnx", Opset = 18 };
        Set("square", Tensor.Ones([4, 4]));
        Set("image", Tensor.Ones([1, 8, 1, 1]));
        Set("row", Tensor.Ones([1, 16]));
        Set("scale", Tensor.Ones([16]));
        Set("one", Tensor.Ones([1]));
        Set("indices", Tensor.From<long>([1, 2], [2]));
        Set("values", Tensor.From<float>([0, 1], [2]));
        Set("start", Tensor.Scalar(0L));
        Set("step", Tensor.Scalar(1L));
        Set("depth", Tensor.Scalar(16L));
        Set("shape", Tensor.From<long>([4, 4], [2]));
        (string Inputs, OnnxAttribute[] Attributes) row = kind switch
        {
            "Trilu" => ("square", []),
            "OneHot" => ("indices,depth,values", []),
            "ConstantOfShape" => ("shape", []),
            "Range" => ("start,depth,step", []),
            "LayerNormalization" => ("row,scale,one", []),
            _ => ("image,one,one", [new OnnxAttribute("num_groups", 1L)]),
        };
        var node = new OnnxNode
        {
            OperatorType = kind, Inputs = row.Inputs.Split(','), Outputs = ["y"],
            Attributes = row.Attributes.ToDictionary(attribute => attribute.Name, StringComparer.Ordinal),
        };
        Assert.True(OnnxOperators.TryFind(kind, out OnnxOperator? translate));
        translate(new NodeImport(graph, node, _ => throw new InvalidOperationException("no tensor is in the file"), constants));

        void Set(string name, Tensor value) => graph.SetKnown(name, Known.Of(name, value));
    }

    [Fact]
    public void Tensors_have_a_limited_number_of_axes()
    {
        int[] ones = [.. Enumerable.Repeat(1, 65)];
        OnnxModelBuilder given = new OnnxModelBuilder(18).Input("x", "N", 1).Weight("c", [1], ones);
        OnnxModelBuilder made = new OnnxModelBuilder(18).Input("x", "N", 1).Weight("w", [1], 1)
            .Ints("s", [.. ones.Select(one => (long)one)]).Node("Reshape", "w,s", "c");
        foreach (OnnxModelBuilder builder in new[] { given, made })
        {
            byte[] model = builder.Ints("p", 1, 1).Ints("a", 0).Node("Pad", "c,p,,a", "d").Node("Add", "x,d", "y").Output("y").Bytes();
            var refused = Assert.ThrowsAny<ModelFormatException>(() => OnnxFile.Read(new MemoryStream(model), "x.onnx"));
            Assert.Contains("too many axes (got 65", refused.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>The result has 2047 elements; the value on the way to it would have two billion.</summary>
    [Theory]
    [InlineData("Resize")]
    [InlineData("Pad")]
    public void Constant_computed_through_a_huge_value_is_refused(string kind)
    {
        OnnxModelBuilder builder = new OnnxModelBuilder(18).Input("x", "N", 1).Ints("s", 1, 1 << 20).Node("ConstantOfShape", "s", "c");
        builder = kind is "Resize"
            ? builder.Ints("to", 2047, 1).Node("Resize", "c,,,to", "d")
            : builder.Ints("to", 0, 0, 2046, 1 - (1 << 20)).Node("Pad", "c,to", "d");
        byte[] model = builder.Node("Add", "x,d", "y").Output("y").Bytes();
        var refused = Assert.ThrowsAny<ModelFormatException>(() => OnnxFile.Read(new MemoryStream(model), "x.onnx"));
        Assert.Contains("much smaller inputs", refused.Message, StringComparison.Ordinal);
    }
}
