using Temper.Compression.Pruning;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Compression.Tests.Pruning;

/// <summary>Which channels are removed first.</summary>
public sealed class ChannelImportanceTests
{
    /// <summary>After removals, shares and counts are those of the weights that remain, in plain loops.</summary>
    [Fact]
    public void Shares_and_counts_are_those_of_the_remaining_weights()
    {
        Tensor value = Samples.GaussianTensor([5, 4, 3, 2], 1);
        var weight = new RemainingWeight(value);
        Assert.Equal(Energy(value, o => o is 2 or 4, _ => true) / Energy(value, _ => true, _ => true), weight.Share(Slice(0, 2, 4)), 1e-12);
        weight.Remove(Slice(0, 1));
        weight.Remove(Slice(1, 0, 3));
        Assert.Equal(Energy(value, o => o is 2 or 4, IsLeft) / Energy(value, o => o != 1, IsLeft), weight.Share(Slice(0, 2, 4)), 1e-12);
        Assert.Equal(Energy(value, o => o != 1, i => i == 2) / Energy(value, o => o != 1, IsLeft), weight.Share(Slice(1, 2)), 1e-12);
        Assert.Equal(2 * 2 * 6, weight.Count(Slice(0, 2, 4)));
        Assert.Equal(4 * 1 * 6, weight.Count(Slice(1, 2)));

        static bool IsLeft(int channel) => channel is 1 or 2;
    }

    /// <summary>
    /// Both layers have channels of equal norm, but a channel of the layer on the large image costs 16 times as much.
    /// </summary>
    [Fact]
    public void Among_equal_channels_the_expensive_ones_go_first()
    {
        Network network = WithEqualWeights(Network.Build(InputSpec.Image(1, 8, 8), x => x
            .Conv2d(8, kernel: 3, padding: 1, name: "large").Relu().Conv2d(8, kernel: 3, padding: 1, stride: 4, name: "small").Relu()
            .Conv2d(8, kernel: 3, padding: 1, name: "last").Flatten().Linear(2, name: "head"))
            .Initialize(RandomStream.FromSeed(1)));
        ChannelGroup[] removed = ChannelPruning.GroupsToRemove(network, 0.8, _ => false, multiple: 1);
        Assert.NotEmpty(removed);
        Assert.All(removed, group => Assert.Contains(group.Parameters, slice => slice.Name is "large.weight"));
    }

    [Fact]
    public void Channels_of_zeros_go_before_all_others()
    {
        Network network = Network.Build(InputSpec.Image(1, 8, 8), x => x
            .Conv2d(8, kernel: 3, padding: 1, bias: false, name: "first").Relu().Conv2d(4, kernel: 3, padding: 1, name: "second").Flatten().Linear(2, name: "head"))
            .Initialize(RandomStream.FromSeed(1));
        foreach (string name in (string[])["first.weight", "second.weight"])
        {
            Parameter weight = network.Parameters[name];
            float[] values = weight.Value.ToArray<float>();
            int each = name is "first.weight" ? 9 : 9 * 8;
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (name is "first.weight" ? i / each : i % each / 9) is 2 or 5 ? 0 : values[i];
            }

            network = network.WithParameters([weight with { Value = Tensor.From(values, weight.Value.Shape) }]);
        }

        ChannelGroup[] removed = ChannelPruning.GroupsToRemove(network, 0.8, _ => false, multiple: 1);
        Assert.Equal([2, 5], removed.Take(2).SelectMany(group => group.Parameters.First(slice => slice.Name is "first.weight").Indices).Order());
    }

    private static ChannelSlice Slice(int axis, params int[] indices) => new("weight", axis, indices);

    /// <summary>Sum of the squares at some outputs (axis 0) and inputs (axis 1).</summary>
    private static double Energy(Tensor value, Func<int, bool> hasOutput, Func<int, bool> hasInput)
    {
        float[] values = value.ToArray<float>();
        int inputs = value.Shape[1], kernel = value.Shape[2] * value.Shape[3];
        return values.Select((x, i) => hasOutput(i / kernel / inputs) && hasInput(i / kernel % inputs) ? (double)x * x : 0).Sum();
    }

    private static Network WithEqualWeights(Network network) => network.WithParameters(
        network.Parameters.Where(parameter => parameter.Value.Rank > 1).Select(parameter => parameter with
        {
            Value = Tensor.From(Enumerable.Repeat(0.1f, parameter.Value.Count).ToArray(), parameter.Value.Shape),
        }));
}
