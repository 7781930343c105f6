using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Inference.Tests;

/// <summary>
/// Layers of random sizes with random zeros, for each of their kernels. Tolerance: 1e-5 of the largest result.
/// </summary>
[Trait("Category", VectorWidths.Kernels)]
public sealed class LayerExactnessTests
{
    private const float Tolerance = 1e-5f;

    [Fact]
    [Trait("Category", VectorWidths.EveryWidth)]
    public void Convolutions_of_any_size_agree()
    {
        for (ulong seed = 0; seed < (ulong)VectorWidths.Count(60); seed++)
        {
            RandomCursor random = RandomStream.FromSeed(seed).Cursor();
            int groups = random.NextInt32(4) == 0 ? 2 : 1, channels = groups * (1 + random.NextInt32(40)), outputs = groups * (1 + random.NextInt32(70));
            int kernel = 1 + random.NextInt32(5), size = kernel + random.NextInt32(14), stride = 1 + random.NextInt32(2), padding = random.NextInt32(kernel);
            var options = new Conv2dOptions { Stride = (stride, 1 + random.NextInt32(2)), Padding = new Padding2d(padding, padding, padding, padding), Groups = groups };
            Network network = Network.Build(InputSpec.Image(channels, size, size + random.NextInt32(4)), x => x.Apply(new Conv2d(outputs, (kernel, kernel)) { Options = options }).Relu());
            AssertEachKernel(network, seed, 1 + random.NextInt32(20));
        }
    }

    [Fact]
    [Trait("Category", VectorWidths.EveryWidth)]
    public void Fully_connected_layers_of_any_size_agree()
    {
        for (ulong seed = 0; seed < (ulong)VectorWidths.Count(40); seed++)
        {
            RandomCursor random = RandomStream.FromSeed(seed).Cursor();
            Network network = Network.Build(new InputSpec { SampleShape = [1 + random.NextInt32(700)] }, x => x.Linear(1 + random.NextInt32(300)).Relu());
            AssertEachKernel(network, seed, 1 + random.NextInt32(9));
        }
    }

    [Fact]
    public void Maps_of_channels_of_any_size_agree()
    {
        for (ulong seed = 0; seed < 40; seed++)
        {
            RandomCursor random = RandomStream.FromSeed(seed).Cursor();
            int channels = 1 + random.NextInt32(random.NextInt32(2) == 0 ? 4 : 40);
            float[] mean = Samples.Uniform(channels, seed), deviation = Samples.Uniform(channels, seed + 100, 0.2f, 2);
            int[] order = random.NextInt32(2) == 0 ? [] : [.. Enumerable.Range(0, channels).Reverse()];
            Network network = Network.Build(
                InputSpec.Image(channels, 1 + random.NextInt32(20), 1 + random.NextInt32(30)), x => x.Apply(new Normalize { Mean = mean, Deviation = deviation, ChannelOrder = order }));
            AssertEachKernel(network, seed, 1 + random.NextInt32(20));
        }
    }

    private static void AssertEachKernel(Network network, ulong seed, int batch)
    {
        network = TestNetworks.Thinned(network.Initialize(RandomStream.FromSeed(seed)), block: 1 << (int)(seed % 4), kept: 0.1 + (0.1 * (seed % 5)));
        Tensor x = TestNetworks.Batch(network, batch, seed);
        float[] expected = network.Forward(x).ToArray<float>(), actual = new float[expected.Length];
        int most = 1;
        for (int turn = 0; turn < most; turn++)
        {
            using CompiledNetwork compiled = CompiledNetwork.Compile(network, (layer, candidates) =>
            {
                most = Math.Max(most, candidates.Count);
                return candidates[Math.Min(turn, candidates.Count - 1)];
            });
            using InferenceSession session = compiled.CreateSession();
            session.Run(x.AsSpan<float>(), actual);
            Near.Assert(expected, actual, Tolerance, $"seed {seed}, {string.Join(", ", compiled.PlanFor(batch).Steps.Steps.Select(step => step.Step.Kernel))}:");
        }
    }
}
