using Temper.Networks;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Serving.Tests.Contract;

/// <summary>Networks of random structure with random constants, run by every engine.</summary>
[Collection(EngineContract.Alone)]
public sealed class RandomNetworkContractTests
{
    /// <summary>Number of random networks; larger with <c>./test --fuzz</c>.</summary>
    private static int Count => FuzzTests.Networks(usual: 100, fuzz: 2000);

    [Fact]
    public void Random_networks_with_constants_run_the_same_in_every_way()
    {
        RandomBatch[] kinds = Enum.GetValues<RandomBatch>();
        for (int seed = 0; seed < Count; seed++)
        {
            RandomBatch batch = kinds[seed % kinds.Length];
            Network network = RandomNetworks.WithConstants((ulong)seed, batch);
            Tensor[] inputs = RandomNetworks.Inputs(network, batch: 1 + (seed % 9), (ulong)seed);
            try
            {
                Assert.Null(EngineContract.Check(network, inputs, mixes: batch == RandomBatch.Mixing));
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"seed {seed}, {batch}: {error.Message}\n{network.ToJson()}", error);
            }
        }
    }
}
