using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Tests.Networks;

public sealed class ForwardTests
{
    /// <summary>
    /// Every kind of chain that an execution plan fuses, and similar structures that it must not fuse.
    /// </summary>
    public static TheoryData<string> Bodies => [.. Table.Keys];

    private static Dictionary<string, Func<Value, Value>> Table { get; } = new(StringComparer.Ordinal)
    {
        ["conv relu"] = x => x.Conv2d(4, kernel: 3).Relu(),
        ["conv bn"] = x => x.Conv2d(4, kernel: 3, bias: false).BatchNorm(),
        ["conv bias bn relu"] = x => x.Conv2d(4, kernel: 3).BatchNorm().Relu(),
        ["conv bn add relu"] = x => (x.Conv2d(3, kernel: 3, padding: 1, bias: false).BatchNorm() + x).Relu(),
        ["add conv bn relu"] = x => (x + x.Conv2d(3, kernel: 3, padding: 1, bias: false).BatchNorm()).Relu(),
        ["two chains meet"] = x => (x.Conv2d(5, kernel: 3).BatchNorm() + x.Conv2d(5, kernel: 3).BatchNorm()).Relu(),
        ["bn of three axes add relu"] = x => (x.Reshape([3, 36]).BatchNorm() + x.Reshape([3, 36])).Relu(),
        ["bn of five axes relu"] = x => x.Reshape([3, 2, 3, 6]).BatchNorm().Relu(),
        ["conv add without bn"] = x => (x.Conv2d(3, kernel: 1) + x).Relu(),
        ["bn relu conv"] = x => x.BatchNorm().Relu().Conv2d(2, kernel: 3),
        ["value used twice"] = x => Twice(x.Conv2d(3, kernel: 3, padding: 1)),
        ["value added to itself"] = x => Itself(x.Conv2d(3, kernel: 3, padding: 1).BatchNorm()),
        ["relu is the output twice over"] = x => x.Conv2d(3, kernel: 3).Relu().Relu(),
        ["linear relu"] = x => x.Flatten().Linear(7).Relu().Linear(3),
        ["linear bn relu"] = x => x.Flatten().Linear(7).BatchNorm().Relu(),
        ["dropout between"] = x => x.Conv2d(4, kernel: 3).Dropout().BatchNorm().Dropout().Relu(),
        ["dropout at the end"] = x => x.Flatten().Linear(4).Dropout(),
        ["view of an intermediate"] = x => x.Conv2d(4, kernel: 6).Flatten(),
        ["groups and stride"] = x => x.Apply(new Conv2d(6, (3, 3)) { Options = new Conv2dOptions { Groups = 3, Stride = (2, 1) } }).BatchNorm().Relu(),
        ["lenet"] = x => x.Conv2d(4, kernel: 3).MaxPool2d(2).Flatten().Linear(6).Relu().Linear(3),
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Forward_fused_equals_node_by_node(string body)
    {
        Network network = Sample(body);
        Tensor x = Random([3, 3, 6, 6], 7);
        AssertClose(NodeByNode(network, x, Pass.Evaluation), network.Forward(x), 1e-5f);

        Pass fused = Training(), plain = Training();
        AssertClose(NodeByNode(network, x, plain), network.Forward(x, fused), 1e-5f);
        Assert.Equal(ByNode(plain).Select(found => found.Node.Name), ByNode(fused).Select(found => found.Node.Name));
        foreach ((NodeStatistics a, NodeStatistics b) in ByNode(plain).Zip(ByNode(fused)))
        {
            AssertClose(Tensor.From(a.Batch.Mean, [a.Batch.Mean.Length]), Tensor.From(b.Batch.Mean, [b.Batch.Mean.Length]), 1e-5f);
            AssertClose(Tensor.From(a.Batch.Variance, [a.Batch.Mean.Length]), Tensor.From(b.Batch.Variance, [b.Batch.Mean.Length]), 1e-5f);
            Assert.Equal(a.Batch.Count, b.Batch.Count);
        }
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Gradient_fused_equals_node_by_node(string body)
    {
        Network network = Sample(body);
        Tensor x = Random([3, 3, 6, 6], 7);
        foreach (bool isTraining in new[] { false, true })
        {
            foreach (bool watchesParameters in new[] { false, true })
            {
                float[][] expected = Gradients(network, x, isTraining, watchesParameters, fused: false);
                float[][] actual = Gradients(network, x, isTraining, watchesParameters, fused: true);
                for (int i = 0; i < expected.Length; i++)
                {
                    AssertClose(Tensor.From(expected[i], [expected[i].Length]), Tensor.From(actual[i], [actual[i].Length]), 1e-4f);
                }
            }
        }
    }

    [Fact]
    public void Forward_follows_a_write_into_folded_parameters()
    {
        Network network = Sample("conv bias bn relu").Copy();
        Tensor x = Random([2, 3, 6, 6], 7);
        network.Forward(x);
        foreach (Tensor written in network.Parameters.Select(parameter => parameter.Value).Append(network.Buffers["bn1.running_var"]))
        {
            written.Writable()[0] += 0.5f;
            written.Storage.MarkWritten();
            AssertClose(NodeByNode(network, x, Pass.Evaluation), network.Forward(x), 1e-5f);
        }
    }

    [Fact]
    public void Forward_result_outlives_a_tape_that_follows_nothing()
    {
        Network network = Sample("lenet");
        Tensor y;
        using (new GradientTape())
        {
            y = network.Forward(Random([2, 3, 6, 6], 7));
        }

        Assert.Equal(6, y.ToArray<float>().Length);
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Forward_of_an_empty_batch_is_empty(string body)
    {
        Network network = Sample(body);
        Tensor y = network.Forward(Tensor.Zeros([0, 3, 6, 6]));
        Assert.Equal(network.Graph.ShapeOf(network.Outputs[0].Value).With(0, 0), y.Shape);
    }

    [Fact]
    public void Forward_of_a_wrong_input_names_both_shapes()
    {
        Network network = Sample("lenet");
        var error = Assert.Throws<ShapeMismatchException>(() => network.Forward(Tensor.Zeros([2, 1, 6, 6])));
        Assert.Contains("'input'", error.Message);
        Assert.Contains("[2, 1, 6, 6]", error.Message);
        Assert.Contains("[N, 3, 6, 6]", error.Message);
        Assert.Throws<ArgumentException>(() => network.Forward(Tensor.Full<byte>([2, 3, 6, 6], 1)));
    }

    [Fact]
    public void Forward_with_two_inputs_and_outputs_gives_both()
    {
        Network network = Network.Build(
            [InputSpec.Features(3, name: "a"), InputSpec.Features(3, name: "b")],
            x => [("sum", x[0] + x[1]), ("act", (x[0] - x[1]).Relu())]);
        IReadOnlyList<Tensor> y = network.Forward([Tensor.From([1f, 2, 3], [1, 3]), Tensor.From([3f, 2, 1], [1, 3])], Pass.Evaluation);
        Assert.Equal([4f, 4, 4], y[0].ToArray<float>());
        Assert.Equal([0f, 0, 2], y[1].ToArray<float>());
        Assert.Throws<InvalidOperationException>(() => network.Forward(Tensor.Zeros([1, 3])));
    }

    [Fact]
    public void Apply_of_batch_statistics_follows_pytorchs_rule()
    {
        Network network = Network.Build(InputSpec.Features(1), x => x.BatchNorm("bn")).Copy();
        Pass pass = Training();
        network.Forward(Tensor.From([1f, 2, 3, 6], [4, 1]), pass);
        Assert.Equal([0f], network.Buffers["bn.running_mean"].ToArray<float>());    // the pass itself changes no buffer
        BatchStatisticsUpdate.Apply(network, pass);

        Assert.Equal(0.3f, network.Buffers["bn.running_mean"].ToScalar(), 1e-6f);
        Assert.Equal(0.9f + (0.1f * 14 / 3), network.Buffers["bn.running_var"].ToScalar(), 1e-6f);
        Assert.Equal([1L], network.Buffers["bn.num_batches_tracked"].ToArray<long>());
    }

    internal static Tensor Random(Shape shape, ulong seed)
    {
        float[] values = new float[shape.Count];
        RandomStream.FromSeed(seed).FillGaussian(values);
        return Tensor.From(values, shape);
    }

    internal static Tensor NodeByNode(Network network, Tensor x, Pass pass) =>
        network.Graph.Plans.NodeByNode.Run(network, [x], pass)[0];

    internal static void AssertClose(Tensor expected, Tensor actual, float tolerance)
    {
        Assert.Equal(expected.Shape, actual.Shape);
        float[] a = expected.ToArray<float>(), b = actual.ToArray<float>();
        float largest = a.Length == 0 ? 0 : a.Max(MathF.Abs);
        for (int i = 0; i < a.Length; i++)
        {
            Assert.True(MathF.Abs(a[i] - b[i]) <= tolerance * MathF.Max(1, largest), $"element {i}: {a[i]} and {b[i]}");
        }
    }

    /// <summary>A network with random weights and random running statistics.</summary>
    private static Network Sample(string body)
    {
        RandomStream stream = RandomStream.FromSeed(1);
        Network network = Network.Build(InputSpec.Image(3, 6, 6), Table[body]).Initialize(stream);
        var buffers = network.Buffers.Where(entry => entry.Value.DType == DType.Float32).Select(entry =>
        {
            float[] values = new float[entry.Value.Count];
            stream.Split(entry.Key).FillUniform(values, 0.5f, 2);
            return KeyValuePair.Create(entry.Key, Tensor.From(values, entry.Value.Shape));
        });
        var parameters = network.Parameters.Where(parameter => parameter.Role is ParameterRole.NormScale or ParameterRole.NormShift).Select(parameter =>
        {
            float[] values = new float[parameter.Value.Count];
            stream.Split(parameter.Name).FillUniform(values, -1, 2);
            return parameter with { Value = Tensor.From(values, parameter.Value.Shape) };
        });
        return network.WithBuffers(buffers).WithParameters(parameters);
    }

    private static Pass Training() => Pass.Training(RandomStream.FromSeed(5));

    private static IEnumerable<NodeStatistics> ByNode(Pass pass) =>
        pass.Statistics.OrderBy(found => found.Node.Name, StringComparer.Ordinal);

    private static float[][] Gradients(Network network, Tensor x, bool isTraining, bool watchesParameters, bool fused)
    {
        using var tape = new GradientTape();
        List<Tensor> sources = [tape.Watch(x)];
        if (watchesParameters)
        {
            sources.AddRange(network.Parameters.Select(parameter => tape.Watch(parameter.Value)));
        }

        Pass pass = isTraining ? Training() : Pass.Evaluation;
        Tensor y = fused ? network.Forward(x, pass) : NodeByNode(network, x, pass);
        GradientMap gradients = tape.Gradient([(y, Random(y.Shape, 11))], sources);
        return [.. sources.Select(source => gradients[source].ToArray<float>())];
    }

    private static Value Twice(Value x) => x.Relu() + x.BatchNorm();

    private static Value Itself(Value x) => x + x;
}
