using Temper.Data;
using Temper.Growth.Blocks;
using Temper.Growth.Initializers;
using Temper.Growth.Tests.Support;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Training.Runs;

namespace Temper.Growth.Tests.Initializers;

/// <summary>The contract of block initializers; every registered initializer is a row.</summary>
public sealed class BlockInitializerTests
{
    public static TheoryData<string> Names => [.. BlockInitializer.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Only_the_new_block_changes_and_the_same_stream_gives_the_same_bytes(string name)
    {
        BlockInitializer initializer = BlockInitializer.ByName(name);
        (GrowableNetwork grown, GrowthBlock block, InitializerSetting setting) = Grown(initializer);
        Network first = initializer.Initialize(grown.Network, block, setting);
        HashSet<string> own = [.. block.NodesIn(first).SelectMany(node => node.Parameters.Concat(node.Buffers))];
        Assert.All(grown.Network.Parameters.Where(parameter => !own.Contains(parameter.Name)), parameter => Assert.Same(parameter.Value, first.Parameters[parameter.Name].Value));
        Assert.All(grown.Network.Parameters, parameter => Assert.True(first.Parameters[parameter.Name].IsTrainable));
        Assert.All(grown.Network.Buffers.Where(buffer => !own.Contains(buffer.Key)), buffer => Assert.Same(buffer.Value, first.Buffers[buffer.Key]));
        Assert.Equal(SmallGrowth.BytesOf(first), SmallGrowth.BytesOf(initializer.Initialize(grown.Network, block, setting)));
        Assert.Equal(name, BlockInitializer.ByName(name).Name);
    }

    [Theory]
    [InlineData("zero")]
    [InlineData("copy")]
    [InlineData("gradmax")]
    public void Function_preserving_initializers_keep_every_bit_of_the_outputs_in_evaluation(string name)
    {
        BlockInitializer initializer = BlockInitializer.ByName(name);
        foreach (string family in (string[])["basic3", "bottleneck4"])
        {
            (GrowableNetwork grown, GrowthBlock block, InitializerSetting setting) = Grown(initializer, family);
            Assert.Equal(SmallGrowth.Outputs(SmallGrowth.Seed(family).Network), SmallGrowth.Outputs(initializer.Initialize(grown.Network, block, setting)));
        }
    }

    [Theory]
    [InlineData("plain3", 1e-3)]
    [InlineData("plain3-nobn", 1e-6)]
    [InlineData("mlp", 1e-6)]
    public void Identity_keeps_the_outputs_of_plain_networks(string family, double tolerance)
    {
        (GrowableNetwork grown, GrowthBlock block, InitializerSetting setting) = Grown(new IdentityInit(), family);
        float[] before = SmallGrowth.Seed(family).Network.Forward(SmallGrowth.Inputs).ToArray<float>();
        float[] after = new IdentityInit().Initialize(grown.Network, block, setting).Forward(SmallGrowth.Inputs).ToArray<float>();
        Assert.All(before.Zip(after), pair => Assert.True(Math.Abs(pair.First - pair.Second) <= tolerance, $"{pair}"));
    }

    [Theory]
    [InlineData("gaussian", 0, 1)]
    [InlineData("uniform", 0.5, 0.2887)]          // standard deviation of U[0, 1]: 1 / sqrt(12)
    public void Drawn_scales_and_shifts_have_mean_and_deviation_of_their_distribution(string name, double mean, double deviation)
    {
        BlockInitializer initializer = BlockInitializer.ByName(name);
        StagedFamily wide = StagedFamily.ByName("basic3") with { Widths = [2048, 2, 2] };
        Network network = GrowableNetwork.Of(wide, [1, 1, 1], SmallGrowth.Zoo).Network;
        var block = new GrowthBlock("layer1.0", [.. network.Nodes.Where(node => node.Name.StartsWith("layer1.0.", StringComparison.Ordinal)).Select(node => node.Name)]);
        Network started = initializer.Initialize(network, block, Setting(block));
        foreach (string parameter in (string[])["layer1.0.bn2.weight", "layer1.0.bn2.bias"])
        {
            float[] values = started.Parameters[parameter].Value.ToArray<float>();
            double found = values.Average(value => (double)value);
            Assert.Equal(mean, found, 0.1);
            Assert.Equal(deviation, Math.Sqrt(values.Average(value => (value - found) * (value - found))), 0.05);
        }
    }

    [Fact]
    public void Adam_trains_nothing_but_the_last_normalization_and_brings_the_accuracy_nearer()
    {
        (GrowableNetwork grown, GrowthBlock block, InitializerSetting setting) = Grown(new AdamInit());
        Network tuned = new AdamInit().Initialize(grown.Network, block, setting with { TrainAccuracy = 2 });        // never reached: all epochs
        string[] changed = [.. grown.Network.Parameters.Where(parameter => !parameter.Value.AsSpan<float>().SequenceEqual(tuned.Parameters[parameter.Name].Value.AsSpan<float>()))
            .Select(parameter => parameter.Name)];
        Assert.Equal(["layer1.1.bn2.weight", "layer1.1.bn2.bias"], changed);
    }

    [Fact]
    public void Initializers_that_do_not_fit_the_blocks_are_refused_before_anything_trains()
    {
        Refused("plain3", new ZeroInit(), "have no shortcut");
        Refused("basic3", new IdentityInit(), "is for plain blocks");
        Assert.Contains("expected one of zero, adam", Assert.Throws<ArgumentException>(() => BlockInitializer.ByName("he")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("basic3")]
    [InlineData("bottleneck4")]         // the first block of every stage has a shortcut with weights
    public void Residual_families_take_initializers_that_need_a_shortcut(string family)
    {
        GrowthOptions options = SmallGrowth.Options with { Initializer = new ZeroInit(), MaxEpochs = 1, FinishEpochs = 1 };
        GrowthResult result = AutoGrow.Run(SmallGrowth.Seed(family), options, SmallGrowth.Training, new MethodRun(SmallGrowth.Data));
        Assert.Contains(result.Record.Path, step => step.Event is GrowthEvents.Grow);
    }

    private static void Refused(string family, BlockInitializer initializer, string reason)
    {
        GrowthOptions options = SmallGrowth.Options with { Initializer = initializer };
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => AutoGrow.Run(SmallGrowth.Seed(family), options, SmallGrowth.Training, new MethodRun(SmallGrowth.Data)));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    private static (GrowableNetwork Grown, GrowthBlock Block, InitializerSetting Setting) Grown(BlockInitializer initializer, string? family = null)
    {
        GrowableNetwork seed = SmallGrowth.Seed(family ?? (initializer.RefusesShortcut ? "plain3" : "basic3"));
        GrowableNetwork grown = seed.Append(0, RandomStream.FromSeed(4));
        return (grown, grown.Stages[0].Blocks[^1], Setting(seed.Stages[0].Blocks[^1]));
    }

    private static InitializerSetting Setting(GrowthBlock before) => new()
    {
        Before = before, Train = SmallGrowth.Data.Train, Validation = SmallGrowth.Data.Validation, Training = SmallGrowth.Training, TrainAccuracy = 0.5,
        Stream = RandomStream.FromSeed(9),
    };

    [Theory]
    [InlineData("zero")]
    [InlineData("copy")]
    [InlineData("gradmax")]
    public void Outputs_stay_where_normalizations_come_before_the_layers(string name)
    {
        Network network = Network.Build(InputSpec.Image(1, 8, 8), x =>
        {
            x = x.Conv2d(4, kernel: 3, padding: 1, name: "stem");
            for (int i = 1; i <= 2; i++)
            {
                x = x.Scope($"b{i}", x => x + x.BatchNorm("bn1").Relu().Conv2d(4, kernel: 3, padding: 1, name: "conv1")
                    .BatchNorm("bn2").Relu().Conv2d(4, kernel: 3, padding: 1, name: "conv2"));
            }

            return x.Flatten().Linear(3);
        }).Initialize(RandomStream.FromSeed(1));
        GrowableNetwork seed = GrowableNetwork.Find(network), grown = seed.Append(0, RandomStream.FromSeed(4));
        GrowthBlock block = grown.Stages[0].Blocks[^1];
        Network started = BlockInitializer.ByName(name).Initialize(grown.Network, block, Setting(seed.Stages[0].Blocks[^1]));
        Assert.Equal(SmallGrowth.Outputs(network), SmallGrowth.Outputs(started));
        Tensor weight = started.Parameters[block.LastLayer(started).Parameters[0]].Value;
        using var tape = new GradientTape();
        tape.Watch(weight);
        Tensor loss = started.Forward(SmallGrowth.Inputs, Pass.Training(RandomStream.FromSeed(0))).Pow(2).Mean();
        Assert.True(tape.Gradient(loss, weight).Detach().AsSpan<float>().ContainsAnyExcept(0f));
    }

    [Fact]
    public void Residual_blocks_without_normalization_start_silent_by_default()
    {
        Network network = Network.Build(InputSpec.Image(1, 8, 8), x =>
        {
            x = x.Conv2d(4, kernel: 3, padding: 1);
            x = (x + x.Conv2d(4, kernel: 3, padding: 1).Relu().Conv2d(4, kernel: 3, padding: 1)).Relu();
            x = (x + x.Conv2d(4, kernel: 3, padding: 1).Relu().Conv2d(4, kernel: 3, padding: 1)).Relu();
            return x.Flatten().Linear(3);
        }).Initialize(RandomStream.FromSeed(1));
        GrowableNetwork grown = GrowableNetwork.Find(network).Append(0, RandomStream.FromSeed(2));
        Assert.IsType<ZeroInit>(GrowthEdit.InitializerFor(new GrowthOptions(), grown, 0));
        Assert.IsType<GauInit>(GrowthEdit.InitializerFor(new GrowthOptions(), SmallGrowth.Seed().Append(0, RandomStream.FromSeed(2)), 0));
    }
}
