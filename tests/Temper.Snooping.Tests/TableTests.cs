using Temper.Randomness;
using Temper.Reporting.Documents;
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
        Assert.Equal(8, table.Missing.Count);
        Assert.Contains("Incomplete", new Report { Title = "t", Sections = [table.ToSection()] }.ToHtml(), StringComparison.Ordinal);
        SnoopingRow[] all = [.. Enum.GetValues<Baseline>().Select(baseline => Row("x", 0.1, 5, baseline))];
        Assert.Empty(new SnoopingTable(all, 0, []).Missing);
    }

    [Fact]
    public void A_table_without_clean_play_is_shown_as_incomplete()
    {
        var table = new SnoopingTable([Row("imitator", 0.1, 4)], 0, []);
        Assert.Contains(Baseline.Clean, table.Missing);
        Assert.Equal(double.NaN, table.CleanReturn);
        Assert.Equal(double.NaN, table.Drop(table.Rows[0]));
        Assert.Null(table.HalfEpsilon("imitator"));
        Section section = table.ToSection();
        Assert.Contains("clean play", section.Blocks.OfType<Warning>().Single().Text, StringComparison.Ordinal);
        DataTable rows = section.Blocks.OfType<DataTable>().Single();
        Assert.Equal("-", rows.Rows[0][rows.Head.ToList().IndexOf("#drop")]);
        Assert.Contains("Incomplete", new Report { Title = "t", Sections = [section] }.ToHtml(), StringComparison.Ordinal);
    }

    [Fact]
    public void Half_of_the_way_to_random_play_is_found_between_two_sizes()
    {
        var table = new SnoopingTable([Row("none", 0, 10, Baseline.Clean), Row("a", 0.1, 8), Row("a", 0.2, 2), Row("b", 0.2, 9)], 0, []);
        Assert.Equal(0.15, table.HalfEpsilon("a")!.Value, 1e-9);
        Assert.Null(table.HalfEpsilon("b"));
        Assert.Equal(0.8, table.Drop(table.Rows[2]), 1e-9);
    }

    /// <summary>
    /// The undefended attack is halfway from 10 to 0 between 8 and 2. The defended one is at 9 and 1, so it is halfway
    /// in the middle between its two sizes.
    /// </summary>
    [Fact]
    public void A_defense_moves_the_size_at_half_of_the_way()
    {
        const string Rounding = "rounding to 1 bit";
        SnoopingRow[] defended = [Row("a", 0.2, 9) with { Defense = Rounding }, Row("a", 0.4, 1) with { Defense = Rounding }];
        var table = new SnoopingTable([Row("none", 0, 10, Baseline.Clean), Row("a", 0.1, 8), Row("a", 0.2, 2), .. defended], 0, []);
        Assert.Equal(0.15, table.HalfEpsilon("a")!.Value, 1e-9);
        Assert.Equal(0.3, table.HalfEpsilon("a", Rounding)!.Value, 1e-9);
        Assert.Null(table.HalfEpsilon("a", "rounding to 2 bits"));
    }

    [Fact]
    public void A_table_of_baselines_alone_lacks_an_attack_through_a_proxy()
    {
        SnoopingRow[] baselines = [.. Enum.GetValues<Baseline>().Select(baseline => Row("x", 0.1, 5, baseline))];
        var table = new SnoopingTable(baselines, 0, []);
        Assert.Equal(["an attack through a proxy"], table.MissingRows);
        Assert.Equal("Incomplete: this table lacks an attack through a proxy.", table.ToSection().Blocks.OfType<Warning>().Single().Text);
        var complete = new SnoopingTable([.. baselines, Row("imitator", 0.1, 4)], 0, []);
        Assert.Empty(complete.MissingRows);
        Assert.Empty(complete.ToSection().Blocks.OfType<Warning>());
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

    [Fact]
    public void One_episode_has_no_interval()
    {
        (double low, double high) = BootstrapInterval.Of([[3.0]], RandomStream.FromSeed(1));
        Assert.Equal((double.NaN, double.NaN), (low, high));
        DataTable rows = new SnoopingTable([Row("none", 0, 3, Baseline.Clean) with { Interval = (low, high) }, Row("a", 0.0001, 2)], 0, [])
            .ToSection().Blocks.OfType<DataTable>().Single();
        Assert.Equal("-", rows.Rows[0][rows.Head.ToList().IndexOf("#95 % interval")]);
        Assert.Equal("0.0001", rows.Rows[1][rows.Head.ToList().IndexOf("#epsilon")]);
    }

    /// <summary>
    /// Two victims far apart: a quarter of the resamples draws the lower one twice, a quarter the higher one. So the
    /// 2.5 % quantile of all means is the 10 % quantile of means over twice the lower victim's episodes, which are
    /// normal with variance s^2 / (2 n); the upper end likewise.
    /// </summary>
    [Fact]
    public void A_victim_that_is_drawn_twice_is_resampled_independently()
    {
        const double TenPercent = 1.2816;
        double[] lower = [.. Enumerable.Range(0, 20).Select(i => (double)(i % 5))];
        double[] higher = [.. Enumerable.Range(0, 200).Select(i => 100.0 + (i % 10))];
        (double low, double high) = BootstrapInterval.Of([lower, higher], RandomStream.FromSeed(1));
        (double mean, double deviation) = OfTwice(lower);
        Assert.Equal(mean - (TenPercent * deviation), low, 0.25 * deviation);
        (mean, deviation) = OfTwice(higher);
        Assert.Equal(mean + (TenPercent * deviation), high, 0.25 * deviation);
    }

    /// <summary>Mean, and standard deviation of a mean over twice as many draws as there are values.</summary>
    private static (double Mean, double Deviation) OfTwice(double[] values)
    {
        (double sum, double squares) = (0, 0);
        foreach (double value in values)
        {
            (sum, squares) = (sum + value, squares + (value * value));
        }

        double mean = sum / values.Length, variance = (squares / values.Length) - (mean * mean);
        return (mean, Math.Sqrt(variance / (2 * values.Length)));
    }
}
