using Temper.Data.Readers;
using Temper.Formats.Npz;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Data.Tests.Published;

/// <summary>
/// Tests published ONNX classifiers against the outputs of ONNX Runtime on the first 1,000 test images.
/// </summary>
public sealed class OnnxClassifiersTests
{
    private const string Folder = "onnx-models";
    private const int Pictures = 1000;
    private const int Batch = 100;

    /// <summary>Name, accuracy measured with ONNX Runtime, and preprocessing of pixels between 0 and 1.</summary>
    private static readonly Dictionary<string, Row> Rows = new(StringComparer.Ordinal)
    {
        ["mnist_cntk_opset8"] = new(0.987, IsCifar: false, x => x * 255f),
        ["mnist-net_256x2"] = new(0.978, IsCifar: false, x => x.Reshape([x.Shape[0], 784, 1])),
        ["mnist-net_256x4"] = new(0.974, IsCifar: false, x => x.Reshape([x.Shape[0], 784, 1])),
        ["Convnet_maxpool"] = new(0.976, IsCifar: false, x => x),
        ["resnet_2b"] = new(0.682, IsCifar: true, x => Normalized(x, [0.4914f, 0.4822f, 0.4465f], [0.2471f, 0.2435f, 0.2616f])),
        ["cifar_base_kw"] = new(0.574, IsCifar: true, x => Normalized(x, [0.485f, 0.456f, 0.406f], [0.225f, 0.225f, 0.225f])),
    };

    public static TheoryData<string> Names => [.. Rows.Keys];

    [OutsideDataTheory(Folder, PublishedNetworks.CifarTest, PublishedNetworks.MnistTest)]
    [MemberData(nameof(Names))]
    public void Imported_network_gives_the_recorded_outputs_for_a_batch_of_any_size(string name)
    {
        Row row = Rows[name];
        Network network = OnnxFile.Load(OutsideData.PathOf($"{Folder}/{name}.onnx")).Network;
        Assert.True(network.Inputs[0].IsBatched, "the batch is not free");
        Dataset test = row.IsCifar
            ? CifarReader.Read([OutsideData.PathOf(PublishedNetworks.CifarTest)], "cifar10", CifarReader.Cifar10Classes)
            : IdxReader.ReadFolder(OutsideData.PathOf(PublishedNetworks.MnistTest), "mnist").Test;
        float[] expected = NpyFile.Load(OutsideData.PathOf($"{Folder}/{name}.outputs.npy")).ToArray<float>();
        float largest = expected.Max(MathF.Abs);
        int right = 0;
        for (int start = 0; start < Pictures; start += Batch)
        {
            (Tensor pictures, Tensor labels) = test.Read(start, Batch);
            Tensor logits = network.Forward(row.Prepare(pictures)).Reshape([Batch, 10]);
            float[] got = logits.ToArray<float>();
            for (int i = 0; i < got.Length; i++)
            {
                Assert.InRange(Math.Abs(got[i] - expected[(start * 10) + i]), 0, 1e-4f * largest);
            }

            right += logits.ArgMax().ToArray<long>().Zip(labels.ToArray<long>(), (answer, label) => answer == label ? 1 : 0).Sum();
        }

        Assert.Equal(row.Accuracy, right / (double)Pictures, 1e-3);
    }

    private static Tensor Normalized(Tensor x, float[] mean, float[] deviation) =>
        (x - Tensor.From(mean, [1, 3, 1, 1])) / Tensor.From(deviation, [1, 3, 1, 1]);

    private sealed record Row(double Accuracy, bool IsCifar, Func<Tensor, Tensor> Prepare);
}
