using Temper.Kernels;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Inference.Tests;

/// <summary>Compiled networks with 8-bit weights and activations, for every candidate kernel of their layers.</summary>
[Trait("Category", VectorWidths.Kernels)]
public sealed class Int8NetworkTests
{
    public static TheoryData<string> Bodies => [.. Networks.Keys];

    private static Dictionary<string, Func<Value, Value>> Networks { get; } = new()
    {
        ["convolution"] = x => Rounded(x, 0.02f, 128).Apply(Conv(9), "conv"),
        ["strided"] = x => Rounded(x, 0.02f, 128).Apply(Conv(7, kernel: 3, stride: 2), "conv").Relu(),
        ["residual"] = x =>
        {
            Value first = Rounded(Rounded(x, 0.02f, 128).Apply(Conv(16), "conv1").Relu(), 0.01f, 0);
            Value inner = Rounded(first.Apply(Conv(16), "conv2").Relu(), 0.01f, 0);
            return Rounded((Rounded(inner.Apply(Conv(16), "conv3"), 0.01f, 128) + first).Relu(), 0.02f, 0).Apply(Conv(5, kernel: 1), "conv4");
        },
        ["added floats"] = x => (Rounded(x, 0.02f, 128).Apply(Conv(3), "conv") + x).Relu(),
        ["one rounding for two"] = x =>
        {
            Value rounded = Rounded(x, 0.02f, 128);
            return rounded.Apply(Conv(3), "conv") + rounded.Relu();
        },
        ["pooled and linear"] = x => Rounded(Rounded(x, 0.02f, 128).Apply(Conv(8), "conv").Relu().MaxPool2d(2).Flatten(), 0.01f, 0)
            .Apply(new Linear(10) { HasInt8Weight = true }, "fc").Relu(),
        ["pooled between"] = x => Rounded(
            Rounded(x, 0.02f, 128).Apply(Conv(21), "conv").Relu().MaxPool2d(3, stride: 2, padding: 1), 0.01f, 0).Apply(Conv(6), "conv2"),
        ["pooled below zero"] = x => Rounded(Rounded(x, 0.02f, 128).Apply(Conv(5), "conv").MaxPool2d(2), 0.01f, 99).Apply(Conv(6, stride: 2), "conv2"),
        ["signed bytes"] = x => x.Apply(new Temper.Networks.FakeQuantize(0.02f, 3) { Low = -128, High = 127 }, "round").Apply(Conv(4), "conv"),
        ["a range that is no byte's"] = x => x.Apply(new Temper.Networks.FakeQuantize(0.1f, 0) { Low = -7, High = 7 }, "round").Apply(Conv(4), "conv"),
        ["groups and dilation"] = x => Rounded(x, 0.02f, 128).Apply(
            new Conv2d(6, (3, 3)) { HasInt8Weight = true, Options = new Conv2dOptions { Groups = 3, Dilation = (2, 2), Padding = Padding2d.All(2) } }, "conv"),
    };

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Bodies))]
    public void Every_candidate_gives_the_networks_results_within_a_step(string body)
    {
        Network network = Create(body);
        int most = 1;
        var kernels = new HashSet<string>(StringComparer.Ordinal);
        for (int turn = 0; turn < most; turn++)
        {
            using CompiledNetwork compiled = CompiledNetwork.Compile(network, (_, candidates) =>
            {
                most = Math.Max(most, candidates.Count);
                Candidate chosen = candidates[Math.Min(turn, candidates.Count - 1)];
                kernels.Add(chosen.Kernel);
                return chosen;
            });
            using InferenceSession session = compiled.CreateSession();
            foreach (int batch in new[] { 1, 3, 9 })
            {
                Tensor x = Samples.GaussianTensor([batch, 3, 8, 8], 1);
                float[] expected = network.Forward(x).ToArray<float>(), actual = session.Run([x])[0].ToArray<float>();

                // Sums are exact or rounded in float32; a value close to a rounding tie may be rounded in the other
                // direction.
                float step = body is "residual" or "pooled and linear" or "pooled between" or "pooled below zero" ? 0.03f : 1e-5f;
                Near.Assert(expected, actual, step, $"{body}, turn {turn}, batch {batch}");
                Assert.Equal(actual, session.Run([x])[0].ToArray<float>());
            }
        }

        Assert.Equal(body is not ("a range that is no byte's" or "groups and dilation"), kernels.Contains(KernelNames.Int8));
    }

    [Fact]
    public void Bytes_do_not_depend_on_threads_and_runs_allocate_nothing()
    {
        Network network = Create("residual");
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, (_, candidates) => candidates[0]);
        float[] x = Samples.GaussianTensor([5, 3, 8, 8], 1).ToArray<float>(), one = new float[5 * 5 * 64], two = new float[one.Length];
        using InferenceSession alone = compiled.CreateSession(threads: 1), both = compiled.CreateSession(threads: 2);
        alone.Run(x, one);
        both.Run(x, two);
        Assert.Equal(one, two);
        long before = GC.GetAllocatedBytesForCurrentThread();
        alone.Run(x, one);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void What_rounds_and_adds_behind_a_convolution_goes_into_it()
    {
        using CompiledNetwork compiled = CompiledNetwork.Compile(Create("residual"), (_, candidates) => candidates[0]);
        string[] kernels = [.. compiled.Explain().Steps.Select(step => step.Kernel)];
        Assert.Equal(["transpose", "quantize", "int8", "int8", "int8", "int8", "transpose"], kernels);
    }

    [Theory]
    [InlineData("pooled between")]
    [InlineData("pooled below zero")]
    public void A_maximum_between_layers_of_bytes_is_one_of_bytes(string body)
    {
        using CompiledNetwork compiled = CompiledNetwork.Compile(Create(body), (_, candidates) => candidates[0]);
        string[] kinds = [.. compiled.Explain().Steps.Where(step => step.Kernel is KernelNames.Int8).Select(step => step.Kind)];
        Assert.Equal(["int8 conv 3x3", "int8 max pool", "int8 conv 3x3"], kinds);
    }

    private static Network Create(string body)
    {
        Network network = Network.Build(InputSpec.Image(3, 8, 8), Networks[body]).Initialize(RandomStream.FromSeed(1));
        return network.WithBuffers(network.Nodes.Where(node => node.Buffers.Count > 0).Select(node => KeyValuePair.Create(
            node.Buffers[0], Tensor.From([.. Enumerable.Range(0, network.Buffers[node.Buffers[0]].Count).Select(i => 0.002f + (0.0001f * i))], network.Buffers[node.Buffers[0]].Shape))));
    }

    private static Value Rounded(Value x, float scale, int zero) => x.Apply(new Temper.Networks.FakeQuantize(scale, zero));

    private static Conv2d Conv(int channels, int kernel = 3, int stride = 1) =>
        new(channels, (kernel, kernel)) { HasInt8Weight = true, Options = Conv2dOptions.Of(stride, kernel / 2) };
}
