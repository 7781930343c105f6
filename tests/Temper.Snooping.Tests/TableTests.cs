using Temper.Randomness;
using Temper.Snooping.Evaluation;

namespace Temper.Snooping.Tests;

public sealed class TableTests
{
    private static SnoopingRow Row(string attack, double epsilon, double mean, Baseline? baseline = null) =>
        new() { Attack = attack, Epsilon = epsilon, MeanReturn = mean, Interval = (mean - 1, mean + 1), Episodes = 10, Baseline = baseline };

    [Fact]
    public void A_table_without_a_baseline_says_so()
    {
        var table = new SnoopingTable([Row("none", 0, 10, Baseline.Clean), Row("imitator", 0.1, 4)], 0, []);
        Assert.Equal(7, table.Missing.Count);
        Assert.Contains("Incomplete", new Reporting.Documents.Report { Title = "t", Sections = [table.ToSection()] }.ToHtml(), StringComparison.Ordinal);
        SnoopingRow[] all = [.. Enum.GetValues<Baseline>().Select(baseline => Row("x", 0.1, 5, baseline))];
        Assert.Empty(new SnoopingTable(all, 0, []).Missing);
    }

    [Fact]
    public void Half_of_the_way_to_random_play_is_found_between_two_sizes()
    {
        var table = new SnoopingTable([Row("none", 0, 10, Baseline.Clean), Row("a", 0.1, 8), Row("a", 0.2, 2), Row("b", 0.2, 9)], 0, []);
        Assert.Equal(0.15, table.HalfEpsilon("a")!.Value, 1e-9);
        Assert.Null(table.HalfEpsilon("b"));
        Assert.Equal(0.8, table.Drop(table.Rows[2]), 1e-9);
    }

    [Fact]
    public void An_interval_holds_the_mean_and_is_that_of_the_standard_error()
    {
        double[] returns = [.. Enumerable.Range(0, 200).Select(i => (double)(i % 10))];
        (double low, double high) = BootstrapInterval.Of([returns], RandomStream.FromSeed(1));
        Assert.InRange(low, 4.5 - 0.45, 4.5 - 0.35);
        Assert.InRange(high, 4.5 + 0.35, 4.5 + 0.45);
        Assert.Equal((3, 3), BootstrapInterval.Of([[3.0, 3.0], [3.0]], RandomStream.FromSeed(1)));
    }
}
