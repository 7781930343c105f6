using Temper.Compression.Calibration;
using Temper.Compression.Pruning;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Compression.Tests.Calibration;

/// <summary>Calibrated pruning at the ends of its arguments.</summary>
public sealed class CalibratedPruningTests
{
    private static readonly Network Dense = Network.Build(
        InputSpec.Features(6), x => x.Linear(5, name: "a").Relu().Linear(4, name: "b")).Initialize(RandomStream.FromSeed(1));

    /// <summary>
    /// Half of the weights are zero already, so no more are pruned, and none of them is fitted to another value.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(0.3)]
    [InlineData(0.5)]
    public void Weights_that_are_zero_stay_zero(double sparsity)
    {
        Network pruned = Dense.Prune(PruningRule.LayerSparsity(0.5));
        Network calibrated = pruned.PruneCalibrated(Samples.GaussianTensor([40, 6], 2), sparsity);
        foreach (string name in (string[])["a.weight", "b.weight"])
        {
            float[] kept = [.. pruned.Parameters[name].Value.ToArray<float>().Select(weight => weight == 0 ? 0f : 1f)];
            Assert.Equal(kept, calibrated.Parameters[name].Value.ToArray<float>().Select(weight => weight == 0 ? 0f : 1f));
            Assert.Equal(kept, calibrated.Parameters[name].Mask!.ToArray<float>());
        }
    }

    [Fact]
    public void No_samples_are_refused()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Dense.PruneCalibrated(Tensor.Zeros([0, 6]), 0.5));
        Assert.StartsWith("PruneCalibrated: there are no samples (got shape [0, 6]", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(float.NaN, "NaN")]
    [InlineData(float.PositiveInfinity, "Infinity")]
    [InlineData(float.NegativeInfinity, "-Infinity")]
    public void A_sample_that_is_not_finite_is_refused_by_its_index(float value, string shown)
    {
        float[] values = Samples.Gaussian(60, 2);
        values[(7 * 6) + 2] = value;
        ArgumentException error = Assert.Throws<ArgumentException>("samples", () => Dense.PruneCalibrated(Tensor.From(values, [10, 6]), 0.5));
        Assert.StartsWith($"PruneCalibrated: sample 7 is not finite (got {shown})", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_of_a_layer_that_gets_only_zeros_go_first()
    {
        Network dead = Dense.WithParameters([Dense.Parameters["a.bias"] with { Value = Tensor.Full([5], -100f) }]);
        Network pruned = dead.PruneCalibrated(Samples.GaussianTensor([40, 6], 2), 0.5);      // 25 of 50
        Assert.Equal(0, pruned.Parameters["b.weight"].Value.ToArray<float>().Count(weight => weight != 0));
        Assert.Equal(25, pruned.Parameters["a.weight"].Value.ToArray<float>().Count(weight => weight != 0));
    }
}
