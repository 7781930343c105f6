using Temper.Networks;
using Temper.Privacy.Morphing;
using Temper.Tensors;

namespace Temper.Privacy.Tests.Morphing;

/// <summary>The figures of the specification, each computed from its formula.</summary>
public sealed class EstimateTests
{
    private static readonly MorphMap Cifar = new(3, 32, 32);

    [Theory]
    [InlineData("7.9e-90", 7.881e-90, 1e-3)]
    [InlineData("5.12 %", 0.0512, 1e-9)]
    [InlineData("computation 9 %", 0.0904, 1e-3)]
    [InlineData("computation 5 %", 0.0537, 1e-3)]
    [InlineData("traffic 10 %", 0.1003, 1e-3)]
    [InlineData("computation of the default", 0.667, 1e-3)]
    [InlineData("traffic of the default", 1.0923, 1e-3)]
    [InlineData("421,000", 421_888, 1e-9)]
    [InlineData("10,000", 9923, 1e-3)]
    [InlineData("2.9e-30", 2.94e-39, 1e-3)]
    public void Figures_of_the_paper_follow_from_sizes(string claim, double value, double tolerance)
    {
        PaperFigure figure = Assert.Single(PaperFigures.All, figure => figure.Claim.Contains(claim, StringComparison.Ordinal));
        Assert.Equal(1, figure.Value / value, tolerance);
    }

    [Fact]
    public void Only_the_misprinted_figure_has_no_calculation_that_matches() =>
        Assert.Equal("GAZELLE's 2.9e-30", Assert.Single(PaperFigures.All, figure => !figure.IsMatched).Claim);

    [Fact]
    public void Estimate_counts_what_a_user_pays()
    {
        MorphEstimate estimate = MorphEstimate.Of(Cifar, 60_000, [64, 3, 3, 3], 1, 1, networkMacs: 313_201_664);
        Assert.Equal(9_437_184, estimate.OwnerMacs);
        Assert.Equal(201_326_592, estimate.LayerNumbers);
        Assert.Equal(1_769_472, estimate.ConvolutionMacs);
        Assert.Equal(0.667, estimate.Overhead!.Value, 1e-3);
        Assert.Equal(1.0923, estimate.Traffic, 1e-3);
        Assert.Equal(8.37, estimate.BytesTimes, 1e-2);
        Assert.Equal(0.0537, MorphEstimate.Of(Cifar with { Cores = 96 }, 60_000, [64, 3, 3, 3], 1, 1, 313_201_664).Overhead!.Value, 1e-3);
    }

    /// <summary>convnet-small on pictures of one channel: each count is the product of sizes below.</summary>
    [Fact]
    public void Estimate_takes_the_first_convolution_and_the_cost_of_a_network()
    {
        Network network = NetworkZoo.ConvNetSmall(new ZooOptions { Input = InputSpec.Image(1, 16, 16), Classes = 4 });
        MorphEstimate estimate = MorphEstimate.Of(new MorphMap(1, 16, 16), 1000, network);
        const long First = 256 * 32 * 9, Convolutions = First + (256 * 32 * 32 * 9) + (64 * 32 * 64 * 9) + (64 * 64 * 64 * 9);
        Assert.Equal(256 * 256, estimate.OwnerMacs);
        Assert.Equal((256 * 256 * 32) - First, estimate.TrainerExtraMacs);
        Assert.Equal(Convolutions + (1024 * 256) + (256 * 4), estimate.NetworkMacs);
        Assert.Equal(0.335, estimate.Overhead!.Value, 1e-3);
    }

    [Fact]
    public void Estimate_refuses_networks_whose_first_layer_cannot_be_replaced()
    {
        InputSpec input = InputSpec.Image(1, 8, 8);
        using var key = MorphKey.Create(new MorphMap(1, 8, 8));
        using var morpher = new Morpher(key);
        Network plain = Network.Build(input, x => x.Conv2d(4, kernel: 3, padding: 1).Relu().Flatten().Linear(3));
        Refused("has an Aug-Conv layer already", plain.WithAugConv(AugConvLayer.Compose(key, morpher, Tensor.Zeros([4, 1, 3, 3]), 1, 1)));
        Refused("must be used by exactly one convolution", Network.Build(input, x => x.Flatten().Linear(3)));
        Refused("(got [1, 9, 9], expected [1, 8, 8])", Network.Build(InputSpec.Image(1, 9, 9), x => x.Conv2d(4, kernel: 3)));
        Refused("differ between directions", Network.Build(input, x => x.Apply(
            new Conv2d(4, (3, 3)) { Options = new Conv2dOptions { Padding = new Padding2d(1, 0, 1, 0) } })));

        static void Refused(string why, Network network) => Assert.Contains(
            why, Assert.Throws<ArgumentException>(() => MorphEstimate.Of(new MorphMap(1, 8, 8), 60, network)).Message, StringComparison.Ordinal);
    }
}
