using Temper.Data.Readers;
using Temper.Formats.Models;
using Temper.Formats.Npz;
using Temper.Networks;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Data.Tests.Published;

/// <summary>Published trained networks, with the logits that PyTorch computes for a whole test set.</summary>
internal static class PublishedNetworks
{
    internal const string Cifar = "cifar10-resnet-checkpoints";
    internal const string Mnist = "mnist-models";
    internal const string CifarTest = "cifar10/test_batch.bin.gz";
    internal const string MnistTest = "mnist";

    private static readonly float[] CifarMean = [0.485f, 0.456f, 0.406f];
    private static readonly float[] CifarDeviation = [0.229f, 0.224f, 0.225f];

    internal static Published Load(string name) => name switch
    {
        "resnet20" => Cifar10(20, $"{Cifar}/resnet20-12fca82f"),
        "resnet56" => Cifar10(56, $"{Cifar}/resnet56-4bfd9763"),
        "convex_mnist" => Digits(ConvexMnist(), $"{Mnist}/convex_mnist"),
        _ => Digits(FmnMnist(), $"{Mnist}/fmn_mnist"),
    };

    /// <summary>Names as in PyTorch's <c>Sequential</c>: positions, counting layers without parameters.</summary>
    private static Network ConvexMnist() => Network.Build(InputSpec.Image(1, 28, 28), x => x
        .Conv2d(16, kernel: 4, stride: 2, padding: 1, name: "0").Relu("1")
        .Conv2d(32, kernel: 4, stride: 2, padding: 1, name: "2").Relu("3")
        .Flatten("4").Linear(100, name: "5").Relu("6").Linear(10, name: "7"));

    private static Network FmnMnist() => Network.Build(InputSpec.Image(1, 28, 28), x => x
        .Conv2d(32, kernel: 3).Relu().Conv2d(32, kernel: 3).Relu().MaxPool2d(2)
        .Conv2d(64, kernel: 3).Relu().Conv2d(64, kernel: 3).Relu().MaxPool2d(2)
        .Flatten().Linear(200).Relu().Linear(200).Relu().Linear(10));

    private static Published Cifar10(int depth, string file)
    {
        var options = new ZooOptions { Preprocessing = new Normalize { Mean = CifarMean, Deviation = CifarDeviation } };
        return new Published(
            ModelFile.LoadWeights(NetworkZoo.ResNetCifar(depth, options), OutsideData.PathOf($"{file}.safetensors")),
            CifarReader.Read([OutsideData.PathOf(CifarTest)], "cifar10", CifarReader.Cifar10Classes),
            NpyFile.Load(OutsideData.PathOf($"{file}.test_logits.npy")));
    }

    private static Published Digits(Network network, string file) => new(
        ModelFile.LoadWeights(network, OutsideData.PathOf($"{file}.safetensors")),
        IdxReader.ReadFolder(OutsideData.PathOf(MnistTest), "mnist").Test,
        NpyFile.Load(OutsideData.PathOf($"{file}.test_logits.npy")));
}

/// <summary>A network, the test set, and the recorded logits <c>[10000, 10]</c>.</summary>
internal sealed record Published(Network Network, Dataset Test, Tensor Logits)
{
    /// <summary>Runs the first samples of the test set.</summary>
    /// <returns>Accuracy, and the largest absolute difference from the recorded logits.</returns>
    internal (double Accuracy, float Worst) Measure(int count)
    {
        const int Batch = 100, Classes = 10;
        ReadOnlySpan<float> expected = Logits.AsSpan<float>();
        int right = 0;
        float worst = 0;
        for (int start = 0; start < count; start += Batch)
        {
            (Tensor inputs, Tensor labels) = Test.Read(start, Math.Min(Batch, count - start));
            Tensor y = Network.Forward(inputs);
            ReadOnlySpan<float> found = y.AsSpan<float>();
            for (int i = 0; i < found.Length; i++)
            {
                worst = MathF.Max(worst, MathF.Abs(found[i] - expected[(start * Classes) + i]));
            }

            ReadOnlySpan<long> answers = y.ArgMax().AsSpan<long>(), truth = labels.AsSpan<long>();
            for (int i = 0; i < answers.Length; i++)
            {
                right += answers[i] == truth[i] ? 1 : 0;
            }
        }

        return ((double)right / count, worst);
    }
}
