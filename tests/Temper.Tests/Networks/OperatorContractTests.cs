using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Tests.Networks;

/// <summary>What every operator promises. A new operator is a new row.</summary>
public sealed class OperatorContractTests
{
    /// <summary>Parameters and multiply-accumulates are counted by hand for a batch of two.</summary>
    private static readonly OperatorRow[] Rows =
    [
        new(new Conv2d(4, (3, 2)) { Options = new Conv2dOptions { Stride = (2, 1), Padding = new Padding2d(1, 0, 0, 1), Dilation = (1, 2), Groups = 2 } }, [2, 5, 6])
            { Parameters = (4 * 1 * 3 * 2) + 4, Macs = 2 * 4 * 2 * 5 * (1 * 3 * 2), Bad = [2, 1, 1] },
        new(new Conv2d(3, (1, 1)) { HasBias = false, Initializer = "orthogonal" }, [2, 3, 3]) { Parameters = 6, Macs = 2 * 3 * 9 * 2, Bad = [4] },
        new(new ConvTranspose2d(3, (3, 3)) { Options = new Conv2dOptions { Stride = (2, 2), Padding = Padding2d.All(1), OutputPadding = (1, 1) } }, [2, 3, 3])
            { Parameters = (2 * 3 * 9) + 3, Macs = 2 * 2 * 9 * 3 * 9, Bad = [4] },
        new(new Conv3d(new Conv2d(4, (2, 3)) { Options = Conv2dOptions.Of(1, 1, groups: 2) }, new DepthWindow(3, 2, 1, 0)), [2, 4, 3, 3])
            { Parameters = (4 * 1 * 3 * 2 * 3) + 4, Macs = 2 * 4 * 2 * 4 * 3 * (1 * 3 * 2 * 3), Bad = [2, 4, 3] },
        new(new ConvTranspose3d(new ConvTranspose2d(3, (2, 2)) { Options = Conv2dOptions.Of(2) }, new DepthWindow(2, 2, 0, 1)) { OutputPadding = 1 }, [2, 2, 2, 2])
            { Parameters = (2 * 3 * 8) + 3, Macs = 2 * 2 * 8 * 3 * 8, Bad = [2, 4, 3] },
        new(new Pool3d(new MaxPool2d(Pool2dOptions.Of(2, 1)), new DepthWindow(2, 1, 1, 0)), [2, 2, 3, 3]) { Bad = [4], Domain = OperatorDomain.FarApart },
        new(new Pool3d(new AvgPool2d(Pool2dOptions.Of(2, 1) with { CountsPadding = false }), new DepthWindow(3, 2, 1, 1)), [2, 4, 3, 3]) { Bad = [4] },
        new(new Linear(5), [3, 4]) { Parameters = 25, Macs = 2 * 3 * 5 * 4, Bad = [] },
        new(new Linear(5) { HasBias = false, Initializer = "xavier-normal" }, [4]) { Parameters = 20, Macs = 2 * 5 * 4, Bad = [] },
        new(new BatchNorm { Epsilon = 1e-3f, Momentum = 0.2f }, [3, 2, 2]) { Parameters = 6, Bad = [] },
        new(new BatchNorm(), [3]) { Parameters = 6, Bad = [] },
        new(new BatchNorm(), [3, 5]) { Parameters = 6, Bad = [] },
        new(new BatchNorm { Epsilon = 1e-2f }, [3, 2, 2, 2]) { Parameters = 6, Bad = [] },
        new(new LayerNorm(2) { Epsilon = 1e-4f }, [2, 3, 4]) { Parameters = 24, Bad = [3] },
        new(new Relu(), [3, 4]),
        new(new LeakyRelu(0.2f), [3, 4]),
        new(new Tanh(), [3, 4]),
        new(new Sigmoid(), [3, 4]),
        new(new Softplus(), [3, 4]),
        new(new Softmax(1), [3, 4]) { Bad = [] },
        new(new LogSoftmax(), [3, 4]) { Bad = [] },
        new(new MaxPool2d(new Pool2dOptions { Kernel = (3, 2), Stride = (2, 1), Padding = new Padding2d(1, 0, 1, 1), CeilingMode = true }), [2, 4, 5])
            { Bad = [4], Domain = OperatorDomain.FarApart },
        new(new AvgPool2d(Pool2dOptions.Of(2, 1, 1) with { CountsPadding = false }), [2, 3, 3]) { Bad = [4] },
        new(new GlobalAvgPool2d(), [2, 3, 3]) { Bad = [4] },
        new(new AdaptiveAvgPool2d(2, 3), [2, 5, 4]) { Bad = [4], HasNoOnnx = true },
        new(new AdaptiveAvgPool2d(2, 3), [2, 4, 6]) { Bad = [4] },
        new(new Dropout(0.25f), [3, 4]),
        new(new Add(), [3, 4], [1, 4]) { Bad = [3, 5] },
        new(new Subtract(), [3, 4], [3, 1]) { Bad = [2] },
        new(new Multiply(), [3, 4], [3, 4]) { Bad = [2] },
        new(new Divide(), [3, 4], [3, 4]) { Bad = [2], Domain = OperatorDomain.AboveZero },
        new(new MatMul(), [3, 4], [4, 5]) { Macs = 2 * 3 * 5 * 4, Bad = [3, 3] },
        new(new Concatenate(1), [3, 4], [2, 4]) { Bad = [3, 5] },
        new(new Flatten(), [3, 2, 2]),
        new(new Reshape([2, -1]), [3, 4]) { Bad = [3, 3] },
        new(new Permute([0, 3, 1, 2]), [2, 3, 4]) { Bad = [2, 3] },
        new(new Pad(1, 1, 2) { Fill = 0.5f }, [2, 3]) { Bad = [] },
        new(new Slice(2, 1, -1, 2), [2, 5]) { Bad = [2] },
        new(new MaxPoolPlaces2d(Pool2dOptions.Of(2)), [2, 4, 4]) { IsBatched = false, Bad = [4] },
        .. Enum.GetValues<Reduction>().Select(reduction => new OperatorRow(new Reduce(reduction, [1, -1], KeepAxes: true), [2, 3, 4]) { Bad = [3], Domain = reduction == Reduction.LogSum ? OperatorDomain.AboveZero : OperatorDomain.FarApart }),
        new(new Reduce(Reduction.Mean, [2]), [2, 3]) { Bad = [3] },
        .. Enum.GetValues<PointwiseFunction>().Select(function => new OperatorRow(new Pointwise(function), [3, 4])
            { Domain = OperatorDomain.OffSteps, DTypes = function == PointwiseFunction.Not ? [DType.Bool] : [] }),
        new(new Elu(0.7f), [3, 4]),
        new(new Celu(0.7f), [3, 4]),
        new(new Selu(), [3, 4]),
        new(new HardSigmoid { Alpha = 0.3f, Beta = 0.4f }, [3, 4]),
        new(new Gelu(), [3, 4]),
        new(new Gelu(IsApproximate: true), [3, 4]),
        new(new Clip(-0.6f, float.PositiveInfinity), [3, 4]) { Domain = OperatorDomain.AboveZero },
        new(new PRelu(), [3, 4], [1, 4]) { Bad = [2] },
        new(new Maximum(), [3, 4], [1, 4]) { Bad = [2], Domain = OperatorDomain.FarApart },
        new(new Minimum(), [3, 4], [3, 1]) { Bad = [2], Domain = OperatorDomain.FarApart },
        new(new Power(), [3, 4], [3, 4]) { Bad = [2], Domain = OperatorDomain.AboveZero },
        .. Enum.GetValues<Comparison>().Select(comparison => new OperatorRow(new Compare(comparison), [3, 4], [3, 4]) { Bad = [2] }),
        .. Enum.GetValues<LogicalFunction>().Select(function => new OperatorRow(new Logical(function), [3, 4], [3, 4]) { Bad = [2], DTypes = [DType.Bool, DType.Bool] }),
        new(new Where(), [3, 4], [3, 4], [3, 4]) { Bad = [2], DTypes = [DType.Bool, DType.Float32, DType.Float32] },
        new(new Cast(DType.Int64), [3, 4]),
        new(new ArgExtreme(1), [3, 4]) { Bad = [] },
        new(new ArgExtreme(-1) { IsSmallest = true, KeepAxis = false, TakesLast = true }, [3, 4]) { Bad = [] },
        new(new TopK(2, 1), [3, 4]) { Bad = [1, 4], Domain = OperatorDomain.FarApart },
        new(new TopK(2) { IsSmallest = true, GivesPlaces = true }, [3, 4]) { Bad = [3, 1] },
        new(new Gather(1), [3, 4], [1, 2]) { IsBatched = false, DTypes = [DType.Float32, DType.Int64] },
        new(new GatherElements(1), [3, 4], [2, 4]) { Bad = [2, 3], DTypes = [DType.Float32, DType.Int64] },
        new(new Expand([1, 1, 5, 4]), [3, 1, 4]) { Bad = [3, 2, 4] },
        new(new Expand([1, 3, 5]), [3, 1], [2]) { DTypes = [DType.Float32, DType.Int64] },
        new(new Slice(2, -1, 0, -2), [2, 5]) { Bad = [2] },
        new(new Pad(2, 2, 1) { Mode = PadMode.Reflect }, [2, 3]) { Bad = [2] },
        new(new Reshape([4, 6]) { KeepsAxis0 = false }, [3, 4]) { IsBatched = false, Bad = [3, 3] },
        .. Enum.GetValues<ResizeCoordinates>().Select(coordinates => new OperatorRow(new Resize(2, 7) { Mode = ResizeMode.Linear, Coordinates = coordinates }, [2, 4]) { Bad = [2] }),
        .. Enum.GetValues<NearestRounding>().Select(rounding => new OperatorRow(new Resize(-1, 6) { Scale = 1.5f, Rounding = rounding, Coordinates = ResizeCoordinates.Asymmetric }, [2, 4]) { Bad = [] }),
        new(new Quantize(-128, 127), [3, 4], [1, 1], [1, 1]) { Bad = [2, 4, 1], Domain = OperatorDomain.OffSteps, HasNoOnnx = true, IsStepwise = true },
        new(new ConstantValue([2, 3])) { Parameters = 6 },
        new(new ConstantValue([2], DType.Int64)),
        new(new Normalize { Scale = 2, Mean = [0.1f, 0.2f], Deviation = [0.5f, 0.25f], ChannelOrder = [1, 0] }, [2, 3, 3]) { Bad = [3, 3, 3] },
    ];

    public static TheoryData<int> Places => [.. Enumerable.Range(0, Rows.Length)];

    [Fact]
    public void Table_has_every_operator() => Assert.Equal(
        OperatorRegistry.Kinds.Order(StringComparer.Ordinal), Rows.Select(row => row.Operator.Kind).Distinct().Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Places))]
    public void Describe_then_create_gives_the_operator_again(int place)
    {
        OperatorDescription description = Rows[place].Operator.Describe();
        OperatorDescription again = OperatorRegistry.Create(description).Describe();
        Assert.Equal(description.Kind, again.Kind);
        Assert.Equal(description.Attributes.Values, again.Attributes.Values);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void Cost_is_as_counted_by_hand(int place)
    {
        OperatorRow row = Rows[place];
        Network network = row.Network();
        NetworkCost cost = network.Cost(batch: 2);
        Assert.Equal(row.Parameters, cost.Parameters);
        Assert.Equal(row.Macs, cost.Macs);
        Assert.Equal(row.Parameters, network.Parameters.ElementCount);
        Assert.Equal(network.Forward(row.Inputs(batch: 2), Pass.Evaluation)[0].Count, cost.Activations);
    }

    /// <summary>Gradients with respect to inputs and parameters against central differences, in both modes.</summary>
    [Theory]
    [MemberData(nameof(Places))]
    public void Gradient_agrees_with_central_differences(int place)
    {
        OperatorRow row = Rows[place];
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
    [MemberData(nameof(Places))]
    public void Forward_of_an_empty_batch_is_empty_in_both_modes(int place)
    {
        OperatorRow row = Rows[place];
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
    [MemberData(nameof(Places))]
    public void Build_with_a_wrong_shape_names_node_and_shape(int place)
    {
        OperatorRow row = Rows[place];
        if (row.Bad is not { } bad)
        {
            return;
        }

        // The last input is the wrong one.
        var error = Assert.Throws<ShapeMismatchException>(() => (row with { Shapes = [.. row.Shapes[..^1], bad] }).Network());
        Assert.Contains("node", error.Message);
        Assert.Contains(Shape.Create([row.IsBatched ? 1 : 2, .. bad]).ToString(), error.Message);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void Build_with_a_wrong_number_of_inputs_is_refused(int place)
    {
        OperatorRow row = Rows[place];
        (int least, int most) = row.Operator.InputCount;
        if (most > 100 || row.Shapes.Length == 0)
        {
            return;
        }

        var error = Assert.Throws<ArgumentException>(() => (row with { Shapes = [.. Enumerable.Repeat(row.Shapes[0], most + 1)], DTypes = [] }).Network());
        Assert.Contains("node", error.Message);
        Assert.Contains($"{least}", error.Message);
    }

    /// <summary>Written as ONNX and read again it computes the same, for any batch; what ONNX cannot say is refused by name.</summary>
    [Theory]
    [MemberData(nameof(Places))]
    public void Onnx_round_trip_computes_the_same(int place)
    {
        OperatorRow row = Rows[place];
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
