using System.Runtime.InteropServices;
using Temper.Kernels;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Inference.Tests;

/// <summary>
/// A plan compiled with <see cref="CompileOptions.BatchInvariant"/>: a sample's bytes are the same in any batch.
/// </summary>
[Trait("Category", VectorWidths.Kernels)]
public sealed class BatchInvariantPlanTests
{
    private const int Samples = 64;

    /// <summary>
    /// Batches from one set of samples: sizes 64, 1, 3 and 7, with different positions and neighbors of a sample.
    /// </summary>
    private static readonly int[][] Batches =
    [
        [.. Enumerable.Range(0, Samples)], [5], [9, 5, 63], [63, 0, 1, 2, 40, 5, 9],
    ];

    private static readonly OperatorRow[] Rows = [.. OperatorRows.All.Where(row => row.HasBatch && row.Network().Inputs.Count > 0)];

    private static readonly CompileOptions Invariant = new() { BatchInvariant = true, TimesKernels = false };

    public static TheoryData<int> Operators => [.. Enumerable.Range(0, Rows.Length)];

    public static TheoryData<string> Bodies => [.. TestNetworks.Bodies.Keys];

    [Theory]
    [MemberData(nameof(Operators))]
    public void Every_kernel_of_an_operator(int place) =>
        CheckEveryKernel(TestNetworks.WithStatistics(Rows[place].Network()), Rows[place].Inputs(Samples), $"{Rows[place].Operator}", 1);

    [Theory]
    [Trait("Category", VectorWidths.EveryWidth)]
    [MemberData(nameof(Bodies))]
    public void Every_kernel_of_layers(string body)
    {
        Network dense = TestNetworks.Make(body);
        CheckEveryKernel(dense, [TestNetworks.Batch(dense, Samples)], body, 1, 64);
        Network sparse = TestNetworks.Thinned(dense, block: 2);
        CheckEveryKernel(sparse, [TestNetworks.Batch(sparse, Samples)], $"{body}, sparse", 1);
    }

    [Theory]
    [InlineData("lenet-300-100", 1)]
    [InlineData("lenet-5", 64)]
    [InlineData("convnet-small", 1)]
    [InlineData("resnet-20", 1)]
    [InlineData("resnet-20", 64)]
    public void Networks_of_the_zoo(string name, int fastestBatch)
    {
        Network network = TestNetworks.WithStatistics(NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(1)));
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, Invariant with { BatchSizes = [fastestBatch] });
        Check(compiled, [TestNetworks.Batch(network, Samples)], name);
    }

    [Fact]
    public void Every_batch_has_the_kernels_of_the_first_batch_size_which_a_plan_keeps()
    {
        Network network = TestNetworks.Make("chain of layers");
        CompileOptions options = Invariant with { BatchSizes = [3, 1, 64], TimesKernels = true, TimingShare = 0.05 };
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, options);
        KernelPlan plan = KernelPlan.Parse(compiled.ChosenKernels().ToJson());
        Assert.All([1, 64], batch => Assert.Equal(plan.Kernels[2], plan.Kernels[batch]));
        using CompiledNetwork again = CompiledNetwork.Compile(network, options with { Plan = plan, TimesKernels = false });
        Assert.Equal(plan.Kernels[2], again.ChosenKernels().Kernels[2]);
        Check(again, [TestNetworks.Batch(network, Samples)], "with a plan");
    }

    [Fact]
    public void A_plan_with_a_kernel_for_one_row_is_refused()
    {
        Network network = TestNetworks.Make("linear layers only");
        using CompiledNetwork compiled = CompiledNetwork.Compile(
            network, (_, candidates) => candidates.FirstOrDefault(candidate => candidate.Kernel is KernelNames.Rows) ?? candidates[0]);
        compiled.PlanFor(1);
        var kernels = compiled.Graph.Layers.ToDictionary(
            layer => layer.Name, layer => compiled.Graph.CandidatesOf(layer, 1)[0].Kernel, StringComparer.Ordinal);
        Assert.Contains(KernelNames.Rows, kernels.Values);
        var plan = new KernelPlan(
            KernelPlan.ThisCpu, new Dictionary<int, IReadOnlyDictionary<string, string>> { [1] = kernels }, new Dictionary<int, int>());
        ArgumentException error = Assert.Throws<ArgumentException>(() => CompiledNetwork.Compile(network, Invariant with { Plan = plan }));
        Assert.Contains("got rows", error.Message, StringComparison.Ordinal);
    }

    private static void CheckEveryKernel(Network network, Tensor[] inputs, string what, params int[] fastestBatches)
    {
        int most = 1;
        for (int turn = 0; turn < most; turn++)
        {
            foreach (int batch in fastestBatches)
            {
                using CompiledNetwork compiled = CompiledNetwork.Compile(
                    network,
                    (_, candidates) =>
                    {
                        most = Math.Max(most, candidates.Count);
                        return candidates[Math.Min(turn, candidates.Count - 1)];
                    },
                    partSize: turn % 2 == 0 ? 16 : 0,
                    Invariant with { BatchSizes = [batch] });
                Check(compiled, inputs, $"{what}, turn {turn} for batch {batch}");
            }
        }
    }

    private static void Check(CompiledNetwork compiled, Tensor[] inputs, string what)
    {
        using InferenceSession one = compiled.CreateSession(threads: 1), two = compiled.CreateSession(threads: 2);
        float[][]? expected = null;
        for (int b = 0; b < Batches.Length; b++)
        {
            int[] batch = Batches[b];
            float[] found = (b % 2 == 0 ? two : one).Run(
                [.. inputs.Select(input => Tensor.Concatenate([.. batch.Select(i => input.Slice(0, i, i + 1))], 0))])[0].To(DType.Float32).ToArray<float>();
            int length = found.Length / batch.Length;
            expected ??= [.. batch.Select((_, i) => found[(i * length)..((i + 1) * length)])];
            for (int i = 0; i < batch.Length; i++)
            {
                bool isSame = MemoryMarshal.AsBytes(expected[batch[i]].AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(found.AsSpan(i * length, length)));
                Assert.True(isSame, $"{what}: sample {batch[i]} differs in batch {b} of {batch.Length}: {Kernels(compiled)}");
            }
        }
    }

    private static string Kernels(CompiledNetwork compiled) => string.Join(", ", compiled.PlanFor(1).Steps.Steps.Select(step => step.Step.Kernel));
}
