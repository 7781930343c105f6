using System.Runtime.InteropServices;
using Temper.Kernels;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Tests.Networks;

/// <summary>
/// Tests batch-invariant passes: the bytes of a sample's outputs and input gradients depend on that sample alone.
/// </summary>
public sealed class BatchInvarianceTests
{
    private const int Samples = 64;

    /// <summary>
    /// Batches as indices into one set of samples: sizes 1, 3, 7 and 64, in different orders and with different
    /// neighbors.
    /// </summary>
    private static readonly int[][] Batches =
    [
        [.. Enumerable.Range(0, Samples)],
        [5],
        [63],
        [9, 5, 63],
        [63, 0, 1, 2, 40, 5, 9],
        [.. Enumerable.Range(0, Samples).Reverse()],
    ];

    public static TheoryData<string> Networks =>
    [
        "lenet-300-100", "lenet-5", "lenet-5-caffe", "convnet-small", "resnet-20", "basic-1-1-1", "plain-1-1-1-1",
    ];

    public static TheoryData<int> Operators => [.. Enumerable.Range(0, OperatorRows.All.Count)];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Zoo_networks_give_a_sample_the_same_bytes_in_any_batch(string name)
    {
        // Small images keep the test fast; networks that do not accept them use the input size of their paper.
        bool isPicture = name[0] is 'r' or 'b' or 'p';
        var options = new ZooOptions { Input = isPicture ? InputSpec.Image(channels: 3, height: 16, width: 16) : null };
        Check(NetworkZoo.Create(name, options).Initialize(RandomStream.FromSeed(1)));
    }

    [Theory]
    [MemberData(nameof(Operators))]
    public void Operators_give_a_sample_the_same_bytes_in_any_batch(int place)
    {
        OperatorRow row = OperatorRows.All[place];
        if (row.HasBatch)
        {
            Check(row.Network(), row.Inputs(Samples), row.IsDifferentiable);
        }
    }

    /// <summary>Layer sizes for which the batch size would otherwise affect the choice of kernel.</summary>
    [Theory]
    [InlineData("few outputs")]
    [InlineData("one output")]
    [InlineData("one feature")]
    [InlineData("wide")]
    [InlineData("winograd")]
    [InlineData("winograd wide")]
    [InlineData("first layer")]
    [InlineData("strided")]
    [InlineData("transposed")]
    [InlineData("depthwise")]
    [InlineData("one element")]
    [InlineData("vectors")]
    public void Kernels_give_a_sample_the_same_bytes_in_any_batch(string what) => Check(Network.Build(InputOf(what), x => what switch
    {
        "few outputs" => x.Linear(3).Tanh().Linear(1000).Relu().Linear(2),
        "one output" => x.Linear(1).Sigmoid(),
        "one feature" => x.Linear(70).Tanh().Linear(1).Softplus(),
        "wide" => x.Linear(700).Relu().Linear(3),
        "winograd" or "winograd wide" => x.Conv2d(32, kernel: 3, padding: 1).Relu().Conv2d(48, kernel: 3, padding: 1).Flatten().Linear(2),
        "first layer" => x.Conv2d(20, kernel: 5).Relu().Flatten().Linear(2),
        "strided" => x.Conv2d(64, kernel: 3, stride: 2, padding: 1).Relu().Conv2d(8, kernel: 7, padding: 3).Flatten().Linear(2),
        "transposed" => x.Apply(new ConvTranspose2d(24, (3, 3)) { Options = Conv2dOptions.Of(1, 1) }),
        "depthwise" => x.Apply(new Conv2d(20, (3, 3)) { Options = Conv2dOptions.Of(1, 1, groups: 20) }),
        "one element" => x.Apply(new Pointwise(PointwiseFunction.Exp)).Apply(new Pointwise(PointwiseFunction.Mish)).Apply(new Gelu()),
        _ => x.Apply(new Temper.Networks.Softmax(1)).Apply(new Permute([0, 2, 1])).Apply(new Temper.Networks.Softmax(2)),
    }).Initialize(RandomStream.FromSeed(1)));

    [Fact]
    public void The_choice_belongs_to_the_pass_and_to_what_it_recorded()
    {
        Assert.False(Pass.Evaluation.IsBatchInvariant);
        Assert.True(Pass.Evaluation.BatchInvariant().Tap("node").IsBatchInvariant);
        Network network = Network.Build(InputOf("wide"), x => x.Linear(3)).Initialize(RandomStream.FromSeed(1));
        network.Forward(SamplesOf(network)[0], Pass.Evaluation.BatchInvariant());
        Assert.Equal(KernelChoice.Fastest, OperationKernels.Current);
    }

    private static InputSpec InputOf(string what) => what switch
    {
        "few outputs" or "one output" => Vector(37),
        "one feature" or "one element" => Vector(1),
        "wide" => Vector(1300),
        "winograd" => InputSpec.Image(16, 8, 8),
        "winograd wide" => InputSpec.Image(32, 13, 13),
        "first layer" => InputSpec.Image(1, 12, 12),
        "transposed" or "depthwise" or "strided" => InputSpec.Image(20, 8, 8),
        _ => new InputSpec { Name = "input", SampleShape = [5, 10] },
    };

    private static InputSpec Vector(int length) => new() { Name = "input", SampleShape = [length] };

    private static Tensor[] SamplesOf(Network network) =>
        [.. network.Inputs.Select((input, i) => Temper.Testing.Samples.GaussianTensor([Samples, .. input.SampleShape.ToArray()], (ulong)i))];

    private static void Check(Network network) => Check(network, SamplesOf(network), isDifferentiable: true);

    private static void Check(Network network, Tensor[] inputs, bool isDifferentiable)
    {
        using var one = new WorkerPool(1);
        using var two = new WorkerPool(2);
        float[][]? expected = null;
        for (int b = 0; b < Batches.Length; b++)
        {
            using WorkerPool.Usage usage = (b % 2 == 0 ? two : one).Use();
            float[][] found = Run(network, inputs, Batches[b], isDifferentiable);
            expected ??= found;
            for (int i = 0; i < Batches[b].Length; i++)
            {
                if (!Bits(expected[Batches[b][i]]).SequenceEqual(Bits(found[i])))
                {
                    Assert.Fail($"sample {Batches[b][i]} differs in batch {b} of {Batches[b].Length}: {FirstDifference(expected[Batches[b][i]], found[i])}");
                }
            }
        }
    }

    private static ReadOnlySpan<int> Bits(float[] values) => MemoryMarshal.Cast<float, int>(values);

    private static string FirstDifference(float[] expected, float[] found)
    {
        int place = Enumerable.Range(0, expected.Length).First(i => BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(found[i]));
        return $"{expected[place]:R} and {found[place]:R} at {place} of {expected.Length}";
    }

    /// <summary>
    /// Returns, for each sample of a batch, its output followed by its gradient for each input. The cotangent belongs
    /// to the sample.
    /// </summary>
    private static float[][] Run(Network network, Tensor[] all, int[] batch, bool isDifferentiable)
    {
        Tensor[] inputs = [.. all.Select(input => Tensor.Concatenate([.. batch.Select(i => input.Slice(0, i, i + 1))], 0))];
        Tensor[] sources = isDifferentiable ? [.. inputs.Where(input => input.DType == DType.Float32)] : [];
        using var tape = new GradientTape();
        Array.ForEach(sources, source => tape.Watch(source));
        Tensor y = network.Forward(inputs, Pass.Evaluation.BatchInvariant())[0];
        float[][] parts = [y.To(DType.Float32).ToArray<float>()];
        if (sources.Length > 0)
        {
            Tensor cotangent = Temper.Testing.Samples.GaussianTensor(y.Shape.With(0, Samples), 9);
            cotangent = Tensor.Concatenate([.. batch.Select(i => cotangent.Slice(0, i, i + 1))], 0);
            GradientMap gradients = tape.Gradient([(y, cotangent)], sources);
            parts = [.. parts, .. sources.Select(source => gradients[source].ToArray<float>())];
        }

        return [.. batch.Select((_, i) => parts.SelectMany(part => part.AsSpan(i * (part.Length / batch.Length), part.Length / batch.Length).ToArray()).ToArray())];
    }
}
