using Temper.Data;
using Temper.Formats.Onnx;
using Temper.Growth.Blocks;
using Temper.Growth.Tests.Support;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Growth.Tests.Blocks;

/// <summary>The contract of edits on blocks, for every family and for blocks found in a graph.</summary>
public sealed class GrowableNetworkTests
{
    private static readonly RandomStream Stream = RandomStream.FromSeed(5);

    public static TheoryData<string> Families => [.. StagedFamily.Names];

    [Theory]
    [MemberData(nameof(Families))]
    public void Growing_to_some_depths_gives_the_graph_that_the_family_builds(string family)
    {
        int stages = SmallGrowth.Family(family).Widths.Count;
        GrowableNetwork grown = SmallGrowth.Seed(family);
        foreach (int stage in Enumerable.Range(0, stages).Concat(Enumerable.Range(0, stages)))
        {
            grown = grown.Append(stage, Stream);
        }

        Network expected = SmallGrowth.Family(family).Build([.. Enumerable.Repeat(3, stages)], SmallGrowth.Zoo);
        Assert.Equal(Enumerable.Repeat(3, stages), grown.Depths);
        Assert.Equal(expected.Nodes.Select(node => $"{node}").Order(), grown.Network.Nodes.Select(node => $"{node}").Order());
        Assert.Equal(expected.Cost().Parameters, grown.Network.Cost().Parameters);
        Assert.Equal(expected.Cost().Macs, grown.Network.Cost().Macs);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Old_weights_and_statistics_stay_and_a_block_that_goes_leaves_what_was_there(string family)
    {
        GrowableNetwork seed = SmallGrowth.Seed(family, [.. SmallGrowth.Family(family).Widths.Select(_ => 2)]);
        for (int stage = 0; stage < seed.Stages.Count; stage++)
        {
            GrowableNetwork grown = seed.Insert(stage, at: 1, Stream);
            Assert.Equal(3, grown.Depths[stage]);
            Assert.All(seed.Network.Parameters, parameter => Assert.Same(parameter.Value, grown.Network.Parameters[parameter.Name].Value));
            Assert.All(seed.Network.Buffers, buffer => Assert.Same(buffer.Value, grown.Network.Buffers[buffer.Key]));
            Assert.All(grown.Stages[stage].Blocks[1].ParametersIn(grown.Network), parameter => Assert.False(seed.Network.Parameters.Contains(parameter.Name)));
            Assert.Equal(SmallGrowth.Outputs(seed.Network), SmallGrowth.Outputs(grown.Remove(stage, 1).Network));
        }
    }

    [Fact]
    public void A_new_block_never_takes_the_name_of_one_that_went()
    {
        GrowableNetwork grown = SmallGrowth.Seed().Append(0, Stream);
        string name = grown.Stages[0].Blocks[^1].Name;
        GrowableNetwork again = grown.Remove(0, 1).Append(0, Stream);
        Assert.Equal("layer1.1", name);
        Assert.Equal("layer1.2", again.Stages[0].Blocks[^1].Name);
    }

    [Fact]
    public void Places_that_are_not_there_are_refused()
    {
        GrowableNetwork seed = SmallGrowth.Seed();
        Assert.Contains("no such stage (got 3, expected 0 to 2)", Assert.Throws<ArgumentOutOfRangeException>(() => seed.Append(3, Stream)).Message, StringComparison.Ordinal);
        Assert.Contains("index out of range", Assert.Throws<ArgumentOutOfRangeException>(() => seed.Insert(0, 0, Stream)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "growth: block 0 of layer2 cannot be removed (it has only its first block, which must stay)", Assert.Throws<ArgumentOutOfRangeException>(() => seed.Remove(1, 0)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "growth: block 0 of layer2 cannot be removed (expected 1 to 2, because the first block must stay)",
            Assert.Throws<ArgumentOutOfRangeException>(() => seed.Append(1, Stream).Append(1, Stream).Remove(1, 0)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => SmallGrowth.Seed(depths: [1, 1]));
        Assert.Throws<ShapeMismatchException>(() => StagedFamily.ByName("basic3").Build([1, 1, 1], new ZooOptions { Input = InputSpec.Image(1, 3, 3) }));
        Assert.Contains("mlp", Assert.Throws<ShapeMismatchException>(
            () => StagedFamily.ByName("vgg").Build([1, 1, 1, 1], new ZooOptions { Input = new InputSpec { SampleShape = [8] } })).Message, StringComparison.Ordinal);
    }

    /// <summary>Networks with repeated blocks, and the number of blocks in each stage.</summary>
    public static TheoryData<string, int[]> Found => new()
    {
        { "resnet-20", [3, 2, 2] },        // the first block of stages 2 and 3 changes the shape
        { "basic-2-2-2-2", [2, 1, 1, 1] },
        { "plain-3-3-3", [3, 2, 2] },      // the stem has three input channels, so it is not a repeated block
    };

    [Theory]
    [MemberData(nameof(Found))]
    public void Repeated_blocks_are_found_in_a_graph(string name, int[] depths)
    {
        Network network = NetworkZoo.Create(name).Initialize(RandomStream.FromSeed(1));
        GrowableNetwork found = GrowableNetwork.Find(network);
        Assert.Equal(depths, found.Depths);
        GrowableNetwork grown = found.Append(1, Stream).Insert(0, 1, Stream);
        Assert.True(grown.Network.Cost().Macs > network.Cost().Macs);
        Assert.Equal(
            network.Forward(Picture).ToArray<float>(), grown.Remove(1, grown.Depths[1] - 1).Remove(0, 1).Network.Forward(Picture).ToArray<float>());
    }

    [Fact]
    public void Blocks_of_a_network_that_went_through_onnx_are_found()
    {
        using var folder = new TemporaryFolder();
        OnnxFile.Save(SmallGrowth.Seed("basic3", 2, 3, 2).Network, folder["net.onnx"]);
        GrowableNetwork found = GrowableNetwork.Find(OnnxFile.Load(folder["net.onnx"]).Network);
        Assert.Equal([2, 2, 1], found.Depths);
        Assert.Equal(3, found.Append(0, Stream).Depths[0]);
    }

    [Fact]
    public void A_network_without_repeated_blocks_is_refused()
    {
        string message = Assert.Throws<ArgumentException>(() => GrowableNetwork.Find(NetworkZoo.LeNet5())).Message;
        Assert.Contains("no repeatable block", message, StringComparison.Ordinal);
    }

    private static Tensor Picture { get; } = Tensor.From((float[])[.. Enumerable.Range(0, 3 * 32 * 32).Select(i => (i * 37 % 101) / 101f)], [1, 3, 32, 32]);

    [Fact]
    public void Blocks_with_constants_are_refused() => Assert.Contains(
        "no repeatable block", Assert.Throws<ArgumentException>(() => GrowableNetwork.Find(ScaledBlocks.Make())).Message, StringComparison.Ordinal);
}
