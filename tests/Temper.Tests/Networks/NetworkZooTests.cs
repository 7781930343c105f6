using Temper.Networks;

namespace Temper.Tests.Networks;

public sealed class NetworkZooTests
{
    /// <summary>
    /// Parameter counts from the papers or from PyTorch's models; multiply-accumulates computed by hand.
    /// </summary>
    [Theory]
    [InlineData("lenet-300-100", 266_610, 266_200)]
    [InlineData("mlp-300-100", 266_610, 266_200)]
    [InlineData("lenet-5", 61_706, 416_520)]
    [InlineData("lenet-5-caffe", 431_080, 2_293_000)]
    [InlineData("convnet-small", 1_116_970, 25_528_832)]
    [InlineData("vgg-16-bn", 14_728_266, 313_201_664)]
    [InlineData("resnet-20", 269_722, 40_551_040)]
    [InlineData("resnet-56", 853_018, 125_485_696)]
    public void Create_has_the_known_counts(string name, long parameters, long macs)
    {
        NetworkCost cost = NetworkZoo.Create(name).Cost();
        Assert.Equal(parameters, cost.Parameters);
        Assert.Equal(macs, cost.Macs);
    }

    [Fact]
    public void Create_makes_every_network_of_the_list()
    {
        foreach (string name in NetworkZoo.Names.Concat(["basic-1-2-1", "plain-2-1-1", "basic-1-1-1-1", "mlp-3"]))
        {
            Network network = NetworkZoo.Create(name, new ZooOptions { Classes = 7 });
            Assert.Equal([1, 7], network.Graph.ShapeOf(network.Outputs[0].Value));
        }
    }

    [Theory]
    [InlineData("resnet-19")]
    [InlineData("basic-1-1")]
    [InlineData("basic-1-0-1")]
    [InlineData("plain-1-1-9999999999")]
    [InlineData("mlp")]
    [InlineData("mlp-0")]
    [InlineData("mlp-8-1000000")]
    public void Create_of_an_unknown_name_is_refused(string name) =>
        Assert.Contains(name, Assert.Throws<ArgumentException>(() => NetworkZoo.Create(name)).Message);

    [Fact]
    public void ResNetCifar_has_the_names_of_the_published_checkpoints()
    {
        string[] names = [.. NetworkZoo.ResNetCifar(20).Parameters.Select(parameter => parameter.Name)];
        Assert.Equal(["conv1.weight", "bn1.weight", "bn1.bias", "layer1.0.conv1.weight"], names[..4]);
        Assert.Equal(["linear.weight", "linear.bias"], names[^2..]);
        Assert.Contains("layer3.2.bn2.running_var", NetworkZoo.ResNetCifar(20).Buffers.Keys);
    }
}
