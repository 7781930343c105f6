using Temper.Compression.Calibration;
using Temper.Compression.Pruning;
using Temper.Compression.Shrinking;
using Temper.Inference;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Compression.Tests.Pruning;

/// <summary>Removal of channels: layers refitted without them, and inputs that no unit reads.</summary>
public sealed class ChannelPruningTests
{
    /// <summary>
    /// Channel 3 is a copy of channel 0, so the next layer loses nothing if it adds the weights of channel 3 to those
    /// of channel 0. The fit on samples finds this.
    /// </summary>
    [Fact]
    public void Layers_that_lose_a_copy_of_a_channel_take_more_of_the_other()
    {
        Network network = WithCopy(Network.Build(InputSpec.Image(2, 6, 6), x => x
            .Conv2d(4, kernel: 3, padding: 1, name: "first").Relu().Conv2d(3, kernel: 3, padding: 1, stride: 2, name: "second").Flatten().Linear(3, name: "head"))
            .Initialize(RandomStream.FromSeed(1)));
        Tensor samples = Samples.GaussianTensor([64, 2, 6, 6], 3), others = Samples.GaussianTensor([16, 2, 6, 6], 4);
        ChannelGroup[] removed = ChannelPruning.GroupsToRemove(network, 0.8, name => name is "head", multiple: 1);
        Network cut = network.WithoutChannels(removed).Network, fitted = ChannelReconstruction.Without(network, removed, samples).WithoutChannels(removed).Network;
        Assert.Equal([3, 2, 3, 3], fitted.Parameters["first.weight"].Value.Shape);
        Assert.Equal(cut.ToJson(), fitted.ToJson());
        double lost = Distance(network, cut, others), left = Distance(network, fitted, others);
        Assert.True(lost > 1e-2, $"{lost} is no loss to make up for");
        Assert.True(left < 0.05 * lost, $"{left} of {lost} is left");
    }

    [Fact]
    public void Inputs_that_no_unit_reads_are_not_gathered()
    {
        Network network = Mlp();
        Parameter weight = network.Parameters["fc1.weight"];
        float[] values = weight.Value.ToArray<float>();
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = i % 100 % 3 == 0 ? values[i] : 0;
        }

        network = network.WithParameters([weight with { Value = Tensor.From(values, weight.Value.Shape) }]);
        Network gathered = InputSelection.Insert(network, _ => false), small = gathered.Shrink().Network;
        Tensor x = Samples.GaussianTensor([5, 1, 10, 10], 2);
        AssertSame(network.Forward(x), gathered.Forward(x), 0);
        Assert.Equal([8, 34], small.Parameters["fc1.weight"].Value.Shape);
        Assert.Equal((8 * 34) + (3 * 8), small.Cost().Macs);
        AssertSame(network.Forward(x), small.Forward(x), 1e-6f);
        using CompiledNetwork compiled = CompiledNetwork.Compile(small, new CompileOptions { BatchSizes = [5], TimesKernels = false });
        using InferenceSession session = compiled.CreateSession();
        float[] y = new float[5 * 3];
        session.Run(x.ToArray<float>(), y);
        AssertSame(network.Forward(x), Tensor.From(y, [5, 3]), 1e-5f);
    }

    [Fact]
    public void Gathering_that_leaves_nothing_out_goes_and_ignored_layers_get_none()
    {
        Network network = Mlp(), gathered = InputSelection.Insert(network, _ => false);
        Assert.Contains(gathered.Nodes, node => node.Operator is Gather);
        Assert.Equal(network.ToJson(), InputSelection.RemoveWhole(gathered).ToJson());
        Assert.Same(network, InputSelection.Insert(network, name => name is "fc1"));
    }

    /// <summary>
    /// The channels of a layer before an ignored one are its inputs: without them, its weights would change their shape
    /// and values.
    /// </summary>
    [Fact]
    public void An_ignored_layer_keeps_its_channels_and_its_inputs()
    {
        Network network = Network.Build(InputSpec.Features(12), x => x
            .Linear(30, name: "fc1").Relu().Linear(20, name: "fc2").Relu().Linear(20, name: "fc3").Relu().Linear(4, name: "fc4"))
            .Initialize(RandomStream.FromSeed(1));
        ChannelGroup[] removed = ChannelPruning.GroupsToRemove(network, 0.3, name => name is "fc2", multiple: 1);
        Network fitted = ChannelReconstruction.Without(network, removed, Samples.GaussianTensor([64, 12], 3)), pruned = fitted.WithoutChannels(removed).Network;
        Assert.Equal([20, 30], pruned.Parameters["fc2.weight"].Value.Shape);
        Assert.Equal(network.Parameters["fc2.weight"].Value.ToArray<float>(), pruned.Parameters["fc2.weight"].Value.ToArray<float>());
        Assert.True(pruned.Parameters["fc3.weight"].Value.Shape[0] < 20);
    }

    private static Network Mlp() => Network.Build(InputSpec.Image(1, 10, 10), x => x.Flatten().Linear(8, name: "fc1").Relu().Linear(3, name: "fc2")).Initialize(RandomStream.FromSeed(1));

    /// <summary>
    /// Makes channel 3 a copy of channel 0 with smaller weights in the next layer, so that it is removed first.
    /// </summary>
    private static Network WithCopy(Network network)
    {
        Parameter first = network.Parameters["first.weight"], bias = network.Parameters["first.bias"], second = network.Parameters["second.weight"];
        float[] filters = first.Value.ToArray<float>(), shifts = bias.Value.ToArray<float>(), reading = second.Value.ToArray<float>();
        filters.AsSpan(0, 18).CopyTo(filters.AsSpan(3 * 18));
        shifts[3] = shifts[0];
        for (int i = 0; i < reading.Length; i++)
        {
            reading[i] *= i / 9 % 4 == 3 ? 0.5f : 1;
        }

        return network.WithParameters(
        [
            first with { Value = Tensor.From(filters, first.Value.Shape) }, bias with { Value = Tensor.From(shifts, [4]) }, second with { Value = Tensor.From(reading, second.Value.Shape) },
        ]);
    }

    private static double Distance(Network a, Network b, Tensor x) =>
        Math.Sqrt(a.Forward(x).ToArray<float>().Zip(b.Forward(x).ToArray<float>(), (p, q) => (double)(p - q) * (p - q)).Sum());

    private static void AssertSame(Tensor expected, Tensor got, float tolerance)
    {
        Assert.Equal(expected.Shape, got.Shape);
        Assert.All(expected.ToArray<float>().Zip(got.ToArray<float>()), pair => Assert.Equal(pair.First, pair.Second, tolerance));
    }
}
