using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Environments;
using Temper.Reporting.Documents;

namespace Temper.Reinforcement.Tests.Agents;

/// <summary>Confidence intervals of returns, and how a report shows them.</summary>
public sealed class ReturnStatisticsTests
{
    /// <summary>
    /// Percentage points of Student's t, two-sided 95 %: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
    /// </summary>
    [Theory]
    [InlineData(1, 12.706)]
    [InlineData(2, 4.303)]
    [InlineData(3, 3.182)]
    [InlineData(4, 2.776)]
    [InlineData(5, 2.571)]
    [InlineData(9, 2.262)]
    [InlineData(10, 2.228)]
    [InlineData(19, 2.093)]
    [InlineData(30, 2.042)]
    [InlineData(31, 2.040)]
    [InlineData(60, 2.000)]
    [InlineData(99, 1.984)]
    [InlineData(100, 1.984)]
    public void Quantiles_are_the_published_ones(int freedom, double expected) =>
        Assert.Equal(expected, StudentDistribution.TwoSidedQuantile(0.95, freedom), 5e-4);

    [Fact]
    public void Many_degrees_of_freedom_approach_the_normal_distribution() =>
        Assert.Equal(1.959964, StudentDistribution.TwoSidedQuantile(0.95, 100_000), 5e-5);

    [Theory]
    [InlineData(2, 0.99, 9.925)]
    [InlineData(7, 0.99, 3.499)]
    [InlineData(10, 0.9, 1.812)]
    public void Other_probabilities_have_their_quantiles(int freedom, double probability, double expected) =>
        Assert.Equal(expected, StudentDistribution.TwoSidedQuantile(probability, freedom), 5e-4);

    [Fact]
    public void The_interval_is_that_of_a_small_sample()
    {
        // Mean 2.5, standard deviation sqrt(5/3), three degrees of freedom.
        ReturnStatistics statistics = ReturnStatistics.Of([1, 2, 3, 4]);
        double half = 3.182 * Math.Sqrt(5.0 / 3) / 2;
        Assert.Equal(2.5, statistics.Mean);
        Assert.Equal(2.5 - half, statistics.Low, 1e-3);
        Assert.Equal(2.5 + half, statistics.High, 1e-3);
        Assert.Equal((1.0, 4.0), (statistics.Min, statistics.Max));
    }

    [Fact]
    public void One_return_has_no_interval()
    {
        ReturnStatistics statistics = ReturnStatistics.Of([7]);
        Assert.Equal((7.0, double.NaN, double.NaN), (statistics.Mean, statistics.Low, statistics.High));
    }

    [Fact]
    public void A_report_shows_the_same_numbers_in_every_culture()
    {
        using var commas = new CommaCulture();
        Policy policy = RandomPolicy.For(EnvironmentCatalog.Create("cartpole"));
        var result = new AgentRunResult(policy, 12.5, [new CurvePoint(1_234_567, 1_234, 11.25, 12.5)], 1_234_567, IsComplete: true);
        Section section = AgentSection.Of("cartpole", result, ReturnStatistics.Of([12, 13]), ReturnStatistics.Of([9]));
        IReadOnlyList<KeyFigure> figures = section.Blocks.OfType<KeyFigures>().Single().Figures;
        Assert.Equal("12.50 9.00 1,234,567", string.Join(' ', figures.Select(figure => figure.Value)));
        Assert.Equal("1,234,567 1,234 11.25 12.50", string.Join(' ', section.Blocks.OfType<DataTable>().Single().Rows[0]));
        Section one = AgentSection.Of("cartpole", result, ReturnStatistics.Of([12]), ReturnStatistics.Of([9]));
        Assert.StartsWith("no interval, one episode", one.Blocks.OfType<KeyFigures>().Single().Figures[0].Note, StringComparison.Ordinal);
    }
}
