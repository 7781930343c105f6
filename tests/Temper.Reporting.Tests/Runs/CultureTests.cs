using Temper.Reporting.Documents;
using Temper.Reporting.Runs;
using Temper.Testing;

namespace Temper.Reporting.Tests.Runs;

/// <summary>The figures of a report are the same in every culture.</summary>
public sealed class CultureTests
{
    [Fact]
    public void Result_of_a_comparison_has_decimal_points()
    {
        using var commas = new CommaCulture();
        Assert.Equal(
        [
            new KeyFigure("Test accuracy, before", "98.50 %"),
            new KeyFigure("Test accuracy, lean", "97.25 %", "1.25 points lost"),
            new KeyFigure("Weights left", "123,456", "of 1,234,567"),
            new KeyFigure("Fewer weights", "10.0 ×"),
            new KeyFigure("File, after gzip", "337.6 KiB", "before: 4.29 MiB"),
        ],
        Figures(Measured("before", 0.985, 1_234_567, left: 1_234_567, 4_500_000), Measured("lean", 0.9725, 1_234_567, left: 123_456, 345_678)));
    }

    [Fact]
    public void A_gain_has_a_decimal_point()
    {
        using var commas = new CommaCulture();
        Assert.Equal(
            "1.25 points gained",
            Figures(Measured("before", 0.9725, 1000, left: 1000, 2048), Measured("lean", 0.985, 1000, left: 1000, 2048))[1].Note);
    }

    [Fact]
    public void Result_of_one_network_has_decimal_points()
    {
        using var commas = new CommaCulture();
        Assert.Equal(new KeyFigure("File, after gzip", "2.0 KiB", "4.0 KiB before"), Figures(Measured("dense", 0.5, 1000, left: 1000, 2048))[^1]);
    }

    [Fact]
    public void Accuracy_is_shown_only_if_a_network_has_one()
    {
        Assert.Contains("Test accuracy", Figures(Measured("dense", 0.5, 1000, left: 1000, 2048)).Select(figure => figure.Label));
        Assert.Equal("Weights left", Figures(Measured("agent", 0.5, 1000, left: 1000, 2048) with { TestAccuracy = null })[0].Label);
    }

    private static IReadOnlyList<KeyFigure> Figures(params NetworkRecord[] networks) =>
        ResultSection.Of(networks, isTrained: true).Blocks.OfType<KeyFigures>().Single().Figures;

    /// <summary>A network with one layer, whose file is twice as long without gzip.</summary>
    private static NetworkRecord Measured(string name, double accuracy, long total, long left, long compressed) => new()
    {
        Name = name,
        TestAccuracy = accuracy,
        TestLoss = null,
        Bytes = 2 * compressed,
        CompressedBytes = compressed,
        Layers = [new LayerRecord("fc", total, left)],
    };
}
