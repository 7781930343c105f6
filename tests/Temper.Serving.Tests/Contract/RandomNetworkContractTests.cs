using System.Globalization;
using Temper.Networks;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Serving.Tests.Contract;

/// <summary>Networks of random structure with random constants, in every way of running them.</summary>
[Collection(EngineContract.Alone)]
public sealed class RandomNetworkContractTests
{
    /// <summary>TEMPER_FUZZ asks for more.</summary>
    private static int Count => int.TryParse(Environment.GetEnvironmentVariable("TEMPER_FUZZ"), NumberStyles.None, CultureInfo.InvariantCulture, out int _) ? 2000 : 100;

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
