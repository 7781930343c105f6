using Temper.Data;
using Temper.Growth.Blocks;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Growth.Tests;

/// <summary>Removal of trailing blocks, with predictions that are known by hand.</summary>
public sealed class RollBackTests
{
    /// <summary>
    /// Each block swaps two of three classes, so the predictions of one, two and three blocks for the classes 0, 1, 2 are
    /// 0 1 2, then 0 2 1, then 1 2 0. Of the samples (0, 0), (0, 0), (1, 2) two, three and one are correct.
    /// </summary>
    [Theory]
    [InlineData(0.0, 2)]
    [InlineData(0.5, 1)]
    [InlineData(1 / 3.0, 1)]          // from 1 to 2/3, accuracy falls by 0.33333333333333337
    public void A_gain_from_a_removal_is_not_given_up_by_the_next_one(double tolerance, int depth)
    {
        Network network = Network.Build(InputSpec.Features(3), x => x.Linear(3, name: "a").Relu().Linear(3, name: "b").Relu().Linear(3, name: "c").Relu())
            .Initialize(RandomStream.FromSeed(1));
        network = network.WithParameters(
        [
            .. Set("a", 1, 0, 0, 0, 1, 0, 0, 0, 1), .. Set("b", 1, 0, 0, 0, 0, 1, 0, 1, 0), .. Set("c", 0, 1, 0, 1, 0, 0, 0, 0, 1),
        ]);
        GrowableNetwork whole = GrowableNetwork.Find(network);
        Assert.Equal([3], whole.Depths);
        var samples = new TensorDataset(
            "made up", Tensor.From((float[])[1, 0, 0, 1, 0, 0, 0, 1, 0], [3, 3]), Tensor.From((long[])[0, 0, 2], [3]));
        double accuracy = RollBack.Accuracy(whole, samples);
        Assert.Equal(1 / 3.0, accuracy, 1e-9);
        List<double> taken = [];
        GrowableNetwork trimmed = RollBack.Trim((whole, accuracy), samples, tolerance, (_, _, found) => taken.Add(found));
        Assert.Equal([depth], trimmed.Depths);
        Assert.Equal(((double[])[1, 2 / 3.0])[..(3 - depth)], taken);

        Parameter[] Set(string name, params float[] weight) =>
        [
            network.Parameters[$"{name}.weight"] with { Value = Tensor.From(weight, [3, 3]) },
            network.Parameters[$"{name}.bias"] with { Value = Tensor.From(new float[3], [3]) },
        ];
    }
}
