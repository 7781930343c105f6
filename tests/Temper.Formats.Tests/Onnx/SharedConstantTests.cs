using Temper.Formats.Models;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Formats.Tests.Onnx;

/// <summary>
/// Constants used in several places of a graph: they are stored once, and the written file can be read.
/// </summary>
public sealed class SharedConstantTests : IDisposable
{
    private static readonly float[] Numbers = [1, 2, 3, 4, 5, 6];

    private readonly string _folder = Directory.CreateTempSubdirectory("temper-shared-").FullName;

    private string Model => Path.Combine(_folder, "model.onnx");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Constant_node_may_name_one_constant_twice()
    {
        // w * w, w + w + w, the shape [s, s], and w in both branches of Where.
        new OnnxModelBuilder(13).Input("x", "N", 6).Weight("w", Numbers, 6).Ints("s", 2).Weight("two", [2], 1)
            .Node("Mul", "w,w", "w2").Node("Sum", "w,w,w", "w3").Node("Greater", "w,two", "above").Node("Where", "above,w,w", "same")
            .Node("Add", "w2,w3", "a").Node("Add", "a,same", "b").Node("Add", "x,b", "c").Node("Concat", "s,s", "square", ("axis", 0))
            .Node("ConstantOfShape", "square", "zeros").Node("ReduceSum", "zeros", "zero", ("keepdims", 0)).Node("Add", "c,zero", "y").Output("y").Save(Model);
        Network network = OnnxFile.Load(Model).Network;
        Assert.Equal(Numbers.Select(w => (w * w) + (3 * w) + w), network.Forward(Tensor.Zeros([1, 6])).ToArray<float>());
    }

    /// <summary>g v / |v| for each row, as torch.nn.utils.weight_norm is exported.</summary>
    [Fact]
    public void Weight_normalization_written_out_becomes_a_layer()
    {
        new OnnxModelBuilder(13).Input("x", "N", 3).Weight("v", Numbers, 2, 3).Weight("g", [2, -1], 2, 1).Ints("axes", 1)
            .Node("Mul", "v,v", "q").Node("ReduceSum", "q,axes", "n2", ("keepdims", 1)).Node("Sqrt", "n2", "n").Node("Div", "v,n", "u").Node("Mul", "u,g", "w")
            .Node("Gemm", "x,w", "y", ("transB", 1)).Output("y").Save(Model);
        Network network = OnnxFile.Load(Model).Network;
        Assert.IsType<Linear>(network.Nodes.Single().Operator);
        float[] found = network.Forward(Tensor.Ones([1, 3])).ToArray<float>();
        Assert.Equal(2 * 6 / MathF.Sqrt(14), found[0], 1e-5f);
        Assert.Equal(-15 / MathF.Sqrt(77), found[1], 1e-5f);
    }

    /// <summary>
    /// One constant is the bias of two convolutions, or of a matrix product and an operand elsewhere.
    /// </summary>
    [Fact]
    public void Bias_that_several_nodes_read_stays_a_constant()
    {
        new OnnxModelBuilder(13).Input("x", "N", 1, 1, 1).Weight("w", [1, 2], 2, 1, 1, 1).Weight("v", [3, 4], 2, 1, 1, 1).Weight("b", [10, 20], 1, 2, 1, 1)
            .Node("Conv", "x,w", "c").Node("Add", "c,b", "d").Node("Conv", "x,v", "e").Node("Add", "e,b", "f").Node("Mul", "d,f", "y").Output("y").Save(Model);
        Assert.Equal([11f * 13, 22 * 24], OnnxFile.Load(Model).Network.Forward(Tensor.Ones([1, 1, 1, 1])).ToArray<float>());

        new OnnxModelBuilder(13).Input("x", "N", 2).Weight("w", [1, 2, 3, 4], 2, 2).Weight("b", [7, 8], 1, 2)
            .Node("MatMul", "x,w", "m").Node("Add", "m,b", "s").Node("Mul", "x,b", "z").Node("Add", "s,z", "y").Output("y").Save(Model);
        Assert.Equal([4f + 7 + 7, 6 + 8 + 8], OnnxFile.Load(Model).Network.Forward(Tensor.Ones([1, 2])).ToArray<float>());
    }

    /// <summary>
    /// Equal numbers stored once, as exporters write a new network: each layer has its own parameters and statistics.
    /// </summary>
    [Fact]
    public void Normalizations_that_store_scale_and_variance_once_are_not_tied()
    {
        byte[] bytes = new OnnxModelBuilder(13).Input("x", "N", 2).Weight("ones", [1, 1], 2).Weight("zeros", [0, 0], 2)
            .Node("BatchNormalization", "x,ones,zeros,zeros,ones", "a", ("epsilon", 0f)).Node("Relu", "a", "b")
            .Node("BatchNormalization", "b,ones,zeros,zeros,ones", "y", ("epsilon", 0f)).Output("y").Bytes();
        Network network = OnnxFile.Read(new MemoryStream(bytes), "model.onnx").Network;
        string[] names = [.. network.Parameters.Select(parameter => parameter.Name), .. network.Buffers.Keys];
        Assert.Equal((4, 6, 10), (network.Parameters.Count, network.Buffers.Count, names.Distinct(StringComparer.Ordinal).Count()));
        Tensor x = Tensor.From<float>([1, -2], [1, 2]);
        Assert.Equal([1f, 0], network.Forward(x).ToArray<float>());

        string saved = Path.Combine(_folder, "model.safetensors");
        ModelFile.Save(network, saved);
        OnnxFile.Save(network, Model);
        Assert.All((Network[])[ModelFile.Load(saved), OnnxFile.Load(Model).Network], again => Assert.Equal([1f, 0], again.Forward(x).ToArray<float>()));
    }

    /// <summary>
    /// Equal biases, scales and shifts stored once, of layers with other weights or with none that tells them apart.
    /// </summary>
    [Fact]
    public void Layers_that_store_equal_biases_once_are_not_tied()
    {
        byte[] bytes = new OnnxModelBuilder(17).Input("x", "N", 2).Weight("v", Numbers[..4], 2, 2).Weight("w", Numbers[1..5], 2, 2).Weight("u", Numbers[2..], 2, 2)
            .Weight("ones", [1, 1], 2).Weight("zeros", [0, 0], 2)
            .Node("Gemm", "x,v,zeros", "a").Node("LayerNormalization", "a,ones,zeros", "b").Node("LayerNormalization", "b,ones,zeros", "c")
            .Node("MatMul", "c,w", "d").Node("Add", "d,zeros", "e").Node("MatMul", "e,u", "f").Node("Add", "f,zeros", "y").Output("y").Bytes();
        Network network = OnnxFile.Read(new MemoryStream(bytes), "model.onnx").Network;
        Assert.Equal(["Linear", "LayerNorm", "LayerNorm", "Linear", "Linear"], network.Nodes.Select(node => node.Operator.GetType().Name));
        string[] names = [.. network.Nodes.SelectMany(node => node.Parameters)];
        Assert.Equal((10, 10), (names.Length, names.Distinct(StringComparer.Ordinal).Count()));
        Assert.All(network.Parameters, parameter => Assert.True(parameter.IsTrainable));
    }

    /// <summary>Normalizations that become several nodes have constants of their own too.</summary>
    [Fact]
    public void Instance_normalizations_that_store_equal_scales_once_are_not_tied()
    {
        byte[] bytes = new OnnxModelBuilder(13).Input("x", "N", 2, 2).Weight("ones", [1, 1], 2).Weight("zeros", [0, 0], 2)
            .Node("InstanceNormalization", "x,ones,zeros", "a", ("epsilon", 0f)).Node("InstanceNormalization", "a,ones,zeros", "y", ("epsilon", 0f)).Output("y").Bytes();
        Network network = OnnxFile.Read(new MemoryStream(bytes), "model.onnx").Network;
        Assert.Equal(4, network.Parameters.Count(parameter => parameter.IsTrainable));
        Assert.All(network.Forward(Tensor.From<float>([1, 3, 8, 4], [1, 2, 2])).ToArray<float>().Zip((float[])[-1, 1, 1, -1]), pair => Assert.Equal(pair.Second, pair.First, 1e-5f));
    }

    /// <summary>A layer used twice shares weight and bias, although the bias has equal numbers.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Layer_that_is_used_twice_keeps_one_bias(bool isGemm)
    {
        OnnxModelBuilder model = new OnnxModelBuilder(13).Input("x", "N", 2).Weight("w", Numbers[..4], 2, 2).Weight("zeros", [0, 0], 2);
        model = isGemm
            ? model.Node("Gemm", "x,w,zeros", "a").Node("Gemm", "a,w,zeros", "y")
            : model.Node("MatMul", "x,w", "m").Node("Add", "m,zeros", "a").Node("MatMul", "a,w", "n").Node("Add", "n,zeros", "y");
        Network network = OnnxFile.Read(new MemoryStream(model.Output("y").Bytes()), "model.onnx").Network;
        Assert.All(network.Nodes, node => Assert.True(Assert.IsType<Linear>(node.Operator).HasBias));
        Assert.Equal(2, network.Parameters.Count);
        Assert.Equal([7f, 10], network.Forward(Tensor.From<float>([1, 0], [1, 2])).ToArray<float>());
    }

    /// <summary>One layer used twice has four initializers of its own, which both uses share.</summary>
    [Fact]
    public void Normalization_that_is_used_twice_stays_one_layer()
    {
        byte[] bytes = new OnnxModelBuilder(13).Input("x", "N", 2).Weight("g", [1, 2], 2).Weight("b", [0, 1], 2).Weight("m", [1, 1], 2).Weight("v", [4, 1], 2)
            .Node("BatchNormalization", "x,g,b,m,v", "a").Node("BatchNormalization", "a,g,b,m,v", "y").Output("y").Bytes();
        Network network = OnnxFile.Read(new MemoryStream(bytes), "model.onnx").Network;
        Assert.Equal(["g", "b"], network.Parameters.Select(parameter => parameter.Name));
        Assert.Equal(["m", "v"], network.Buffers.Keys.Where(name => !name.EndsWith("tracked", StringComparison.Ordinal)));
    }

    /// <summary>
    /// w is the weight of a layer, an operand, and an output under its own name; b is its bias and an operand.
    /// </summary>
    [Theory]
    [InlineData("y,w")]
    [InlineData("w,y")]
    [InlineData("w")]
    [InlineData("y,w,z,x")]
    [InlineData("v,w,y")]
    public void Initializer_that_is_an_output_survives_being_written(string outputs)
    {
        var builder = new OnnxModelBuilder(13).Input("x", "N", 3).Weight("w", Numbers, 3, 2).Weight("b", [7, 8], 2)
            .Node("MatMul", "x,w", "m").Node("Add", "m,b", "y").Node("Mul", "m,b", "z")
            .Ints("axes", 2).Node("Unsqueeze", "x,axes", "column").Node("Mul", "column,w", "v");
        foreach (string output in outputs.Split(','))
        {
            builder.Output(output);
        }

        Network network = OnnxFile.Read(new MemoryStream(builder.Bytes()), "model.onnx").Network;
        foreach (bool sparse in new[] { false, true })
        {
            OnnxFile.Save(network, Model, new OnnxExportOptions { SparseInitializers = sparse });
            OnnxImport again = OnnxFile.Load(Model);
            Assert.Equal(outputs.Split(','), again.OutputNames);
            Tensor[] x = [.. again.Network.Inputs.Select(_ => Tensor.From<float>([1, 0, -1, 2, 3, 4], [2, 3]))];
            foreach ((Tensor a, Tensor b) in network.Forward(x, Pass.Evaluation).Zip(again.Network.Forward(x, Pass.Evaluation)))
            {
                Assert.Equal(a.Shape, b.Shape);
                Assert.Equal(a.ToArray<float>(), b.ToArray<float>());
            }
        }
    }

    [Fact]
    public void Scalars_are_never_written_as_sparse_initializers()
    {
        byte[] bytes = new OnnxModelBuilder(13).Input("x", "N", 3).Weight("w", [0, 0, 1], 3).Weight("low", [0]).Weight("high", [6])
            .Node("Add", "x,w", "a").Node("Clip", "a,low,high", "y").Output("y").Bytes();
        Network network = OnnxFile.Read(new MemoryStream(bytes), "model.onnx").Network;
        var stream = new MemoryStream();
        OnnxFile.Write(network, stream, new OnnxExportOptions { SparseInitializers = true });
        stream.Position = 0;
        OnnxSparseTensor sparse = Assert.Single(OnnxModelReader.Read(stream, "model.onnx").Graph.SparseInitializers);
        Assert.Equal([3L], sparse.Dims);
    }
}
