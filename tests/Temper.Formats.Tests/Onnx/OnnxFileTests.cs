using System.Text;
using Temper.Formats.Onnx;
using Temper.Formats.Protobuf;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Formats.Tests.Onnx;

/// <summary>ONNX files of all zoo networks, and malformed files that resemble models.</summary>
public sealed class OnnxFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-onnxfile-").FullName;

    /// <summary>Networks with an operator that has no ONNX counterpart.</summary>
    private static readonly string[] WithoutCounterpart = ["two-stream", "two-stream-logits", "flow-stream"];

    public static TheoryData<string> Zoo => [.. NetworkZoo.Names.Except(WithoutCounterpart, StringComparer.Ordinal), "basic-1-1-1", "plain-1-1-1", "mlp-20-10"];

    public static TheoryData<string> NotExported => [.. WithoutCounterpart];

    public static TheoryData<string> Hostile => [.. HostileModels().Keys];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Tensor_in_a_folder_that_is_a_link_to_outside_is_refused()
    {
        string outside = Directory.CreateTempSubdirectory("temper-outside").FullName;
        try
        {
            File.WriteAllBytes(Path.Combine(outside, "w.bin"), new byte[8]);
            Directory.CreateSymbolicLink(Path.Combine(_folder, "sub"), outside);
            string path = Path.Combine(_folder, "x.onnx");
            File.WriteAllBytes(path, Model(Add("x", "w"), External("w", "sub/w.bin", 0, 8)));
            Assert.Contains("outside the model's folder", Assert.Throws<ModelFormatException>(() => OnnxFile.Load(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(outside, recursive: true);
        }
    }

    /// <summary>The number of a name is found without trying all earlier ones, which would take minutes here.</summary>
    [Fact]
    public void Nodes_of_one_name_are_numbered()
    {
        const int Count = 30_000;
        WireWriter[] nodes = [.. Enumerable.Range(0, Count).Select(i => new WireWriter().Message(1, new WireWriter()
            .Text(1, i == 0 ? "x" : $"v{i}").Text(2, i == Count - 1 ? "y" : $"v{i + 1}").Text(3, "n").Text(4, "Relu")))];
        Network network = OnnxFile.Read(new MemoryStream(Model(nodes)), "x.onnx").Network;
        Assert.Equal($"n_{Count}", network.Nodes[^1].Name);
    }

    [Theory]
    [MemberData(nameof(Zoo))]
    public void Network_of_the_zoo_is_the_same_after_a_round_trip(string name)
    {
        Network network = NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(1)).WithClassNames([.. Enumerable.Range(0, 10).Select(i => $"class \"{i}\"")]);
        string path = Path.Combine(_folder, "x.onnx");
        RandomCursor random = RandomStream.FromSeed(2).Cursor();
        Shape shape = Shape.Create([2, .. network.Inputs[0].SampleShape]);
        Tensor x = Tensor.From((float[])[.. Enumerable.Range(0, shape.Count).Select(_ => random.NextSingle())], shape);
        float[] expected = network.Forward(x).ToArray<float>();
        foreach (bool folds in new[] { false, true })
        {
            OnnxFile.Save(network, path, new OnnxExportOptions { FoldsNormalization = folds });
            Network again = OnnxFile.Load(path).Network;
            Assert.True(again.Inputs[0].IsBatched);
            Assert.Equal(network.ClassNames, again.ClassNames);
            float largest = expected.Max(MathF.Abs);
            Assert.All(expected.Zip(again.Forward(x).ToArray<float>()), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 1e-4f * largest));
            if (!folds)
            {
                Assert.Equal(network.Parameters.Select(parameter => parameter.Name), again.Parameters.Select(parameter => parameter.Name));
                Assert.Equal(network.Cost().Macs, again.Cost().Macs);
            }
        }
    }

    [Theory]
    [MemberData(nameof(NotExported))]
    public void Networks_with_optical_flow_are_refused_with_the_node_and_leave_no_file(string name)
    {
        string path = Path.Combine(_folder, "x.onnx");
        NotSupportedException e = Assert.Throws<NotSupportedException>(() => OnnxFile.Save(NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(1)), path));
        Assert.Contains("OpticalFlow", e.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Theory]
    [InlineData(19, false)]
    [InlineData(20, true)]
    public void Node_that_needs_a_newer_operator_set_is_refused_before_it(int opset, bool isReduction)
    {
        InputSpec input = new() { SampleShape = [3], DType = isReduction ? DType.Bool : DType.Float32 };
        Operator operation = isReduction ? new Reduce(Reduction.Max, [1], KeepAxes: true) : new Resize(1, 6) { Coordinates = ResizeCoordinates.HalfPixelSymmetric };
        Network network = Network.Build(input, x => x.Apply(operation));
        var error = Assert.Throws<NotSupportedException>(() => OnnxFile.Write(network, new MemoryStream(), new OnnxExportOptions { Opset = opset - 1 }));
        Assert.Contains($"opset {opset}", error.Message, StringComparison.Ordinal);

        var stream = new MemoryStream();
        OnnxFile.Write(network, stream, new OnnxExportOptions { Opset = opset });
        stream.Position = 0;
        Assert.Equal(operation.Kind, Assert.Single(OnnxFile.Read(stream, "x.onnx").Network.Nodes).Operator.Kind);
    }

    /// <summary>
    /// Reference values computed by hand for int8 values: one scale for x, one for each row of the weight.
    /// </summary>
    [Fact]
    public void Quantized_and_dequantized_values_lie_on_their_grids_and_survive_a_round_trip()
    {
        WireWriter axis = new WireWriter().Text(1, "axis").Integer(3, 0).Integer(20, 2);
        byte[] model = Model(
            Node("QuantizeLinear", ["x", "s", "z"], "q"), Node("DequantizeLinear", ["q", "s", "z"], "d"),
            Node("DequantizeLinear", ["w", "ws", "wz"], "wd", axis), Node("MatMul", ["d", "wd"], "y"),
            Tensor1("s", 1, [], BitConverter.GetBytes(0.5f)), Tensor1("z", 3, [], [0xFF]),
            Tensor1("w", 3, [2, 2], [2, 0, 0xFE, 4]), Tensor1("ws", 1, [2], [.. BitConverter.GetBytes(0.25f), .. BitConverter.GetBytes(2f)]), Tensor1("wz", 3, [2], [0, 1]));
        Network network = OnnxFile.Read(new MemoryStream(model), "x.onnx").Network;
        Tensor x = Tensor.From<float>([1.3f, -0.6f, 1000, 0], [2, 2]);

        // x: 1.3 to 1.5 (round(2.6) = 3), -0.6 to -0.5, 1000 clamped at (127 + 1) / 2; w: rows (0.5, 0) and (-6, 6).
        float[] expected = [(1.5f * 0.5f) + (-0.5f * -6), -0.5f * 6, 64 * 0.5f, 0];
        Assert.Equal(expected, network.Forward(x).ToArray<float>());
        Assert.Equal(expected, OnnxFile.Read(new MemoryStream(Bytes(network)), "y.onnx").Network.Forward(x).ToArray<float>());
    }

    [Fact]
    public void Same_network_gives_the_same_bytes()
    {
        Network network = NetworkZoo.Create("resnet-20").Initialize(RandomStream.FromSeed(1));
        Assert.Equal(Bytes(network), Bytes(network));
    }

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Hostile_model_is_refused(string name)
    {
        byte[] model = HostileModels()[name];
        string path = Path.Combine(_folder, "x.onnx");
        File.WriteAllBytes(path, model);
        File.WriteAllBytes(Path.Combine(Path.GetDirectoryName(_folder)!, Path.GetFileName(_folder) + ".outside"), new byte[16]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<ModelFormatException>(() => OnnxFile.Load(path));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32 << 20);
        Assert.Contains("x.onnx", error.Message);
        Assert.DoesNotContain("{", error.Message, StringComparison.Ordinal);
        File.Delete(Path.Combine(Path.GetDirectoryName(_folder)!, Path.GetFileName(_folder) + ".outside"));
    }

    /// <summary>An axis may be long without its parts taking memory.</summary>
    [Fact]
    public void Parts_without_an_output_take_no_memory()
    {
        byte[] model = ModelOf(Value("x", 0, 1 << 22), Node("Split", ["x"], "y", Whole("axis", 1), Whole("num_outputs", 1 << 21)));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Network network = OnnxFile.Read(new MemoryStream(model), "x.onnx").Network;
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
        Assert.Equal(2, network.Graph.ShapeOf(network.Outputs[0].Value)[1]);
    }

    [Fact]
    public void Class_names_and_metadata_of_any_length_survive_a_round_trip()
    {
        Network network = Network.Build(InputSpec.Features(2), x => x.Linear(2)).Initialize(RandomStream.FromSeed(1))
            .WithMetadata([new("origin", new string('o', 100_000))]).WithClassNames([.. Enumerable.Range(0, 10_000).Select(i => $"class number {i}")]);
        Network again = OnnxFile.Read(new MemoryStream(Bytes(network)), "x.onnx").Network;
        Assert.Equal(network.ClassNames, again.ClassNames);
        Assert.Equal(network.Metadata["origin"], again.Metadata["origin"]);
    }

    [Fact]
    public void Inputs_that_only_declare_an_initializer_are_no_inputs()
    {
        string path = Path.Combine(_folder, "x.onnx");
        WireWriter declared = new WireWriter().Message(11, Value("w", 2)).Message(11, Value("v", 2));
        File.WriteAllBytes(path, Model(declared, Add("x", "w", "a"), Add("a", "v"), Sparse("w", 2), Tensor1("v", 1, [2], new byte[8])));
        Assert.Equal(["x"], OnnxFile.InputNames(path));
        Assert.Equal(["x"], OnnxFile.Load(path).InputNames);
    }

    [Fact]
    public void Tensor_in_a_file_beside_the_model_is_read()
    {
        File.WriteAllBytes(Path.Combine(_folder, "weights.bin"), [.. new byte[4], .. BitConverter.GetBytes(1.5f), .. BitConverter.GetBytes(-2f)]);
        string path = Path.Combine(_folder, "x.onnx");
        File.WriteAllBytes(path, Model(Add("x", "w"), External("w", "weights.bin", 4, 8)));
        Assert.Equal([2.5f, -1], OnnxFile.Load(path).Network.Forward(Tensor.Ones([1, 2])).ToArray<float>());
    }

    internal static byte[] TensorBytes() =>
        new WireWriter().Integers(1, [2, 3]).Text(8, "weight").Bytes(9, new byte[24]).Integer(2, 1).Written.ToArray();

    internal static byte[] Bytes(Network network)
    {
        var stream = new MemoryStream();
        OnnxFile.Write(network, stream);
        return stream.ToArray();
    }

    /// <summary>A model with input x [N, 2], output y, and the given nodes and initializers.</summary>
    private static byte[] Model(params WireWriter[] fields) => ModelOf(Value("x", 0, 2), fields);

    /// <summary>A model with the given input, output y, and the given nodes and initializers.</summary>
    internal static byte[] ModelOf(WireWriter input, params WireWriter[] fields)
    {
        var graph = new WireWriter();
        foreach (WireWriter field in fields)
        {
            graph.Raw(field.Written);
        }

        graph.Message(11, input).Message(12, Value("y", 0, 2));
        var model = new WireWriter().Integer(1, 8).Message(7, graph).Message(8, new WireWriter().Integer(2, 17));
        return model.Written.ToArray();
    }

    internal static WireWriter Value(string name, params long[] lengths)
    {
        var shape = new WireWriter();
        foreach (long length in lengths)
        {
            shape.Message(1, length > 0 ? new WireWriter().Integer(1, length) : new WireWriter().Text(2, "N"));
        }

        return new WireWriter().Text(1, name).Message(2, new WireWriter().Message(1, new WireWriter().Integer(1, 1).Message(2, shape)));
    }

    internal static WireWriter Node(string kind, string[] inputs, string output, params WireWriter[] attributes)
    {
        var node = new WireWriter();
        Array.ForEach(inputs, input => node.Text(1, input));
        node.Text(2, output).Text(4, kind);
        Array.ForEach(attributes, attribute => node.Message(5, attribute));
        return new WireWriter().Message(1, node);
    }

    private static WireWriter Add(string a, string b, string output = "y") => Node("Add", [a, b], output);

    internal static WireWriter Tensor1(string name, long type, long[] dims, byte[] raw) =>
        new WireWriter().Message(5, new WireWriter().Integers(1, dims).Integer(2, type).Text(8, name).Bytes(9, raw));

    /// <summary>An attribute that is a whole number.</summary>
    internal static WireWriter Whole(string name, long value) => new WireWriter().Text(1, name).Integer(3, value).Integer(20, 2);

    /// <summary>A sparse initializer with one stored element, a zero in the first place.</summary>
    private static WireWriter Sparse(string name, params long[] lengths) => new WireWriter().Message(15, new WireWriter()
        .Message(1, new WireWriter().Integers(1, [1]).Integer(2, 1).Text(8, name).Bytes(9, new byte[4]))
        .Message(2, new WireWriter().Integers(1, [1]).Integer(2, 7).Bytes(9, new byte[8])).Integers(3, lengths));

    private static WireWriter External(string name, string location, long offset, long length) => new WireWriter().Message(5, new WireWriter()
        .Integers(1, [2]).Integer(2, 1).Text(8, name).Integer(14, 1).Message(13, Entry("location", location)).Message(13, Entry("offset", $"{offset}")).Message(13, Entry("length", $"{length}")));

    private static WireWriter Entry(string key, string value) => new WireWriter().Text(1, key).Text(2, value);

    private static Dictionary<string, byte[]> HostileModels()
    {
        byte[] two = new byte[8];
        WireWriter deep = new WireWriter().Text(1, "a");
        for (int i = 0; i < 10_000; i++)
        {
            deep = i % 2 == 0 ? new WireWriter().Message(5, deep) : new WireWriter().Message(6, deep);
        }

        return new(StringComparer.Ordinal)
        {
            ["nothing"] = [],
            ["input of too many elements"] = ModelOf(Value("x", 0, 1 << 16, 1 << 16), Add("x", "x")),
            ["input whose number of elements overflows"] = ModelOf(Value("x", 0, int.MaxValue, int.MaxValue, int.MaxValue), Add("x", "x")),
            ["text"] = Encoding.UTF8.GetBytes("this is no model"),
            ["length beyond the file"] = [0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
            ["length of 2^63"] = [0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
            ["number without an end"] = [0x08, .. Enumerable.Repeat((byte)0xFF, 20)],
            ["nodes in a circle"] = Model(Add("x", "b", "a"), Add("x", "a", "b"), Add("a", "b")),
            ["a node that feeds itself"] = Model(Add("x", "y")),
            ["value that nobody makes"] = Model(Add("x", "z")),
            ["output that nobody makes"] = Model(Add("x", "x", "other")),
            ["value made twice"] = Model(Add("x", "x"), Add("x", "x")),
            ["initializer twice"] = Model(Add("x", "w"), Tensor1("w", 1, [2], two), Tensor1("w", 1, [2], two)),
            ["axis of 2^62"] = Model(Add("x", "w"), Tensor1("w", 1, [1L << 62], two)),
            ["axes whose product overflows"] = Model(Add("x", "w"), Tensor1("w", 1, [1 << 30, 1 << 30, 1 << 30], two)),
            ["negative axis"] = Model(Add("x", "w"), Tensor1("w", 1, [-2], two)),
            ["fewer numbers than the shape"] = Model(Add("x", "w"), Tensor1("w", 1, [3], two)),
            ["unknown element type"] = Model(Add("x", "w"), Tensor1("w", 99, [2], two)),
            ["other file in the folder above"] = Model(Add("x", "w"), External("w", "../x.bin", 0, 8)),
            ["other file by an absolute path"] = Model(Add("x", "w"), External("w", "/etc/hostname", 0, 8)),
            ["other file that is missing"] = Model(Add("x", "w"), External("w", "none.bin", 0, 8)),
            ["other file with a place beyond its end"] = Model(Add("x", "w"), External("w", "x.onnx", 1L << 40, 8)),
            ["constant of a billion elements"] = Model(
                Node("ConstantOfShape", ["s"], "c"), Add("x", "c"), Tensor1("s", 7, [2], [.. BitConverter.GetBytes(1L << 15), .. BitConverter.GetBytes(1L << 15)])),
            ["expansion to a billion elements"] = Model(
                Node("Expand", ["w", "s"], "c"), Add("x", "c"), Tensor1("w", 1, [1], new byte[4]),
                Tensor1("s", 7, [2], [.. BitConverter.GetBytes(1L << 15), .. BitConverter.GetBytes(1L << 15)])),
            ["sparse initializer of a billion elements"] = Model(Add("x", "w"), Sparse("w", 1 << 30)),
            ["a hundred sparse initializers of a million elements"] = Model([Add("x", "w0"), .. Enumerable.Range(0, 100).Select(i => Sparse($"w{i}", 1 << 20))]),
            ["split into a billion parts"] = Model(Node("Split", ["x"], "y", Whole("axis", 1), Whole("num_outputs", 1 << 30))),
            ["split into a billion parts of a long axis"] = ModelOf(Value("x", 0, 1 << 30), Node("Split", ["x"], "y", Whole("axis", 1), Whole("num_outputs", (1 << 30) + 1))),
            ["split into no parts"] = Model(Node("Split", ["x"], "y", Whole("axis", 1), Whole("num_outputs", 0))),
            ["name longer than any name"] = Model(Add("x", new string('w', 70_000))),
            ["unknown operator"] = Model(Node("Frobnicate", ["x"], "y")),
            ["unknown attribute"] = Model(Node("Relu", ["x"], "y", new WireWriter().Text(1, "alpha").Integer(3, 1).Integer(20, 2))),
            ["attribute of another kind"] = Model(Node("LeakyRelu", ["x"], "y", new WireWriter().Text(1, "alpha").Text(4, "much").Integer(20, 3))),
            ["messages nested without end"] = Model(new WireWriter().Message(1, deep)),
        };
    }
}
