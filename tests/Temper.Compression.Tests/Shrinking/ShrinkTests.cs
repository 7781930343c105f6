using Temper.Compression.Shrinking;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Compression.Tests.Shrinking;

/// <summary>A shrunken network returns the same values as the masked one, border pixels included.</summary>
public sealed class ShrinkTests
{
    private const float Tolerance = 1e-5f;

    /// <summary>Number of random networks; larger with <c>./test --fuzz</c>.</summary>
    private static int Count => FuzzTests.Networks(usual: 250, fuzz: 3000);

    [Fact]
    public void Random_networks_with_dead_channels_give_the_same_without_them()
    {
        int gone = 0;
        for (int seed = 0; seed < Count; seed++)
        {
            Network masked = Deadened(RandomChannelNetworks.Make((ulong)seed), (ulong)seed);
            ShrinkResult shrunk = masked.Shrink();
            AssertSame(masked, shrunk.Network, (ulong)seed);
            shrunk.Edit.Check(masked);
            gone += shrunk.Layers.Sum(layer => layer.Before - layer.After);
        }

        Assert.True(gone > Count, $"only {gone} channels went");
    }

    /// <summary>
    /// Zero filters followed by a normalization with a shift: the dead channels are nonzero constants, whose effect on
    /// the next layer differs at the border of its padding.
    /// </summary>
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    public void A_dead_channel_with_a_shift_is_folded_into_the_next_layer(int padding, int bias)
    {
        Network network = Network.Build(InputSpec.Image(2, 6, 6), x => x
            .Conv2d(6, kernel: 3, bias: false, name: "first").BatchNorm("norm").Relu()
            .Conv2d(4, kernel: 3, padding: padding, bias: bias == 1, name: "second").Relu().Flatten().Linear(3, name: "head"))
            .Initialize(RandomStream.FromSeed(1));
        network = ZeroRows(network, "first.weight", [0, 2, 3]).WithParameters(
            [network.Parameters["norm.bias"] with { Value = Tensor.From([0.5f, 1, -2, 0.25f, 0, 1], [6]) }]);
        ShrinkResult shrunk = network.Shrink();
        Assert.Equal(new LayerWidth("first", 6, 3), shrunk.Layers[0]);
        Assert.Equal(padding == 1, shrunk.Network.Nodes.Any(node => node.Operator is ConstantValue));
        AssertSame(network, shrunk.Network, 5);
    }

    /// <summary>
    /// A skip connection ties the widths of the layers that it joins (microsoft/nni issues 2130 and 4402: accuracy lost
    /// through the shift of a normalization).
    /// </summary>
    [Fact]
    public void Layers_that_are_added_shrink_together()
    {
        static Value Block(Value x, string name) => x.Scope(name, x => (x.Conv2d(5, 3, padding: 1, bias: false, name: "a").BatchNorm("bn1").Relu()
            .Conv2d(4, 3, padding: 1, bias: false, name: "b").BatchNorm("bn2") + x).Relu());
        Network network = Network.Build(InputSpec.Image(1, 6, 6), x => Block(Block(x.Conv2d(4, 3, padding: 1, bias: false, name: "stem").BatchNorm("bn").Relu(), "one"), "two")
            .GlobalAvgPool2d().Flatten().Linear(3, name: "head")).Initialize(RandomStream.FromSeed(2));
        network = ZeroRows(ZeroRows(ZeroRows(network, "stem.weight", [1, 3]), "one.b.weight", [1]), "two.b.weight", [1, 2]);
        network = network.WithParameters(network.Parameters.Where(parameter => parameter.Role == ParameterRole.NormShift)
            .Select(parameter => parameter with { Value = Tensor.From(Samples.Gaussian(parameter.Value.Count, 3), parameter.Value.Shape) }));
        ShrinkResult shrunk = network.Shrink();
        Assert.Equal(3, shrunk.Layers[0].After);
        AssertSame(network, shrunk.Network, 6);
    }

    [Fact]
    public void A_branch_of_zeros_goes_with_its_layers()
    {
        Network network = Network.Build(InputSpec.Image(2, 6, 6), x =>
        {
            Value stem = x.Conv2d(4, 3, padding: 1, name: "stem").Relu();
            return (stem.Conv2d(8, 3, padding: 1, name: "a").Relu().Conv2d(4, 3, padding: 1, bias: false, name: "b") + stem).Flatten().Linear(2, name: "head");
        }).Initialize(RandomStream.FromSeed(4));
        network = ZeroRows(network, "b.weight", [0, 1, 2, 3]);
        ShrinkResult shrunk = network.Shrink();
        Assert.Equal([new("stem", 4, 4), new("a", 8, 0), new("b", 4, 0), new("head", 2, 2)], shrunk.Layers);
        AssertSame(network, shrunk.Network, 7);
    }

    [Fact]
    public void A_network_without_dead_channels_stays_as_it_is()
    {
        Network network = RandomChannelNetworks.Make(3);
        Assert.Same(network, network.Shrink().Network);
    }

    [Fact]
    public void Widths_are_rounded_up_where_that_is_asked_for()
    {
        Network network = Network.Build(InputSpec.Features(4), x => x.Linear(6, name: "a").Relu().Linear(2, name: "b")).Initialize(RandomStream.FromSeed(5));
        network = ZeroRows(network, "a.weight", [1, 2, 5]);
        Assert.Equal([3, 4, 5, 6], new[] { 1, 4, 5, 6 }.Select(multiple => network.Shrink(multiple).Layers[0].After));
        AssertSame(network, network.Shrink(4).Network, 8);
    }

    private static Network Deadened(Network network, ulong seed)
    {
        RandomCursor random = RandomStream.FromSeed(seed).Split("dead").Cursor();
        foreach (Parameter parameter in network.Parameters.Where(parameter => parameter.Value.Rank > 0 && random.NextInt32(3) > 0))
        {
            int rate = random.NextInt32(8) == 0 ? 1 : 2 + random.NextInt32(2);
            int axis = parameter.Value.Rank > 1 && random.NextInt32(3) == 0 ? 1 : 0;
            bool isShift = parameter.Role is ParameterRole.Bias or ParameterRole.NormShift && random.NextInt32(2) == 0;
            if (!isShift)
            {
                network = ZeroAlong(network, parameter.Name, axis, [.. Enumerable.Range(0, parameter.Value.Shape[axis]).Where(_ => random.NextInt32(rate) == 0)]);
            }
        }

        return network;
    }

    private static Network ZeroRows(Network network, string name, int[] rows) => ZeroAlong(network, name, 0, rows);

    private static Network ZeroAlong(Network network, string name, int axis, int[] indices)
    {
        Parameter parameter = network.Parameters[name];
        Shape along = Shape.Create([.. Enumerable.Range(0, parameter.Value.Rank).Select(i => i == axis ? parameter.Value.Shape[i] : 1)]);
        Tensor stays = Tensor.From([.. Enumerable.Range(0, parameter.Value.Shape[axis]).Select(i => indices.Contains(i) ? 0f : 1f)], along);
        return network.WithMask(name, Tensor.Full(parameter.Value.Shape, 1f) * stays);
    }

    private static void AssertSame(Network expected, Network got, ulong seed)
    {
        Tensor x = Samples.GaussianTensor(expected.Inputs[0].BatchShape(3), seed);
        float[] a = expected.Forward(x).ToArray<float>(), b = got.Forward(x).ToArray<float>();
        float scale = Math.Max(1e-3f, a.Max(Math.Abs));
        Assert.All(a.Zip(b), pair => Assert.True(Math.Abs(pair.Second - pair.First) <= Tolerance * scale, $"seed {seed}: {pair.First} became {pair.Second}"));
    }

    [Fact]
    public void Looking_for_unread_channels_does_not_copy_the_weights()
    {
        Network network = Network.Build(InputSpec.Features(8), x => x.Linear(512).Relu().Linear(512).Relu().Linear(2))
            .Initialize(RandomStream.FromSeed(1));
        network.Shrink();
        long before = GC.GetAllocatedBytesForCurrentThread();
        network.Shrink();

        // One copy for each of the 512 channels of the first layer would take 512 MiB.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 128 << 20);
    }
}
