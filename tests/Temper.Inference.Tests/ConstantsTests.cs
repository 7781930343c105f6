using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Inference.Tests;

/// <summary>Constants as operands: where they are stored, and how arithmetic with them is folded.</summary>
public sealed class ConstantsTests
{
    private static readonly InputSpec Image = InputSpec.Image(channels: 3, height: 10, width: 9);

    /// <summary>
    /// Networks whose arithmetic with constants is folded into other steps, and the kinds of the remaining steps for
    /// one sample.
    /// </summary>
    public static TheoryData<string, string> Folded => new()
    {
        { "normalized, padded", "scale, conv 3x3, order" },
        { "normalized, not padded", "order, conv 3x3, max pool, order" },
        { "normalized, flattened", "linear" },
        { "scaled behind layers", "order, conv 3x3, linear" },
        { "scaled along other axes", "scale" },
        { "normalized by one mean a pixel", "scale, order, conv 3x3, order" },
        { "preprocessing", "scale, conv 3x3, order" },
        { "preprocessing in another order", "scale, conv 3x3, order" },
        { "preprocessing in another order, not padded", "order, conv 3x3, order" },
    };

    [Theory]
    [MemberData(nameof(Folded))]
    public void Arithmetic_with_constants_goes_into_the_steps_beside_it(string body, string kinds)
    {
        // Selects kernels that do not write planes, so that the steps do not depend on the estimated cost of planes.
        using CompiledNetwork compiled = CompiledNetwork.Compile(
            TestNetworks.Make(body),
            (_, candidates) => candidates.FirstOrDefault(one => one.Kernel is "scaled copy") ?? candidates.First(one => one.Writes.Kind != LayoutKind.Planes));
        Assert.Equal(kinds, string.Join(", ", compiled.Explain().Steps.Select(step => step.Kind)));
    }

    /// <summary>
    /// Zoo networks with preprocessing: as one node (true), or as a difference and a quotient, as ONNX files contain it
    /// (false).
    /// </summary>
    public static TheoryData<string, bool> Networks
    {
        get
        {
            var rows = new TheoryData<string, bool>();
            foreach (string name in new[] { "lenet-300-100", "lenet-5", "lenet-5-caffe", "convnet-small", "resnet-20", "basic-1-1-1" })
            {
                rows.Add(name, true);
                rows.Add(name, false);
            }

            return rows;
        }
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void A_normalized_network_has_no_more_steps_than_one_whose_first_layer_holds_the_normalization(string name, bool asNode)
    {
        Network network = NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(1));
        Network normalized = NormalizedNetworks.Normalized(network, asNode), folded = NormalizedNetworks.Folded(network);
        using CompiledNetwork one = CompiledNetwork.Compile(normalized, new CompileOptions { TimesKernels = false });
        using CompiledNetwork other = CompiledNetwork.Compile(folded, new CompileOptions { TimesKernels = false });
        foreach (int batch in new[] { 1, 2, 8, 64 })
        {
            int steps = one.Explain(batch).Steps.Count, most = other.Explain(batch).Steps.Count;
            Assert.True(steps <= most, $"batch {batch}: {steps} steps, folded {most}:\n{one.Explain(batch)}\n{other.Explain(batch)}");
            Assert.Equal(other.PlanFor(batch).PartSize, one.PlanFor(batch).PartSize);
        }
    }

    [Fact]
    public void Offsets_that_would_cost_digits_stay_where_they_are()
    {
        Network network = TestNetworks.Make("normalized, not padded");
        network = network.WithParameters(network.Parameters.Where(parameter => parameter.Role == ParameterRole.Other)
            .Select(parameter => parameter with { Value = Tensor.Full(parameter.Value.Shape, parameter.Value.Count == 1 ? 1f : 10_000f) }));
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        using InferenceSession session = compiled.CreateSession();
        Tensor x = Tensor.From(Samples.Uniform(270, 1, 9_999, 10_001), [1, 3, 10, 9]);
        Near.Assert(network.Forward(x).ToArray<float>(), session.Run([x])[0].ToArray<float>(), 1e-5f);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(0f)]
    [InlineData(1e-40f)]
    [InlineData(1e38f)]
    public void Divisors_and_factors_of_any_kind_give_what_the_graph_gives(float number)
    {
        foreach (Func<Value, Value> body in new Func<Value, Value>[] { x => x / TestNetworks.C(x, 3, 1, 1), x => (x * TestNetworks.C(x, 3, 1, 1)).Conv2d(2, kernel: 1), x => x - TestNetworks.C(x) })
        {
            Network network = Network.Build(Image, body).Initialize(RandomStream.FromSeed(1));
            Parameter constant = network.Parameters.Single(parameter => parameter.Role == ParameterRole.Other);
            network = network.WithParameters([constant with { Value = Tensor.Full(constant.Value.Shape, number) }]);
            using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
            using InferenceSession session = compiled.CreateSession();
            Tensor x = TestNetworks.Batch(network, 2);
            float[] expected = network.Forward(x).ToArray<float>(), actual = session.Run([x])[0].ToArray<float>();
            float largest = expected.Where(float.IsFinite).Select(MathF.Abs).DefaultIfEmpty(0).Max();
            Assert.All(expected.Zip(actual), pair => Assert.True(
                pair.First.Equals(pair.Second) || MathF.Abs(pair.First - pair.Second) <= 1e-5f * largest, $"expected {pair.First}, got {pair.Second}"));
        }
    }

    [Fact]
    public void Outputs_may_be_constants_inputs_and_one_value_twice()
    {
        Network network = TestNetworks.WithStatistics(Network.Build(
            [Image, new InputSpec { Name = "index", SampleShape = [2], DType = DType.Int64 }],
            inputs =>
            {
                Value constant = TestNetworks.C(inputs[0], 3, 1, 1), y = inputs[0] * constant;
                return [("y", y), ("again", y), ("constant", constant), ("square", constant * constant), ("image", inputs[0]), ("index", inputs[1])];
            }).Initialize(RandomStream.FromSeed(1)));
        Tensor[] x = [TestNetworks.Batch(network, 3), Tensor.From<long>([1, 2, 3, 4, 5, 6], [3, 2])];
        IReadOnlyList<Tensor> expected = network.Forward(x, Pass.Evaluation);
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        using InferenceSession session = compiled.CreateSession();
        for (int run = 0; run < 2; run++)
        {
            IReadOnlyList<Tensor> actual = session.Run(x);
            Assert.Equal(expected.Select(value => value.Shape), actual.Select(value => value.Shape));
            Assert.All(expected.Zip(actual).Take(5), pair => Near.Assert(pair.First.AsSpan<float>(), pair.Second.AsSpan<float>(), 1e-6f));
            Assert.Equal(x[1].ToArray<long>(), actual[5].ToArray<long>());
        }
    }

    [Fact]
    public void Indices_bytes_and_tables_meet_constants()
    {
        Network network = TestNetworks.WithStatistics(Network.Build(
            [new InputSpec { Name = "index", SampleShape = [4], DType = DType.Int64 }, new InputSpec { Name = "bytes", SampleShape = [3, 5, 5], DType = DType.UInt8 }],
            inputs =>
            {
                Value index = inputs[0], one = index.Builder.Add(new ConstantValue([4], DType.Int64), "one", parametersOf: null, []);
                Value picture = (inputs[1].Apply(new Cast(DType.Float32)) - TestNetworks.C(index, 3, 1, 1)) / TestNetworks.C(index);
                return
                [
                    ("embedding", TestNetworks.C(index, 7, 6).Apply(new Gather(), null, index + one)),
                    ("chosen", index.Apply(new Compare(Comparison.Less), null, one).Apply(new Where(), null, TestNetworks.C(index, 4), TestNetworks.C(index))),
                    ("picture", picture.Conv2d(2, kernel: 3, padding: 1)),
                ];
            }).Initialize(RandomStream.FromSeed(1)));
        network = network.WithBuffers([KeyValuePair.Create("one.value", Tensor.From<long>([1, 2, 1, 0], [4]))]);
        Tensor[] x = [Tensor.From<long>([0, 1, 2, 3, 4, 3, 2, 1], [2, 4]), Tensor.From([.. Enumerable.Range(0, 150).Select(i => (byte)(i * 7))], [2, 3, 5, 5])];
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        using InferenceSession session = compiled.CreateSession();
        Assert.All(network.Forward(x, Pass.Evaluation).Zip(session.Run(x)), pair => Near.Assert(pair.First.AsSpan<float>(), pair.Second.AsSpan<float>(), 1e-5f));
    }

    [Fact]
    public void A_network_that_no_input_changes_gives_its_constants()
    {
        Network network = TestNetworks.WithStatistics(Network.Build(Image, x => TestNetworks.C(x, 2, 2).Relu()).Initialize(RandomStream.FromSeed(1)));
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        using InferenceSession session = compiled.CreateSession();
        Tensor x = TestNetworks.Batch(network, 3);
        Assert.Equal(network.Forward(x).ToArray<float>(), session.Run([x])[0].ToArray<float>());
    }

    /// <summary>
    /// The constant is added to an input of fixed shape; the batch of the other input determines the size of the
    /// memory.
    /// </summary>
    [Fact]
    public void Constants_in_the_memory_of_a_session_are_there_when_it_grows()
    {
        Network network = TestNetworks.WithStatistics(Network.Build(
            [Image, new InputSpec { Name = "fixed", SampleShape = [4, 5], IsBatched = false }],
            inputs => [("images", inputs[0].Conv2d(4, kernel: 3).Relu().Conv2d(2, kernel: 3)), ("sum", (inputs[1] + TestNetworks.C(inputs[1], 4, 5)).Tanh())])
            .Initialize(RandomStream.FromSeed(1)));
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        using InferenceSession session = compiled.CreateSession();
        foreach (int batch in new[] { 4, 7, 5, 64, 200, 4 })
        {
            Tensor[] x = [TestNetworks.Batch(network, batch), Samples.GaussianTensor([4, 5], (ulong)batch)];
            Assert.All(network.Forward(x, Pass.Evaluation).Zip(session.Run(x)), pair => Near.Assert(pair.First.AsSpan<float>(), pair.Second.AsSpan<float>(), 1e-5f, $"batch {batch}"));
        }
    }

    [Fact]
    public void Constants_are_filled_once_and_stay_when_the_batch_changes()
    {
        Network network = TestNetworks.Make("operators with constants");
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        Assert.NotEmpty(compiled.PlanFor(2).Steps.Setup);
        Assert.DoesNotContain(compiled.PlanFor(2).Steps.Steps, step => step.Step is ConstantStep);
        using InferenceSession session = compiled.CreateSession();
        foreach (int batch in new[] { 2, 3, 64, 2, 1, 3 })
        {
            Tensor x = TestNetworks.Batch(network, batch);
            Near.Assert(network.Forward(x).ToArray<float>(), session.Run([x])[0].ToArray<float>(), 1e-5f, $"batch {batch}");
        }
    }
}
