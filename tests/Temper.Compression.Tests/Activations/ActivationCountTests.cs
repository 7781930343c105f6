using Temper.Compression.Activations;
using Temper.Compression.Pruning;
using Temper.Data;
using Temper.Data.Synthetic;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Compression.Tests.Activations;

/// <summary>Compares the counted products with loops over every output, tap and channel.</summary>
public sealed class ActivationCountTests
{
    private static readonly Dataset Samples = SyntheticShapes.Draw(5, 3, 9, channels: 2, RandomStream.FromSeed(1));

    [Fact]
    public void Products_are_those_that_loops_count()
    {
        Network network = Network.Build(InputSpec.Image(channels: 2, height: 9, width: 9), x => x
                .Conv2d(4, kernel: 3, stride: 2, padding: 1, name: "conv1").Relu()
                .Conv2d(6, kernel: 3, padding: 1, groups: 2, name: "conv2").Tanh().Winners(0.3, name: "winners").Flatten().Linear(3, name: "fc"))
            .Initialize(RandomStream.FromSeed(2)).Prune(PruningRule.LayerSparsity(0.4));
        ActivationCount count = ActivationCount.Of(network, Samples);
        string[] layers = ["conv1", "conv2", "fc"];
        Pass pass = Pass.Evaluation.Tap("relu1", "flatten1");
        Tensor input = Samples.Read(0, Samples.Count).Inputs;
        network.Forward(input, pass);
        Tensor[] inputs = [input, pass["relu1"], pass["flatten1"]];
        long[] expected = [.. layers.Select((name, i) => Products(network, name, inputs[i]))];
        Assert.Equal(expected.Select(products => (double)products / Samples.Count), count.Layers.Select(layer => layer.ActiveMacs));
        Assert.Equal(expected.Sum() / (double)Samples.Count, count.MacsZeroInputsSkipped, 1e-9);
        Assert.Equal((expected[1] + expected[2]) / (double)Samples.Count, count.MacsZeroInputsCounted - network.Cost().Nodes.First(node => string.Equals(node.Name, "conv1", StringComparison.Ordinal)).NonzeroMacs, 1e-9);
        Assert.Equal([true, false, false], count.Layers.Select(layer => layer.ReadsInput));

        // 45 of the 150 values win. The density would be lower if zeros were among the winners.
        Assert.Equal(45 / 150.0, count.Layers[2].Density, 1e-9);
        long hidden = Nonzero(inputs[1]) + Nonzero(inputs[2]);
        Assert.Equal(hidden / (double)(inputs[1].Count + inputs[2].Count), count.Activations, 1e-9);
    }

    [Fact]
    public void Without_samples_nothing_is_counted() => Assert.Throws<ArgumentException>(() => ActivationCount.Of(
        Network.Build(InputSpec.Image(2, 9, 9), x => x.Flatten().Linear(3)).Initialize(RandomStream.FromSeed(1)), Samples.Take(0)));

    private static long Nonzero(Tensor x) => x.ToArray<float>().LongCount(value => value != 0);

    private static long Products(Network network, string name, Tensor x)
    {
        Node node = network.Nodes.First(node => string.Equals(node.Name, name, StringComparison.Ordinal));
        float[] weights = network.Parameters[node.Parameters[0]].Value.ToArray<float>(), values = x.ToArray<float>();
        if (node.Operator is not Conv2d layer)
        {
            int width = x.Shape[1];
            return Enumerable.Range(0, values.Length).Sum(i => values[i] == 0 ? 0L : Enumerable.Range(0, weights.Length / width).Count(o => weights[(o * width) + (i % width)] != 0));
        }

        Shape y = layer.InferShape([x.Shape], name);
        int groups = layer.Options.Groups, channels = x.Shape[1] / groups, perGroup = y[1] / groups;
        long products = 0;
        foreach (int[] at in Temper.Testing.References.Grid.Indices([y[0], y[1], y[2], y[3], channels, 3, 3]))
        {
            (int n, int o, int row, int column, int c, int i, int j) = (at[0], at[1], at[2], at[3], at[4], at[5], at[6]);
            int h = (row * layer.Options.Stride.Height) - layer.Options.Padding.Top + i, w = (column * layer.Options.Stride.Width) - layer.Options.Padding.Left + j;
            bool isInside = h >= 0 && h < x.Shape[2] && w >= 0 && w < x.Shape[3];
            products += isInside && weights[(((((o * channels) + c) * 3) + i) * 3) + j] != 0
                && values[(((((n * x.Shape[1]) + (o / perGroup * channels) + c) * x.Shape[2]) + h) * x.Shape[3]) + w] != 0 ? 1 : 0;
        }

        return products;
    }
}
