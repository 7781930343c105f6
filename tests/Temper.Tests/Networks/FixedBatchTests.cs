using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Tests.Networks;

/// <summary>Many samples are run in parts, so that memory is limited; the results are those of one run.</summary>
public sealed class FixedBatchTests
{
    [Fact]
    public void Samples_of_a_free_batch_are_run_in_parts()
    {
        Network network = NetworkZoo.Create("lenet-300-100").Initialize(RandomStream.FromSeed(1));
        Tensor x = ForwardTests.Random([11, 1, 28, 28], 2);
        var sizes = new List<int>();
        IReadOnlyList<Tensor> Run(IReadOnlyList<Tensor> inputs)
        {
            sizes.Add(inputs[0].Shape[0]);
            return network.Forward(inputs, Pass.Evaluation);
        }

        Tensor y = FixedBatch.Run(network, [x], Run, most: 4)[0];
        Assert.Equal([4, 4, 3], sizes);
        float[] expected = network.Forward(x).ToArray<float>(), found = y.ToArray<float>();
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    /// <summary>An output without samples cannot be joined, so everything is run at once.</summary>
    [Fact]
    public void An_output_without_samples_is_not_joined()
    {
        Network network = Network.Build(
            [InputSpec.Features(3)], inputs => [("y", inputs[0].Relu()), ("c", inputs[0].Builder.Add(new ConstantValue([2]), "c", parametersOf: null, []))])
            .Initialize(RandomStream.FromSeed(1));
        IReadOnlyList<Tensor> found = FixedBatch.Run(network, [ForwardTests.Random([9, 3], 1)], most: 4);
        Assert.Equal([9, 3], found[0].Shape);
        Assert.Equal([2], found[1].Shape);
    }
}
