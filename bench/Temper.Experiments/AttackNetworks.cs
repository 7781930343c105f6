using Temper.Data;
using Temper.Formats.Models;
using Temper.Networks;

namespace Temper.Experiments;

/// <summary>Trained networks shared by the attack tables, with their test images.</summary>
internal static class AttackNetworks
{
    internal static (Network Network, Dataset Test) Mnist(string data, string name)
    {
        InputSpec input = InputSpec.Image(1, 28, 28);
        Network network = name is "convex_mnist"
            ? Network.Build(input, x => x
                .Conv2d(16, kernel: 4, stride: 2, padding: 1, name: "0").Relu("1")
                .Conv2d(32, kernel: 4, stride: 2, padding: 1, name: "2").Relu("3")
                .Flatten("4").Linear(100, name: "5").Relu("6").Linear(10, name: "7"))
            : Network.Build(input, x => x
                .Conv2d(32, kernel: 3).Relu().Conv2d(32, kernel: 3).Relu().MaxPool2d(2).Conv2d(64, kernel: 3).Relu()
                .Conv2d(64, kernel: 3).Relu().MaxPool2d(2)
                .Flatten().Linear(200).Relu().Linear(200).Relu().Linear(10));
        return (
            ModelFile.LoadWeights(network, Path.Combine(data, "mnist-models", $"{name}.safetensors")),
            DataSource.Open(Path.Combine(data, "mnist")).Test);
    }

    internal static (Network Network, Dataset Test) Cifar(string data)
    {
        var options = new ZooOptions
        {
            Preprocessing = new Normalize { Mean = [0.485f, 0.456f, 0.406f], Deviation = [0.229f, 0.224f, 0.225f] },
        };
        return (
            ModelFile.LoadWeights(
                NetworkZoo.ResNetCifar(20, options),
                Path.Combine(data, "cifar10-resnet-checkpoints", "resnet20-12fca82f.safetensors")),
            DataSource.Open(Path.Combine(data, "cifar10")).Test);
    }
}
