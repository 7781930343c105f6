using Temper.Compression.Shrinking;
using Temper.Formats.Onnx;
using Temper.Inference;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;
using Temper.Testing.Edits;

namespace Temper.Compression.Tests.Shrinking;

/// <summary>
/// Constants that replace removed channels behind a padded layer: results are the same, and they take less room than
/// the weights removed.
/// </summary>
public sealed class BorderConstantTests
{
    private const float Tolerance = 1e-5f;

    /// <summary>
    /// Removed channels have one value for all pixels, so the sum over the kernel positions inside the image takes as
    /// many values along an axis as there are different sets of such positions, plus repetitions at the borders.
    /// </summary>
    [Theory]
    [InlineData(3, 1, 1, new[] { 1, 1, 1, 1 }, 3, 3)]
    [InlineData(3, 2, 1, new[] { 1, 1, 1, 1 }, 3, 3)]
    [InlineData(3, 1, 2, new[] { 2, 2, 2, 2 }, 5, 5)]
    [InlineData(5, 1, 1, new[] { 2, 2, 2, 2 }, 5, 5)]
    [InlineData(3, 1, 1, new[] { 1, 0, 0, 1 }, 2, 2)]
    [InlineData(3, 1, 1, new[] { 1, 0, 1, 0 }, 3, 1)]
    public void Constants_are_stored_once_for_all_pixels_inside(
        int kernel, int stride, int dilation, int[] padding, int rows, int columns)
    {
        Network network = Make(6, new Conv2d(4, (kernel, kernel))
        {
            Options = Conv2dOptions.Of(stride, dilation: dilation) with { Padding = new Padding2d(padding[0], padding[1], padding[2], padding[3]) },
        });
        Network shrunk = network.Shrink().Network;
        Assert.Equal(3, shrunk.Parameters["first.weight"].Value.Shape[0]);
        Assert.Equal([4, rows, columns], shrunk.Parameters["second.border.value"].Value.Shape);
        Assert.True(shrunk.Parameters.ElementCount < network.Parameters.ElementCount);
        AssertSame(network, shrunk);
    }

    /// <summary>
    /// With this many channels the convolution is computed by Winograd's algorithm, which rounds neighboring pixels
    /// differently.
    /// </summary>
    [Fact]
    public void Rounding_of_the_convolution_makes_no_pixel_different()
    {
        Network network = Make(20, new Conv2d(16, (3, 3)) { Options = Conv2dOptions.Of(padding: 1) }), shrunk = network.Shrink().Network;
        Assert.Equal([16, 3, 3], shrunk.Parameters["second.border.value"].Value.Shape);
        AssertSame(network, shrunk);
    }

    [Fact]
    public void A_file_and_a_compiled_network_give_the_same()
    {
        Network network = Make(6, new Conv2d(4, (3, 3)) { Options = Conv2dOptions.Of(padding: 1) }), shrunk = network.Shrink().Network;
        var file = new MemoryStream();
        OnnxFile.Write(shrunk, file);
        file.Position = 0;
        AssertSame(network, OnnxFile.Read(file, "x.onnx").Network);
        using CompiledNetwork compiled = CompiledNetwork.Compile(shrunk, new CompileOptions { TimesKernels = false });
        using InferenceSession session = compiled.CreateSession();
        Tensor x = Batch(network);
        AssertNear(network.Forward(x).ToArray<float>(), session.Run([x])[0].ToArray<float>());
    }

    /// <summary>
    /// A layer can lose channels together with the channels that it reads, and again when it has constants already.
    /// </summary>
    [Fact]
    public void Constants_lose_the_channels_that_their_layer_loses()
    {
        Network network = Make(6, new Conv2d(4, (3, 3)) { Options = Conv2dOptions.Of(padding: 1), HasBias = false });
        network = WithoutRows(network, "second.weight", [1]);
        Network once = network.Shrink().Network;
        Assert.Equal([3, 3, 3], once.Parameters["second.border.value"].Value.Shape);
        AssertSame(network, once);

        network = WithoutRows(once, "second.weight", [2]);
        Network twice = network.Shrink().Network;
        Assert.Equal([2, 3, 3], twice.Parameters["second.border.value"].Value.Shape);
        AssertSame(network, twice);
    }

    /// <summary>The layer gets a bias or constants; its weights are kept whatever the file called them.</summary>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(3, 1)]
    public void Weights_with_names_from_elsewhere_are_kept(int kernel, int padding)
    {
        Network network = OutsideNames.Of(Make(6, new Conv2d(4, (kernel, kernel)) { Options = Conv2dOptions.Of(padding: padding), HasBias = false }));
        Network shrunk = network.Shrink().Network;
        Assert.True(shrunk.Parameters.ElementCount < network.Parameters.ElementCount);
        AssertSame(network, shrunk);
    }

    /// <summary>
    /// The output of a transposed convolution with a stride alternates between pixels, so its constants would take
    /// 4 x 33 x 33 numbers in place of 3 x 38 weights.
    /// </summary>
    [Fact]
    public void Channels_stay_whose_constants_would_take_more_room()
    {
        Network network = Make(6, new ConvTranspose2d(4, (3, 3)) { Options = Conv2dOptions.Of(stride: 2, padding: 1) });
        Assert.Same(network, network.Shrink().Network);
    }

    /// <summary>
    /// A network in which filters 0, 2 and 5 of the layer <c>first</c> are zero, so that their channels are constants:
    /// 0.5, 0.25 and 2.
    /// </summary>
    private static Network Make(int channels, Operator second)
    {
        Network network = Network.Build(InputSpec.Image(2, 17, 17), x => x
            .Conv2d(channels, kernel: 3, padding: 1, bias: false, name: "first").BatchNorm("norm").Relu()
            .Apply(second, "second").Relu().Flatten().Linear(3, name: "head"))
            .Initialize(RandomStream.FromSeed(1));
        float[] shifts = [0.5f, 1, 0.25f, 1, 1, 2, .. Enumerable.Repeat(1f, channels - 6)];
        network = network.WithParameters([network.Parameters["norm.bias"] with { Value = Tensor.From(shifts, [channels]) }]);
        return WithoutRows(network, "first.weight", [0, 2, 5]);
    }

    private static Network WithoutRows(Network network, string name, int[] rows)
    {
        Shape shape = network.Parameters[name].Value.Shape;
        Tensor stays = Tensor.From([.. Enumerable.Range(0, shape[0]).Select(row => rows.Contains(row) ? 0f : 1f)], [shape[0], 1, 1, 1]);
        return network.WithMask(name, Tensor.Full(shape, 1f) * stays);
    }

    private static Tensor Batch(Network network) => Samples.GaussianTensor(network.Inputs[0].BatchShape(3), 5);

    private static void AssertSame(Network expected, Network got)
    {
        Tensor x = Batch(expected);
        AssertNear(expected.Forward(x).ToArray<float>(), got.Forward(x).ToArray<float>());
    }

    private static void AssertNear(float[] expected, float[] got)
    {
        float scale = expected.Max(Math.Abs);
        Assert.All(expected.Zip(got), pair => Assert.Equal(pair.First, pair.Second, Tolerance * scale));
    }
}
