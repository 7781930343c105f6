using Temper.Networks;
using Temper.Privacy.Morphing;
using Temper.Tensors;

namespace Temper.Privacy.Tests.Morphing;

/// <summary>Checks the identity <c>(D M)(M⁻¹ C P) = D C P</c> against the convolution.</summary>
public sealed class AugConvLayerTests
{
    public static TheoryData<int, int, int, int, int> Cases()
    {
        var cases = new TheoryData<int, int, int, int, int>();
        int[] kernels = [3, 2, 5, 1], strides = [1, 2, 3, 1], paddings = [1, 0, 2, 0];
        foreach (int cores in new[] { 1, 3, 12, 96 })
        {
            for (int channels = 1; channels <= 4; channels++)
            {
                int place = (channels + cores) % 4;
                cases.Add(cores, channels, kernels[place], strides[place], paddings[(place + channels) % 4]);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Features_of_morphed_rows_are_those_of_the_convolution_in_another_order(int cores, int channels, int kernel, int stride, int padding)
    {
        const int Count = 6, Height = 8, Width = 12, Outputs = 7;
        using MorphKey key = MorphSamples.Key(new MorphMap(channels, Height, Width) { Cores = cores, IsRepeated = channels == 2 });
        using var morpher = new Morpher(key);
        Tensor weights = MorphSamples.Weights(Outputs, channels, kernel);
        AugConvLayer layer = AugConvLayer.Compose(key, morpher, weights, stride, padding);
        float[] rows = [.. Enumerable.Range(0, Count * key.Map.Inputs).Select(i => MathF.Abs(MathF.Sin(i * 0.7f * i)))], morphed = new float[rows.Length];
        morpher.Apply(rows, morphed);
        Shape image = [Count, channels, Height, Width];
        float[] plain = Tensor.From(rows, image).Conv2d(weights, bias: null, Conv2dOptions.Of(stride, padding)).ToArray<float>();
        Tensor features = layer.Features(Tensor.From(morphed, image));
        int pixels = features.Shape[2] * features.Shape[3];
        int[] order = key.ChannelOrder(Outputs);
        float[] expected = new float[plain.Length];
        for (int i = 0; i < Count * Outputs; i++)
        {
            plain.AsSpan(((i / Outputs * Outputs) + order[i % Outputs]) * pixels, pixels).CopyTo(expected.AsSpan(i * pixels));
        }

        Assert.InRange(AugConvLayer.RelativeError(features.ToArray<float>(), expected), 0, 1e-5);
        Assert.True(cores < 12 || layer.Weight.Count < key.Map.Inputs * Outputs * pixels, "nothing was left out");
    }

    [Fact]
    public void Layer_of_a_structured_map_gives_the_convolution_too_and_is_broken_like_any_other()
    {
        using var folder = new Temper.Testing.TemporaryFolder();
        using MorphKey key = MorphSamples.Key(new MorphMap(1, 12, 12) { IsStructured = true });
        Tensor weights = MorphSamples.Weights(16, 1, 3);
        Temper.Data.DataSets data = MorphSamples.Pictures(1, 12, 40);
        MorphBundle bundle = MorphSamples.Bundle(folder.Path, key, data, weights, 1);
        Assert.True(bundle.Map.IsStructured);
        IReadOnlyList<Temper.Privacy.Audit.AttackFinding> findings = Temper.Privacy.Audit.MorphAudit.Run(
            bundle, new Temper.Privacy.Audit.AuditInputs { Weights = weights, Truth = data.Train, Pictures = 5 });
        Assert.All(findings.Take(3), finding => Assert.Equal(Temper.Privacy.Audit.AttackFinding.Broken, finding.Verdict));
    }

    [Fact]
    public void Density_of_stored_blocks_is_that_of_the_specification()
    {
        // Density by number of cores, for inputs 3x32x32, kernel 3x3, padding 1 and 64 output channels.
        foreach ((int cores, double density) in new[] { (96, 0.092), (32, 0.154), (24, 0.180), (12, 0.297), (6, 0.531), (3, 1.0), (1, 1.0) })
        {
            MorphEstimate estimate = MorphEstimate.Of(new MorphMap(3, 32, 32) { Cores = cores }, 60_000, [64, 3, 3, 3], 1, 1);
            Assert.Equal(density, estimate.LayerDensity, 0.005);
        }
    }

    [Fact]
    public void Edit_gives_the_network_that_the_shuffled_convolution_gives()
    {
        using MorphKey key = MorphSamples.Key(new MorphMap(1, 10, 10) { Cores = 10 });
        using var morpher = new Morpher(key);
        Network plain = Network.Build(InputSpec.Image(1, 10, 10), x => x.Conv2d(6, kernel: 3, padding: 1, name: "conv1").Relu().MaxPool2d(2).Flatten().Linear(4, name: "fc"))
            .Initialize(Temper.Randomness.RandomStream.FromSeed(2));
        Tensor weights = plain.Parameters["conv1.weight"].Value;
        AugConvLayer layer = AugConvLayer.Compose(key, morpher, weights, 1, 1);
        Network morphing = plain.WithAugConv(layer);
        Assert.False(morphing.Parameters["conv1.matrix"].IsTrainable);
        Assert.True(morphing.Parameters["conv1.bias"].IsTrainable);
        Assert.Equal(key.Id, Assert.IsType<AugConv>(morphing.Nodes[0].Operator).Key);

        int[] order = key.ChannelOrder(6);
        float[] w = weights.ToArray<float>();
        Tensor shuffled = Tensor.From((float[])[.. order.SelectMany(from => w.AsSpan(from * 9, 9).ToArray())], weights.Shape);
        Network expected = plain.WithParameters([plain.Parameters["conv1.weight"] with { Value = shuffled }]);
        float[] rows = [.. Enumerable.Range(0, 300).Select(i => MathF.Abs(MathF.Sin(i * i)))], morphed = new float[300];
        morpher.Apply(rows, morphed);
        float[] a = morphing.Forward(Tensor.From(morphed, [3, 1, 10, 10])).ToArray<float>(), b = expected.Forward(Tensor.From(rows, [3, 1, 10, 10])).ToArray<float>();
        Assert.InRange(AugConvLayer.RelativeError(a, b), 0, 1e-5);

        Network other = Network.Build(InputSpec.Image(1, 10, 10), x => x.Conv2d(6, kernel: 3, name: "conv1").Flatten().Linear(4)).Initialize(Temper.Randomness.RandomStream.FromSeed(2));
        Assert.Contains("conv1", Assert.Throws<ArgumentException>(() => other.WithAugConv(layer)).Message);
        Network none = Network.Build(InputSpec.Image(1, 10, 10), x => x.Relu().Flatten().Linear(4)).Initialize(Temper.Randomness.RandomStream.FromSeed(2));
        Assert.Throws<ArgumentException>(() => none.WithAugConv(layer));
    }

    /// <summary>Sizes in a file can be any numbers: 1.6 billion output pixels would take hours and gigabytes.</summary>
    [Theory]
    [InlineData(8, 3, 20_000)]
    [InlineData(8, 1, int.MaxValue)]
    [InlineData(40_000, 1, 0)]
    public void Layers_that_are_too_large_are_refused_before_they_are_built(int size, int kernel, int padding)
    {
        AugConv layer = AugConvLayer.OperatorFor(new MorphMap(1, size, size), [1, 1, kernel, kernel], 1, padding);
        Assert.Throws<ArgumentException>(() => layer.InferShape([[1, size * size]], "conv1"));
    }

    /// <summary>The part of a kernel outside of the image reads nothing, so it takes no time.</summary>
    [Fact]
    public void Kernel_that_is_much_larger_than_the_picture_reads_the_whole_picture()
    {
        const int Outside = 1_000_000_000;
        var layer = new AugConv(2, (Outside, 1), (1, 4, 2), CoreSide: 2) { Options = new Conv2dOptions { Padding = new Padding2d(Outside / 2, 0, (Outside / 2) - 4, 0) } };
        Assert.Equal(Shape.Create(1, 2, 1, 2), layer.InferShape([[1, 8]], "conv1"));
        Assert.Equal(2 * 8 * 2, layer.Macs([[1, 8]], [1, 2, 1, 2]));
    }

    [Fact]
    public void Weights_that_do_not_fit_or_are_not_finite_are_refused()
    {
        using MorphKey key = MorphSamples.Key(new MorphMap(1, 6, 6));
        using var morpher = new Morpher(key);
        Assert.Throws<ArgumentException>(() => AugConvLayer.Compose(key, morpher, MorphSamples.Weights(4, 3, 3), 1, 1));
        Assert.Throws<ArgumentException>(() => AugConvLayer.Compose(key, morpher, Tensor.Full([4, 1, 3, 3], float.NaN), 1, 1));
        Assert.Throws<ArgumentException>(() => AugConvLayer.Compose(key, morpher, MorphSamples.Weights(4, 1, 7), 1, 0));
    }
}
