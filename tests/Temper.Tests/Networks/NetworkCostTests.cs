using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Tests.Networks;

/// <summary>Tests costs that depend on values: zero weights, zero activations and memory traffic.</summary>
public sealed class NetworkCostTests
{
    [Fact]
    public void Weights_of_zero_are_not_counted_whatever_the_operator()
    {
        // Each weight of conv1 is used at 8 x 8 positions, each weight of fc1 once.
        Network network = Network.Build(InputSpec.Image(channels: 2, height: 8, width: 8), x => x
            .Conv2d(3, kernel: 3, padding: 1).MaxPool2d(2).Flatten().Linear(5)).Initialize(RandomStream.FromSeed(1));
        network = WithZeros(WithZeros(network, "conv1.weight", 10), "fc1.weight", 40);
        NetworkCost cost = network.Cost(batch: 3);
        Assert.Equal(3 * ((54 * 64) + (48 * 5)), cost.Macs);
        Assert.Equal(3 * ((44 * 64) + (48 * 5) - 40), cost.NonzeroMacs);
        Assert.Equal(cost.Parameters - 50, cost.NonzeroParameters);
        Assert.Null(cost.ActiveMacs);
        Assert.Equal((64L, 1L), (network.WeightUses()["conv1.weight"], network.WeightUses()["fc1.weight"]));

        // conv1 reads 128 pixels and 57 parameters and writes 192 values. The total is the sum over all nodes.
        NodeCost conv = network.Cost(batch: 1).Nodes[0];
        Assert.Equal(4 * (128 + 54 + 3 + 192), conv.Traffic);
        Assert.Equal(network.Cost().Nodes.Sum(node => node.Traffic), network.Cost().Traffic);
    }

    [Fact]
    public void Active_macs_of_linear_layers_are_the_pairs_of_weight_and_activation_that_are_not_zero()
    {
        Network network = Network.Build(InputSpec.Features(12), x => x.Linear(20).Relu().Linear(7)).Initialize(RandomStream.FromSeed(2));
        network = WithZeros(WithZeros(network, "fc1.weight", 50), "fc2.weight", 33);
        const int Batch = 9;
        float[] x = [.. Samples.Gaussian(Batch * 12, 3).Select((value, i) => i % 5 == 0 ? 0 : value)];
        Tensor samples = Tensor.From(x, [Batch, 12]);
        Pass pass = Pass.Evaluation.Tap("relu1");
        network.Forward(samples, pass);
        long pairs = Pairs(x, network.Parameters["fc1.weight"].Value, Batch) + Pairs(pass["relu1"].ToArray<float>(), network.Parameters["fc2.weight"].Value, Batch);

        ActivationDensity density = ActivationDensity.Measure(network, samples);
        Assert.Equal(pairs, network.Cost(Batch, density).ActiveMacs!.Value, 1e-6);
        Assert.Equal(x.Count(value => value != 0) / (double)x.Length, density[network.Inputs[0].Name]);

        // The same samples in two batches.
        ActivationDensity cut = ActivationDensity.Measure(network, [[samples.Slice(0, 0, 4)], [samples.Slice(0, 4, 9)]]);
        Assert.Equal(pairs, network.Cost(Batch, cut).ActiveMacs!.Value, 1e-6);
    }

    [Fact]
    public void Active_macs_of_a_pointwise_convolution_are_exact_and_of_dense_data_all_are_active()
    {
        Network network = Network.Build(InputSpec.Image(3, 4, 4), x => x.Conv2d(5, kernel: 1)).Initialize(RandomStream.FromSeed(4));
        network = WithZeros(network, "conv1.weight", 4);
        float[] x = [.. Samples.Uniform(2 * 48, 5, low: 1, high: 2).Select((value, i) => i % 3 == 0 ? 0 : value)];
        float[] w = network.Parameters["conv1.weight"].Value.ToArray<float>();
        double pairs = x.Index().Where(p => p.Item != 0).Sum(p => Enumerable.Range(0, 5).Count(o => w[(o * 3) + (p.Index / 16 % 3)] != 0));
        Assert.Equal(pairs, network.Cost(2, ActivationDensity.Measure(network, Tensor.From(x, [2, 3, 4, 4]))).ActiveMacs!.Value, 1e-6);
        Assert.Equal(network.Cost(2).NonzeroMacs, network.Cost(2, ActivationDensity.Measure(network, Tensor.Ones([2, 3, 4, 4]))).ActiveMacs!.Value, 1e-6);
    }

    [Fact]
    public void Densities_of_another_network_or_of_no_samples_are_refused()
    {
        Network one = Network.Build(InputSpec.Features(3), x => x.Linear(2)), other = Network.Build(InputSpec.Features(3), x => x.Relu().Linear(2));
        ActivationDensity density = ActivationDensity.Measure(one, Tensor.Ones([1, 3]));
        Assert.Contains("not measured", Assert.Throws<ArgumentException>(() => other.Cost(1, density)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => ActivationDensity.Measure(one, Array.Empty<IReadOnlyList<Tensor>>()));
    }

    private static long Pairs(float[] x, Tensor weight, int batch)
    {
        float[] w = weight.ToArray<float>();
        int inputs = weight.Shape[1];
        return Enumerable.Range(0, batch).Sum(n => w.Index().Count(p => p.Item != 0 && x[(n * inputs) + (p.Index % inputs)] != 0));
    }

    private static Network WithZeros(Network network, string name, int zeros)
    {
        Parameter parameter = network.Parameters[name];
        float[] values = [.. parameter.Value.ToArray<float>().Select((value, i) => i * 11 % parameter.Value.Count < zeros ? 0 : value)];
        int found = values.Count(value => value == 0);
        Assert.Equal(zeros, found);
        return network.WithParameters([parameter with { Value = Tensor.From(values, parameter.Value.Shape) }]);
    }
}
