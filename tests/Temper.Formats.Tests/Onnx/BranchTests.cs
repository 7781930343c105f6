using System.Text;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Formats.Tests.Onnx;

/// <summary>An If whose condition is known at import is replaced by its branch; any other is refused.</summary>
public sealed class BranchTests
{
    /// <summary>The axis of length 1 is removed, one of another length stays, as PyTorch exports squeeze(1).</summary>
    [Theory]
    [InlineData(1, new[] { 2, 3 })]
    [InlineData(4, new[] { 2, 4, 3 })]
    public void Condition_computed_from_a_shape_chooses_the_branch(int length, int[] expected)
    {
        OnnxModelBuilder model = new OnnxModelBuilder(13).Input("x", "N", length, 3).Ints("axis", 1).Int("one", 1)
            .Node("Shape", "x", "shape").Node("Gather", "shape,one", "d").Node("Equal", "d,one", "c");
        byte[] nodes = If("c", "y", Branch("o", "Squeeze", "x,axis"), Branch("o", "Relu", "x"));
        Tensor y = Read(model, nodes).Forward(Tensor.Ones([2, length, 3]));
        Assert.Equal(expected, y.Shape.ToArray());
    }

    /// <summary>Both nodes have a branch with a weight w and an output o of their own: y = (x * 2) * 5.</summary>
    [Fact]
    public void Branches_of_two_nodes_may_use_the_same_names()
    {
        byte[] nodes =
        [
            .. If("no", "z", Branch("o", "Neg", "x"), Scaled("x", 2)),
            .. If("yes", "y", Scaled("z", 5), Branch("o", "Neg", "z")),
        ];
        Network network = Read(Conditions(), nodes);
        Assert.Equal([10f, -20], network.Forward(Tensor.From<float>([1, -2], [1, 2])).ToArray<float>());
        Assert.Equal(2, network.Parameters.Count(parameter => parameter.Value.Count == 1));
    }

    [Fact]
    public void Branch_in_a_branch_is_replaced_too()
    {
        byte[] inner = [.. Graph(new OnnxModelBuilder(13).Node("Abs", "x", "a")), .. If("yes", "o", Branch("q", "Neg", "a"), Branch("q", "Identity", "a")), .. Output("o")];
        Network network = Read(Conditions(), If("yes", "y", inner, Branch("o", "Identity", "x")));
        Assert.Equal([-1f, -2], network.Forward(Tensor.From<float>([1, -2], [1, 2])).ToArray<float>());
    }

    [Fact]
    public void Condition_computed_from_data_is_refused()
    {
        OnnxModelBuilder model = new OnnxModelBuilder(13).Input("x", 1).Weight("zero", [0], 1).Node("Greater", "x,zero", "c");
        var refused = Assert.Throws<ModelFormatException>(() => Read(model, If("c", "y", Branch("o", "Neg", "x"), Branch("o", "Identity", "x"))));
        Assert.Contains("the condition must be a constant", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Branch_with_another_number_of_outputs_is_refused()
    {
        byte[] none = Graph(new OnnxModelBuilder(13).Node("Neg", "x", "o"));
        var refused = Assert.Throws<ModelFormatException>(() => Read(Conditions(), If("yes", "y", none, none)));
        Assert.Contains("0 outputs, expected none and 1", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>The graph itself has the name that a branch's value might get.</summary>
    [Fact]
    public void Names_of_a_branch_do_not_meet_those_of_the_graph()
    {
        byte[] branch = Graph(new OnnxModelBuilder(13).Node("Abs", "y/a", "a").Node("Neg", "a", "o").Output("o"));
        Network network = Read(Conditions().Node("Identity", "x", "y/a"), If("yes", "y", branch, branch));
        Assert.Equal([-1f, -2], network.Forward(Tensor.From<float>([1, -2], [1, 2])).ToArray<float>());
    }

    /// <summary>An output of 60,000 characters, and 400 values that would repeat it: 100 MB and more.</summary>
    [Fact]
    public void Long_name_of_an_output_is_not_repeated()
    {
        string name = new('y', 60_000);
        var chain = new OnnxModelBuilder(13);
        for (int i = 0; i < 400; i++)
        {
            chain.Node("Neg", i == 0 ? "x" : $"a{i}", $"a{i + 1}");
        }

        byte[] branch = Graph(chain.Output("a400"));
        byte[] nodes = [.. If("yes", name, branch, branch), .. Graph(new OnnxModelBuilder(13).Node("Identity", name, "y"))];
        long before = GC.GetAllocatedBytesForCurrentThread();
        Network network = Read(Conditions(), nodes);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 48 << 20);
        Assert.Equal([1f, -2], network.Forward(Tensor.From<float>([1, -2], [1, 2])).ToArray<float>());
    }

    [Fact]
    public void Summary_counts_the_nodes_of_branches()
    {
        string folder = Directory.CreateTempSubdirectory("temper-branches-").FullName, path = Path.Combine(folder, "x.onnx");
        byte[] inner = [.. If("yes", "o", Branch("q", "Neg", "x"), Branch("q", "Mystery", "x")), .. Output("o")];
        byte[] graph = [.. Graph(Conditions()), .. If("yes", "y", inner, Branch("o", "Neg", "x")), .. Output("y")];
        File.WriteAllBytes(path, [0x08, 8, .. Field(7, graph), .. Field(8, [0x10, 13])]);
        OnnxSummary summary = OnnxSummary.Of(path);
        Directory.Delete(folder, recursive: true);
        Assert.Equal((2, 2, 2, 1), (summary.Operators["Equal"], summary.Operators["If"], summary.Operators["Neg"], summary.Operators["Mystery"]));
        Assert.Equal("Mystery", Assert.Single(summary.Unsupported).Key);
    }

    /// <summary>An input x [N, 2], and the known conditions yes and no.</summary>
    private static OnnxModelBuilder Conditions() => new OnnxModelBuilder(13).Input("x", "N", 2).Int("one", 1).Int("two", 2)
        .Node("Equal", "one,one", "yes").Node("Equal", "one,two", "no");

    private static byte[] Branch(string output, string kind, string inputs) => Graph(new OnnxModelBuilder(13).Node(kind, inputs, output).Output(output));

    private static byte[] Scaled(string input, float factor) => Graph(new OnnxModelBuilder(13).Weight("w", [factor], 1).Node("Mul", $"{input},w", "o").Output("o"));

    /// <summary>Reads a model with more nodes (fields of a graph) and an output y.</summary>
    private static Network Read(OnnxModelBuilder model, byte[] nodes)
    {
        byte[] bytes = [0x08, 8, .. Field(7, [.. Graph(model), .. nodes, .. Output("y")]), .. Field(8, [0x10, 13])];
        return OnnxFile.Read(new MemoryStream(bytes), "x.onnx").Network;
    }

    /// <summary>Returns the content of a builder's graph: field 7, after the version in the first two bytes.</summary>
    private static byte[] Graph(OnnxModelBuilder model)
    {
        byte[] bytes = model.Bytes();
        (int at, int length) = (3, 0);
        for (int shift = 0; ; shift += 7)
        {
            byte next = bytes[at++];
            length |= (next & 0x7F) << shift;
            if (next < 0x80)
            {
                return bytes[at..(at + length)];
            }
        }
    }

    /// <summary>Returns an If as a field of a graph.</summary>
    private static byte[] If(string condition, string output, byte[] whenTrue, byte[] whenFalse) => Field(
        1,
        [
            .. Field(1, Text(condition)), .. Field(2, Text(output)), .. Field(4, Text("If")),
            .. Field(5, [.. Field(1, Text("then_branch")), .. Field(6, whenTrue)]), .. Field(5, [.. Field(1, Text("else_branch")), .. Field(6, whenFalse)]),
        ]);

    private static byte[] Output(string name) => Field(12, Field(1, Text(name)));

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Field(int number, byte[] content)
    {
        var length = new List<byte>();
        int rest = content.Length;
        for (; rest >= 0x80; rest >>= 7)
        {
            length.Add((byte)(rest | 0x80));
        }

        return [(byte)((number << 3) | 2), .. length, (byte)rest, .. content];
    }
}
