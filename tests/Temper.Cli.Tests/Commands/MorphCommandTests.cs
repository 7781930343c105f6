using Temper.Cli.Commands;
using Temper.Cli.Tests.Support;
using Temper.Data.Images;
using Temper.Formats.Models;
using Temper.Formats.Npz;
using Temper.Networks;
using Temper.Privacy.Audit;
using Temper.Privacy.Morphing;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Cli.Tests.Commands;

/// <summary>Defaults of <c>temper morph</c>, and the pictures that <c>temper audit</c> saves.</summary>
public sealed class MorphCommandTests
{
    [Fact]
    public void An_estimate_has_the_padding_of_the_layer() => Assert.Equal(
        Settings.Resolve(new MorphLayerCommand()).Get(MorphSettings.Padding), Settings.Resolve(new MorphEstimateCommand()).Get(MorphSettings.Padding));

    /// <summary>A layer of another stride or padding than the developer's would have other features.</summary>
    [Fact]
    public void The_convolution_of_a_model_has_its_own_stride_and_padding()
    {
        using var folder = new TemporaryFolder();
        Network network = Network.Build(InputSpec.Image(1, 8, 8), x => x
            .Apply(new Conv2d(4, (3, 3)) { Options = Conv2dOptions.Of(stride: 2, padding: 1) }, "first").Flatten().Linear(3)).Initialize(RandomStream.FromSeed(1));
        ModelFile.Save(network, folder["net.safetensors"]);
        (Tensor weights, int stride, int padding) = Convolution("net.safetensors");
        Assert.Equal((2, 1), (stride, padding));
        Assert.Equal(network.Parameters["first.weight"].Value.ToArray<float>(), weights.ToArray<float>());
        Assert.Equal(
            "morph layer: --stride differs from the network's first convolution (got 1, expected 2); leave it out",
            Settings.Refusal(() => Convolution("net.safetensors", ("stride", "1"))));

        NpyFile.Save(folder["w.npy"], weights);
        (_, stride, padding) = Convolution("w.npy", ("stride", "3"));
        Assert.Equal((3, 0), (stride, padding));
        Assert.Equal(
            "morph layer: --architecture does not apply to weights in an array; leave it out",
            Settings.Refusal(() => Convolution("w.npy", ("architecture", "lenet-5"))));

        (Tensor Weights, int Stride, int Padding) Convolution(string file, params (string Name, string Text)[] given) => MorphLayerCommand.Convolution(
            Settings.Context(
                new MorphLayerCommand(), given.ToDictionary(one => one.Name, one => one.Text, StringComparer.Ordinal), TimeProvider.System),
            folder[file], new MorphMap(1, 8, 8));
    }

    /// <summary>The other key has the same sizes, so nothing but its identifier tells.</summary>
    [Fact]
    public void Eval_refuses_another_key_than_that_of_the_rows()
    {
        using var folder = new TemporaryFolder();
        using var key = MorphKey.Create(new MorphMap(1, 8, 8) { Cores = 4 });
        using var other = MorphKey.Create(key.Map);
        other.Save(folder["other.key"], "secret"u8);
        using var morpher = new Morpher(key);
        Network plain = Network.Build(InputSpec.Image(1, 8, 8), x => x.Conv2d(4, kernel: 3, padding: 1, name: "conv1").Relu().Flatten().Linear(3))
            .Initialize(RandomStream.FromSeed(1));
        ModelFile.Save(plain.WithAugConv(AugConvLayer.Compose(key, morpher, plain.Parameters["conv1.weight"].Value, 1, 1)), folder["model"]);
        var flags = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["model"] = folder["model"], ["data"] = "synth:shapes?count=60&classes=3&size=8&channels=1", ["morph-key"] = folder["other.key"],
            ["password-file"] = folder.Write("password", "secret"),
        };
        string refusal = Settings.Refusal(() => new EvalCommand().Run(Settings.Context(new EvalCommand(), flags, TimeProvider.System)));
        Assert.Contains($"(got key {other.Id}, expected {key.Id})", refusal, StringComparison.Ordinal);
    }

    /// <summary>Two pictures of two pixels in two lines; values that are not finite are black.</summary>
    [Fact]
    public void Recovered_pictures_stand_above_the_originals()
    {
        var finding = new AttackFinding
        {
            Name = "made up", Needs = "", Verdict = AttackFinding.Broken, Detail = "", Size = (1, 2, 2),
            Pictures = [[float.NaN, float.PositiveInfinity, 1, 2], [1, 1, -1, 0]], Truth = [[0, 0, 0.2f, 0], [1, 0.6f, 1, 1]],
        };
        Picture both = AuditCommand.SideBySide(finding);
        Assert.Equal((4, 4, 1), (both.Width, both.Height, both.Channels));
        byte[] expected =
        [
            0, 0, 255, 255,
            255, 255, 0, 0,
            0, 0, 255, 153,
            51, 0, 255, 255,
        ];
        Assert.Equal(expected, both.Pixels);
    }
}
