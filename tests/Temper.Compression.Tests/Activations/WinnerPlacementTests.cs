using Temper.Compression.Activations;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Compression.Tests.Activations;

public sealed class WinnerPlacementTests
{
    [Fact]
    public void Plain_networks_have_a_place_behind_each_hidden_activation()
    {
        Network network = Network.Build(InputSpec.Image(3, 16, 16), x => x
            .Conv2d(8, kernel: 3, padding: 1, name: "conv1").BatchNorm("bn1").Relu("relu1").MaxPool2d(2)
            .Conv2d(8, kernel: 3, name: "conv2").Tanh("tanh2").Flatten().Linear(12, name: "fc1").LeakyRelu(name: "leaky3").Dropout().Linear(4, name: "fc2").Relu("last"));
        IReadOnlyList<WinnerPlace> places = WinnerPlacement.Of(network, channels: true);
        Assert.Equal([("relu1", WinnerUnit.Channels, 8, "conv2"), ("tanh2", WinnerUnit.Channels, 8, "fc1"), ("leaky3", WinnerUnit.Elements, 12, "fc2")],
            places.Select(place => (place.After, place.Unit, place.Competitors, Assert.Single(place.Readers))));
        Assert.All(WinnerPlacement.Of(network, channels: false), place => Assert.Equal(WinnerUnit.Elements, place.Unit));
        Assert.Equal(["tanh2"], WinnerPlacement.Of(network, channels: true, name => name is "conv1" or "leaky3").Select(place => place.After));
    }

    [Fact]
    public void The_trunk_of_a_residual_network_keeps_all_channels()
    {
        Network network = NetworkZoo.Create("resnet-20", new ZooOptions { Input = InputSpec.Image(3, 32, 32), Classes = 10 });
        IReadOnlyList<WinnerPlace> places = WinnerPlacement.Of(network, channels: true);
        Assert.Equal(9, places.Count);
        Assert.All(places, place => Assert.EndsWith("conv2", Assert.Single(place.Readers), StringComparison.Ordinal));
    }

    [Fact]
    public void Behind_a_depthwise_convolution_there_is_no_place()
    {
        Network network = Network.Build(InputSpec.Image(3, 8, 8), x => x
            .Conv2d(8, kernel: 1, name: "point1").Relu("r1").Conv2d(8, kernel: 3, padding: 1, groups: 8, name: "depth").Relu("r2").Conv2d(8, kernel: 1, name: "point2").Relu("r3")
            .GlobalAvgPool2d().Flatten().Linear(4));
        Assert.Equal(["r1", "r3"], WinnerPlacement.Of(network, channels: true).Select(place => place.After));
    }

    [Fact]
    public void What_is_not_read_by_layers_of_weights_alone_has_no_place()
    {
        Network network = Network.Build(InputSpec.Image(3, 8, 8), x =>
        {
            Value a = x.Conv2d(4, kernel: 3, name: "conv").Relu("a");
            return (a + a.Conv2d(4, kernel: 1, name: "side").Relu("b")).GlobalAvgPool2d().Flatten().Linear(4, name: "fc").Relu("output");
        });
        Assert.Empty(WinnerPlacement.Of(network, channels: true));
    }

    [Fact]
    public void Levels_go_where_most_is_saved_for_least()
    {
        LayerActivations[] layers = [new("a", true, 1, 100, 100, 100), new("b", false, 1, 1000, 1000, 1000), new("c", false, 1, 10, 10, 10)];
        PrunableActivations Part(string reader) => new(new WinnerPlace($"before {reader}", WinnerUnit.Channels, 10, [reader]), ChannelScore.Mean);
        Sensitivity b = new(Part("b"), [0, 0.01, 0.02, 0.03, 0.2, 0.3, 0.4]), c = new(Part("c"), [0, 0.01, 0.02, 0.03, 0.2, 0.3, 0.4]);
        Assert.Equal([0, 0], RateChoice.Levels([b, c], layers, 0.005));
        Assert.Equal([1, 0], RateChoice.Levels([b, c], layers, 0.015));
        Assert.Equal([3, 0], RateChoice.Levels([b, c], layers, 0.035));
        Assert.Equal([6, 6], RateChoice.Levels([b, c], layers, 1));
        Assert.Equal(100 + 400 + 10, RateChoice.Macs([b, c], layers, [3, 0]), 1e-9);
    }
}
