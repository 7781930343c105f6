using Temper.Growth.Limits;
using Temper.Growth.Policies;
using Temper.Growth.Tests.Support;
using Temper.Networks;
using Temper.Reporting.Documents;
using Temper.Testing;

namespace Temper.Growth.Tests;

/// <summary>Numbers in reasons, reports and errors are the same under every culture.</summary>
public sealed class CultureTests
{
    [Fact]
    public void The_reason_of_a_limit_is_written_without_the_culture()
    {
        Network network = SmallGrowth.Seed().Network;
        using var commas = new CommaCulture();
        Assert.EndsWith(" MACs, at most 1,000 are allowed", new GrowthLimits { Macs = 1000 }.Exceeded(network, batch: 32), StringComparison.Ordinal);
    }

    [Fact]
    public void The_report_is_written_without_the_culture()
    {
        var record = new GrowthRecord
        {
            Stages = ["layer1"],
            Path = [new GrowthStep(GrowthEvents.Seed, -1, [1], 0, null, 1000, 5000, 0), new GrowthStep(GrowthEvents.Grow, 0, [2], 3, 0.5, 1_234_567, 7_654_321, 1.5)],
            Points = [new GrowthPoint([1], 3, 0.25, 2_345_678, 6_543_210, 1), new GrowthPoint([2], 6, 0.5, 3_456_789, 9_876_543, 2)],
            Seconds = 2,
        };
        Section section;
        using (new CommaCulture())
        {
            section = GrowthSection.Of(record);
        }

        string html = new Report { Title = "growth", Subtitle = "", Sections = [section] }.ToHtml();
        Assert.All((string[])["7,654,321", "1,234,567", "6,543,210", "2,345,678"], number => Assert.Contains(number, html, StringComparison.Ordinal));
    }

    [Fact]
    public void Errors_are_written_without_the_culture()
    {
        using var commas = new CommaCulture();
        Assert.Contains("got 1.5,", Message(new GrowthOptions { Tolerance = 1.5 }), StringComparison.Ordinal);
        Assert.Contains("got -0.5,", Message(new GrowthOptions { Limits = new GrowthLimits { Milliseconds = -0.5 } }), StringComparison.Ordinal);
        Assert.Contains("got 1.5,", Message(new GrowthOptions { Stopping = new AccuracyGain { MinimumGain = 1.5 } }), StringComparison.Ordinal);
        Assert.Contains("got 1.5,", Message(new GrowthOptions { Stopping = new PairedGain { Significance = 1.5 } }), StringComparison.Ordinal);
    }

    private static string Message(GrowthOptions options) => Assert.Throws<ArgumentOutOfRangeException>(() => options.Validate()).Message;
}
