using Temper.Reporting.Charts;
using Temper.Reporting.Documents;

namespace Temper.Growth.Tests;

/// <summary>The report section about a growth.</summary>
public sealed class GrowthSectionTests
{
    private static readonly GrowthRecord Record = new()
    {
        Stages = ["layer1"],
        Path =
        [
            new GrowthStep(GrowthEvents.Seed, -1, [1], 0, null, 1000, 5000, 0),
            new GrowthStep(GrowthEvents.Grow, 0, [2], 1, 0.5, 2000, 10_000, 1),
            new GrowthStep(GrowthEvents.RollBack, -1, [1], 3, 0.375, 1000, 5000, 3),
            new GrowthStep(GrowthEvents.Finish, -1, [1], 3, 0.75, 1000, 5000, 4),
        ],
        Points = [new GrowthPoint([1], 1, 0.5, 1000, 5000, 1), new GrowthPoint([2], 2, 0.25, 2000, 10_000, 2), new GrowthPoint([2], 3, 0.625, 2000, 10_000, 3)],
        Seconds = 4,
    };

    [Fact]
    public void Best_so_far_is_the_running_maximum_of_growth()
    {
        ChartLine best = GrowthSection.Of(Record).Blocks.OfType<ChartRow>().SelectMany(row => row.Charts).OfType<LineChart>()
            .SelectMany(chart => chart.Lines).Single(line => line.Name is "best so far");
        Assert.Equal([new ChartPoint(1, 50), new ChartPoint(2, 50), new ChartPoint(3, 62.5)], best.Points);
    }

    /// <summary>
    /// One block: 50 % in growth, then 37.5 % after roll-back, which counts. Two blocks: 62.5 % in growth, and the network
    /// with two other blocks, at fewer MACs, has 70 % after its repair.
    /// </summary>
    [Fact]
    public void Front_has_the_last_measurement_of_each_network()
    {
        GrowthRecord record = Record with { Measured = [new GrowthPoint([1], 3, 0.375, 1000, 5000, 3), new GrowthPoint([3], 3, 0.7, 1500, 9000, 4)] };
        Assert.Equal([(5000, 0.375), (9000, 0.7)], record.Pareto.Select(point => (point.Macs, point.Accuracy)));
        Assert.Equal([(5000, 0.5), (10_000, 0.625)], Record.Pareto.Select(point => (point.Macs, point.Accuracy)));
    }

    [Fact]
    public void Steps_show_the_accuracy_of_their_network_or_none()
    {
        DataTable steps = GrowthSection.Of(Record).Blocks.OfType<DataTable>().Last();
        int column = steps.Head.ToList().IndexOf("#held-out, %");
        Assert.Equal(["", "50.00", "37.50", "75.00"], steps.Rows.Select(row => row[column]));
    }
}
