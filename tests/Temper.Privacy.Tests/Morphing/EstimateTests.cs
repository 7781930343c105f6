using Temper.Privacy.Morphing;

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
}
