using Temper.Networks;
using Temper.Randomness;
using Temper.Testing;

namespace Temper.Inference.Tests;

/// <summary>
/// Measures the allocations of all threads of the process, so no other tests may run at the same time.
/// </summary>
[Collection("alone")]
public sealed class SteadyStateTests
{
    public static TheoryData<string, int, int> Works => new() { { "resnet-20", 12, 4 }, { "resnet-20", 5, 0 }, { "convnet-small", 9, 1 } };

    [Theory]
    [MemberData(nameof(Works))]
    public void Runs_on_several_threads_allocate_nothing(string name, int batch, int part)
    {
        Network network = NormalizedNetworks.Normalized(TestNetworks.Thinned(NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(1)), block: 1), asNode: part == 0);
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, (_, candidates) => candidates[^1], part);
        using InferenceSession session = compiled.CreateSession(threads: 2);
        float[] x = TestNetworks.Batch(network, batch).ToArray<float>(), y = new float[batch * 10];
        long least = long.MaxValue;
        for (int i = 0; i < 10 && least > 0; i++)
        {
            // A thread allocates its working memory on its first task, and the assignment of tasks to threads varies.
            long before = GC.GetTotalAllocatedBytes(precise: true);
            session.Run(x, y);
            session.Run(x, y);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.Equal(0, least);
    }
}

[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class AloneCollection;
