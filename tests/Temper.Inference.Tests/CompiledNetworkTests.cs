using Temper.Kernels;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Inference.Tests;

public sealed class CompiledNetworkTests
{
    private static readonly int[] Batches = [1, 2, 3, 7, 8, 9, 16, 33, 64, 65];

    public static TheoryData<string> Bodies => [.. TestNetworks.Bodies.Keys];

    public static TheoryData<string, int> Zoo => new()
    {
        { "lenet-300-100", 33 }, { "lenet-5", 9 }, { "lenet-5-caffe", 8 }, { "convnet-small", 3 }, { "resnet-20", 2 }, { "vgg-16-bn", 1 }, { "basic-1-1-1", 4 },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Every_batch_size_agrees_with_the_network(string body)
    {
        Network network = TestNetworks.Make(body);
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        foreach (int batch in Batches)
        {
            AssertAgrees(network, compiled, batch);
        }
    }

    /// <summary>Batch sizes are compiled on first use, when a training may have changed the weights.</summary>
    [Fact]
    public void Training_after_compilation_has_no_effect()
    {
        Network live = Network.Build(InputSpec.Features(6), x => x.Linear(5).Relu().Apply(new LayerNorm()).Linear(3)).Initialize(RandomStream.FromSeed(3)).Copy();
        Tensor x = Tensor.From(Samples.Gaussian(8 * 6, 1), [8, 6]);
        float[] expected = live.Forward(x).ToArray<float>();
        Step(change: 0);                                         // a learner marks the parameters that it trains
        using CompiledNetwork compiled = CompiledNetwork.Compile(live, new CompileOptions { TimesKernels = false });
        Step(change: 1);
        using InferenceSession session = compiled.CreateSession();
        Near.Assert(expected, session.Run([x])[0].AsSpan<float>(), 1e-5f);
        Near.Assert(expected, compiled.Network.Forward(x).AsSpan<float>(), 0);

        Network constant = live.Copy();
        using CompiledNetwork other = CompiledNetwork.Compile(constant, new CompileOptions { TimesKernels = false });
        Assert.Same(constant, other.Network);

        void Step(float change)
        {
            foreach (Tensor value in live.Parameters.Select(parameter => parameter.Value))
            {
                foreach (ref float element in value.Writable())
                {
                    element += change;
                }

                value.Storage.MarkWritten();
            }
        }
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Kernels_chosen_by_time_agree_with_the_network(string body)
    {
        Network network = TestNetworks.Make(body);
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { BatchSizes = [1, 9], TimingShare = 0.05 });
        AssertAgrees(network, compiled, 1);
        AssertAgrees(network, compiled, 9);
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Every_kernel_agrees_with_the_network(string body)
    {
        foreach (int block in new[] { 1, 2, 4, 8 })
        {
            Network network = TestNetworks.Thinned(TestNetworks.Make(body), block);
            for (int turn = 0; turn < 8; turn++)
            {
                using CompiledNetwork compiled = CompiledNetwork.Compile(network, (_, candidates) => candidates[Math.Min(turn, candidates.Count - 1)]);
                foreach (int batch in new[] { 1, 3, 6, 13, 37 })
                {
                    AssertAgrees(network, compiled, batch, $"block {block}, turn {turn}, batch {batch}: {string.Join(", ", compiled.PlanFor(batch).Steps.Steps.Select(step => step.Step.Kernel))}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Parts_of_a_batch_agree_with_the_network(string body)
    {
        Network network = TestNetworks.Thinned(TestNetworks.Make(body), block: 1);
        using var pool = new WorkerPool(threads: 3);
        using WorkerPool.Usage usage = pool.Use();
        foreach (int part in new[] { 1, 4 })
        {
            using CompiledNetwork compiled = CompiledNetwork.Compile(network, (_, candidates) => candidates[^1], part);
            Assert.Equal(BatchPlan.CanBeParted(compiled.Graph) ? part : 0, compiled.PlanFor(64).PartSize);
            foreach (int batch in new[] { 1, 2, 5, 13, 64 })
            {
                AssertAgrees(network, compiled, batch, $"parts of {part}, batch {batch}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Zoo))]
    public void Networks_of_the_zoo_agree(string name, int batch)
    {
        Network network = TestNetworks.WithStatistics(NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(1)));
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        AssertAgrees(network, compiled, batch);
    }

    [Fact]
    public void Random_networks_agree()
    {
        for (ulong seed = 0; seed < 150; seed++)
        {
            Network network = TestNetworks.WithStatistics(RandomNetworks.Make(seed));
            using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
            AssertAgrees(network, compiled, 1 + (int)(seed % 11));
        }
    }

    [Fact]
    public void Kernels_that_were_only_timed_give_their_weights_back()
    {
        using CompiledNetwork compiled = CompiledNetwork.Compile(TestNetworks.Make("chain of layers"), new CompileOptions { BatchSizes = [1, 16] });
        int used = new[] { 1, 16 }.SelectMany(batch => compiled.PlanFor(batch).Steps.Steps).Where(step => step.Layer is not null).Select(step => step.Step).Distinct().Count();
        Assert.Equal(used, compiled.StepCount);
    }

    private static void AssertAgrees(Network network, CompiledNetwork compiled, int batch, string what = "")
    {
        Tensor x = TestNetworks.Batch(network, batch, (ulong)batch);
        float[] expected = network.Forward(x).ToArray<float>(), actual = new float[expected.Length];
        using InferenceSession session = compiled.CreateSession();
        session.Run(x.AsSpan<float>(), actual);
        Near.Assert(expected, actual, 1e-4f, what);
        Assert.Equal(actual, session.Run([x])[0].ToArray<float>());
    }

    [Theory]
    [InlineData(8)]
    [InlineData(3)]
    [InlineData(20)]
    public void Typical_samples_fill_a_fixed_batch(int samples)
    {
        var input = new InputSpec { Name = "x", SampleShape = [8, 6], IsBatched = false };
        Network network = Network.Build(input, x => x.Linear(3).Relu()).Initialize(RandomStream.FromSeed(1));
        Tensor typical = Tensor.From(Samples.Uniform(samples * 6, 1), [samples, 6]);
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false, TypicalInput = typical });
        AssertAgrees(network, compiled, 1);
    }
}
