using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;
using Temper.Testing.Edits;

namespace Temper.Tests.Networks;

/// <summary>
/// Tests removal and addition of channels through every kind of layer. Removing a silent channel does not change the
/// outputs.
/// </summary>
public sealed class ChannelTests
{
    private const float Tolerance = 1e-6f;

    /// <summary>Number of random networks; larger with <c>./test --fuzz</c>.</summary>
    private static int Count => FuzzTests.Networks(usual: 50, fuzz: 500);

    public static TheoryData<int> Kinds => [.. Enumerable.Range(0, RandomChannelNetworks.Kinds)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_silent_channel_goes_without_a_trace(int kind)
    {
        for (ulong seed = 0; seed < 3; seed++)
        {
            AssertEachGroupCanGo(RandomChannelNetworks.Make(seed, kind), seed);
        }
    }

    [Fact]
    public void Random_networks_lose_silent_channels_without_a_trace()
    {
        for (int seed = 0; seed < Count; seed++)
        {
            AssertEachGroupCanGo(RandomChannelNetworks.Make(100 + (ulong)seed), (ulong)seed);
        }
    }

    [Fact]
    public void Added_channels_can_be_taken_away_again_and_the_network_is_the_one_it_was()
    {
        int added = 0;
        for (int seed = 0; seed < Count; seed++)
        {
            Network network = RandomChannelNetworks.Make(700 + (ulong)seed);
            RandomCursor random = RandomStream.FromSeed((ulong)seed).Cursor();
            foreach (Node node in network.Nodes.Where(node => node.Operator is Conv2d or Linear or ConvTranspose2d))
            {
                added += AddAndTakeAway(network, node.Name, random) ? 1 : 0;
            }
        }

        Assert.True(added > Count, $"only {added} edits were possible");
    }

    [Fact]
    public void Masks_and_trainable_flags_go_along()
    {
        Network network = Mlp();
        Tensor mask = Tensor.From([1f, 0, 0, 1, 1, 0], [3, 2]);
        network = network.WithMask("b.weight", mask).WithTrainable(false, parameter => parameter.Name.StartsWith("b.", StringComparison.Ordinal));
        NetworkEdit edit = network.WithChannels("a", [1, -1], RandomStream.FromSeed(3));
        Parameter changed = edit.Network.Parameters["b.weight"];
        Assert.Equal([0, 1, 1, 1, 0, 1], changed.Mask!.ToArray<float>());
        Assert.False(changed.IsTrainable);
        Assert.Equal(["a.weight", "a.bias", "b.weight"], edit.Moves.Select(move => move.To));
        Assert.Equal(network.Parameters["a.weight"].Value.ToArray<float>()[2..], edit.Network.Parameters["a.weight"].Value.ToArray<float>()[..2]);
        Assert.Same(network.Parameters["b.bias"].Value, edit.Network.Parameters["b.bias"].Value);
    }

    [Fact]
    public void What_cannot_be_done_is_refused_with_the_reason()
    {
        Network network = Mlp();
        AssertRefused("no", () => network.WithChannels("missing", [0]), "unknown name of a node");
        AssertRefused("fixed by an output", () => network.WithChannels("b", [0]), "fixed by output 'output'");
        AssertRefused("fresh weights", () => network.WithChannels("a", [0, 1, -1]), "a.weight", "pass a stream");
        AssertRefused("nothing left", () => network.WithChannels("a", [-1]), "no channel is kept");
        AssertRefused("out of range", () => network.WithChannels("a", [0, 2]), "increasing indices below 2");
        AssertRefused("order", () => network.WithChannels("a", [1, 0]), "increasing indices below 2");
        Network mixed = Network.Build(InputSpec.Features(2), x => x.Linear(4, name: "a").Softmax(name: "s").Linear(2));
        AssertRefused("softmax", () => mixed.WithChannels("a", [0, 1]), "fixed by node 's' (Softmax)");
        Network grouped = Network.Build(InputSpec.Image(2, 4, 4), x => x.Conv2d(4, 1, name: "a").Conv2d(4, 1, groups: 2).Flatten().Linear(2));
        AssertRefused("half a group", () => grouped.WithChannels("a", [0, 1, 3]), "channels 0 and 2 can only be removed together");
        AssertRefused("half new", () => grouped.WithChannels("a", [0, -1, 1, 2, 3], RandomStream.FromSeed(1)), "same new neighbors");
        Assert.Equal(4, grouped.WithChannels("a", [0, -1, 2, -1], RandomStream.FromSeed(1)).Network.Parameters["a.bias"].Value.Count);
    }

    [Fact]
    public void A_group_of_another_network_is_refused()
    {
        Network network = Mlp(), narrow = network.WithChannels("a", [0]).Network;
        AssertRefused("another network", () => narrow.WithoutChannels([network.ChannelGroups()[1]]), "does not belong to this network");
    }

    [Fact]
    public void Layers_that_are_added_into_each_other_are_one_group()
    {
        Network network = Network.Build(InputSpec.Image(1, 4, 4), x =>
        {
            Value stem = x.Conv2d(3, 1, name: "stem");
            return (stem.Conv2d(5, 1, name: "inner").Conv2d(3, 1, name: "outer") + stem).Flatten().Linear(2, name: "head");
        });
        IReadOnlyList<ChannelGroup> groups = network.ChannelGroups();
        Assert.Equal(3 + 5, groups.Count);
        Assert.Contains("outer", groups[0].Values.Select(slice => slice.Name));
        ChannelSlice head = Assert.Single(groups[2].Parameters, slice => string.Equals(slice.Name, "head.weight", StringComparison.Ordinal));
        Assert.Equal(1, head.Axis);
        Assert.Equal(Enumerable.Range(32, 16), head.Indices);
    }

    private static Network Mlp() =>
        Network.Build(InputSpec.Features(2), x => x.Linear(2, name: "a").Relu().Linear(3, name: "b")).Initialize(RandomStream.FromSeed(1));

    private static void AssertRefused(string what, Func<NetworkEdit> edit, params string[] parts)
    {
        string message = Assert.Throws<ArgumentException>(() => _ = edit()).Message;
        Assert.All(parts, part => Assert.True(message.Contains(part, StringComparison.Ordinal), $"{what}: {message}"));
    }

    /// <summary>
    /// Zeroes everything that produces or uses a channel, then removes it, alone and together with others.
    /// </summary>
    private static void AssertEachGroupCanGo(Network network, ulong seed)
    {
        IReadOnlyList<ChannelGroup> groups = network.ChannelGroups();
        Tensor x = Samples.GaussianTensor([3, 2, 5, 5], seed);
        RandomCursor random = RandomStream.FromSeed(seed).Cursor();
        var together = new List<ChannelGroup>();
        foreach (ChannelGroup group in groups)
        {
            AssertCanGo(network, [group], x);
            if (random.NextInt32(3) == 0)
            {
                together.Add(group);
            }
        }

        AssertCanGo(network, together, x);
    }

    private static void AssertCanGo(Network network, IReadOnlyList<ChannelGroup> groups, Tensor x)
    {
        Network silent = SilentChannels.In(network, groups);
        NetworkEdit edit;
        try
        {
            edit = silent.WithoutChannels(groups);
        }
        catch (ArgumentException error) when (error.Message.Contains("would remain", StringComparison.Ordinal))
        {
            return;
        }

        AssertClose(silent.Forward(x), edit.Network.Forward(x));
        foreach (ParameterMove move in edit.Moves.Where(move => network.Parameters.Contains(move.From)))
        {
            Assert.DoesNotContain(-1, move.Kept);
            Assert.NotNull(edit.SourceOf(move.To, network));
        }
    }

    /// <summary>Returns false if the position of the new channel is rejected.</summary>
    private static bool AddAndTakeAway(Network network, string node, RandomCursor random)
    {
        int channels = network.Graph.ShapeOf(node)[node.StartsWith("fc", StringComparison.Ordinal) ? -1 : 1], place = 1 + random.NextInt32(channels);
        int[] kept = [.. Enumerable.Range(0, place), -1, .. Enumerable.Range(place, channels - place)];
        NetworkEdit wider;
        try
        {
            wider = network.WithChannels(node, kept, RandomStream.FromSeed(9));
        }
        catch (ArgumentException error) when (error is not ShapeMismatchException)
        {
            return false;
        }

        AssertNewIsDrawn(network, wider);
        Network back = wider.Network.WithChannels(node, [.. Enumerable.Range(0, channels + 1).Where(i => i != place)]).Network;
        Assert.Equal(network.ToJson(), back.ToJson());
        Assert.All(network.Parameters, parameter => Assert.Equal(parameter.Value.ToArray<float>(), back.Parameters[parameter.Name].Value.ToArray<float>()));
        Assert.All(network.Buffers, buffer => Assert.Equal(buffer.Value.To(DType.Float32).ToArray<float>(), back.Buffers[buffer.Key].To(DType.Float32).ToArray<float>()));
        return true;
    }

    /// <summary>
    /// Checks that weights of new channels are initialized (not zero) and that all other weights are unchanged.
    /// </summary>
    private static void AssertNewIsDrawn(Network before, NetworkEdit wider)
    {
        foreach (Parameter parameter in wider.Network.Parameters.Where(parameter => parameter.Role is ParameterRole.ConvolutionWeight or ParameterRole.LinearWeight))
        {
            Parameter old = before.Parameters[parameter.Name];
            float[] marks = [.. Enumerable.Repeat(float.NaN, parameter.Value.Count)];
            float[] moved = wider.Moved(parameter.Name, old.Value.ToArray<float>(), old.Value.Shape, marks), now = parameter.Value.ToArray<float>();
            for (int i = 0; i < now.Length; i++)
            {
                Assert.True(float.IsNaN(moved[i]) ? now[i] != 0 : now[i] == moved[i]);
            }
        }
    }

    private static void AssertClose(Tensor expected, Tensor got)
    {
        float[] a = expected.ToArray<float>(), b = got.ToArray<float>();
        float scale = Math.Max(1, a.Max(Math.Abs));
        Assert.All(a.Zip(b), pair => Assert.InRange(pair.Second - pair.First, -Tolerance * scale, Tolerance * scale));
    }
}
