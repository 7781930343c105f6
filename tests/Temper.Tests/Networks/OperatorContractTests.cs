using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Tests.Networks;

/// <summary>The contract of every operator. A new operator needs a new row in <see cref="OperatorRows"/>.</summary>
public sealed class OperatorContractTests
{
    public static TheoryData<int> Indices => [.. Enumerable.Range(0, OperatorRows.All.Count)];

    [Fact]
    public void Table_has_every_operator() => Assert.Equal(
        OperatorRegistry.Kinds.Order(StringComparer.Ordinal), OperatorRows.All.Select(row => row.Operator.Kind).Distinct().Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Indices))]
    public void Describe_then_create_gives_the_operator_again(int place)
    {
        OperatorDescription description = OperatorRows.All[place].Operator.Describe();
        OperatorDescription again = OperatorRegistry.Create(description).Describe();
        Assert.Equal(description.Kind, again.Kind);
        Assert.Equal(description.Attributes.Values, again.Attributes.Values);
    }

    [Theory]
    [MemberData(nameof(Indices))]
    public void Cost_is_as_counted_by_hand(int place)
    {
        OperatorRow row = OperatorRows.All[place];
        Network network = row.Network();
        NetworkCost cost = network.Cost(batch: 2);
        Assert.Equal(row.Parameters, cost.Parameters);
        Assert.Equal(row.Macs, cost.Macs);
        Assert.Equal(row.Parameters, network.Parameters.ElementCount);
        Assert.Equal(network.Forward(row.Inputs(batch: 2), Pass.Evaluation)[0].Count, cost.Activations);
    }

    /// <summary>
    /// Compares gradients with respect to inputs and parameters with central differences, in both modes.
    /// </summary>
    [Theory]
    [MemberData(nameof(Indices))]
    public void Gradient_agrees_with_central_differences(int place)
    {
        OperatorRow row = OperatorRows.All[place];
        if (!row.IsDifferentiable)
        {
            return;
        }

        foreach (bool isTraining in new[] { false, true })
        {
            Network network = row.Network().Copy();
            Tensor[] inputs = row.Inputs(batch: 3);
            Tensor[] sources = [.. inputs.Where(input => input.DType == DType.Float32), .. network.Parameters.Select(parameter => parameter.Value)];
            Tensor Run() => network.Forward(inputs, isTraining ? Pass.Training(RandomStream.FromSeed(3)) : Pass.Evaluation)[0];
            float[] cotangent = ForwardTests.Random(Run().Shape, 8).ToArray<float>();
            using var tape = new GradientTape();
            Array.ForEach(sources, source => tape.Watch(source));
            Tensor y = Run();
            GradientMap gradients = tape.Gradient([(y, Tensor.From(cotangent, y.Shape))], sources);
            float[][] found = [.. sources.Select(source => gradients[source].ToArray<float>())];
            for (int i = 0; i < sources.Length; i++)
            {
                double distance = Distance(found[i], CentralDifferences(sources[i], () => Dot(Run().ToArray<float>(), cotangent)));
                Assert.True(distance <= 1e-3, $"{row.Operator}: source {i}, training {isTraining}: {distance}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Indices))]
    public void Forward_of_an_empty_batch_is_empty_in_both_modes(int place)
    {
        OperatorRow row = OperatorRows.All[place];
        if (!row.HasBatch)
        {
            return;
        }

        foreach (Pass pass in new[] { Pass.Evaluation, Pass.Training(RandomStream.FromSeed(1)) })
        {
            Tensor y = row.Network().Forward(row.Inputs(batch: 0), pass)[0];
            Assert.Equal(0, y.Shape[0]);
            Assert.Equal(row.Network().Graph.ShapeOf("node").With(0, 0), y.Shape);
        }
    }

    [Theory]
    [MemberData(nameof(Indices))]
    public void Build_with_a_wrong_shape_names_node_and_shape(int place)
    {
        OperatorRow row = OperatorRows.All[place];
        if (row.Bad is not { } bad)
        {
            return;
        }

        // Only the last input has a wrong shape.
        var error = Assert.Throws<ShapeMismatchException>(() => (row with { Shapes = [.. row.Shapes[..^1], bad] }).Network());
        Assert.Contains("node", error.Message);
        Assert.Contains(Shape.Create([row.IsBatched ? 1 : 2, .. bad]).ToString(), error.Message);
    }

    [Theory]
    [MemberData(nameof(Indices))]
    public void Build_with_a_wrong_number_of_inputs_is_refused(int place)
    {
        OperatorRow row = OperatorRows.All[place];
        (int least, int most) = row.Operator.InputCount;
        if (most > 100 || row.Shapes.Length == 0)
        {
            return;
        }

        var error = Assert.Throws<ArgumentException>(() => (row with { Shapes = [.. Enumerable.Repeat(row.Shapes[0], most + 1)], DTypes = [] }).Network());
        Assert.Contains("node", error.Message);
        Assert.Contains($"{least}", error.Message);
    }

    /// <summary>
    /// Checks that an ONNX round trip computes the same for any batch size. Operators that ONNX cannot express are
    /// rejected with an error that names the node.
    /// </summary>
    [Theory]
    [MemberData(nameof(Indices))]
    public void Onnx_round_trip_computes_the_same(int place)
    {
        OperatorRow row = OperatorRows.All[place];
        Network network = row.Network();
        var stream = new MemoryStream();
        try
        {
            OnnxFile.Write(network, stream, new OnnxExportOptions { Opset = 20 });
        }
        catch (NotSupportedException refused) when (row.HasNoOnnx)
        {
            Assert.Contains("node", refused.Message);
            return;
        }

        stream.Position = 0;
        Network again = OnnxFile.Read(stream, "x.onnx", new OnnxImportOptions { FreesBatch = row.IsBatched }).Network;
        Tensor[] inputs = row.Inputs(batch: 3);
        Tensor expected = network.Forward(inputs, Pass.Evaluation)[0], found = again.Forward(inputs, Pass.Evaluation)[0];
        Assert.Equal((expected.Shape, expected.DType), (found.Shape, found.DType));
        float[] a = expected.To(DType.Float32).ToArray<float>(), b = found.To(DType.Float32).ToArray<float>();
        Assert.All(a.Zip(b), pair => Assert.Equal(pair.First, pair.Second, 1e-5f * (1 + MathF.Abs(pair.First))));
        Assert.Equal(network.Inputs.Select(input => (input.Name, input.DType, input.IsBatched)), again.Inputs.Select(input => (input.Name, input.DType, input.IsBatched)));
    }

    private static float[] CentralDifferences(Tensor source, Func<double> value)
    {
        const float Step = 1f / 64;
        float[] slopes = new float[source.Count];
        Span<float> x = source.Writable();
        for (int i = 0; i < slopes.Length; i++)
        {
            float held = x[i];
            x[i] = held + Step;
            double above = value();
            x[i] = held - Step;
            slopes[i] = (float)((above - value()) / (2 * Step));
            x[i] = held;
        }

        return slopes;
    }

    private static double Dot(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();

    private static double Norm(IEnumerable<float> x) => Math.Sqrt(x.Sum(v => (double)v * v));

    private static double Distance(float[] a, float[] b) => Norm(a.Zip(b, (x, y) => x - y)) / Math.Max(Norm(a) + Norm(b), 1e-6);
}
