using Temper.Compression.Pruning;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;

namespace Temper.Compression.Tests.Pruning;

public sealed class SparsitySectionTests
{
    private static readonly SparsityReport Dense = new([new("conv1.weight", 100, 100), new("fc1.weight", 3000, 3000)], OtherCount: 7);
    private static readonly SparsityReport Lean = new([new("conv1.weight", 100, 25), new("fc1.weight", 3000, 0)], OtherCount: 7);

    [Fact]
    public void Section_compares_networks_layer_by_layer()
    {
        Section section = SparsitySection.Of([("dense", Dense), ("lean", Lean)]);
        BarChart chart = Assert.IsType<BarChart>(section.Blocks.OfType<ChartRow>().Single().Charts.Single());
        Assert.Equal(["dense", "lean"], chart.Bars.Select(bars => bars.Name));
        Assert.Equal([25.0, 0], chart.Bars[1].Values);
        DataTable table = section.Blocks.OfType<DataTable>().Single();
        Assert.Equal(["layer", "#weights", "#left, dense", "#left, lean", "#times fewer"], table.Head);
        Assert.Equal(
            ["conv1.weight 100 100 25 4.0", "fc1.weight 3,000 3,000 0 ∞", "all 3,100 3,100 25 124.0"],
            table.Rows.Select(row => string.Join(' ', row)));
    }

    [Fact]
    public void Networks_with_other_layers_are_refused()
    {
        var other = new SparsityReport([new("conv1.weight", 100, 100)], OtherCount: 0);
        Assert.Throws<ArgumentException>(() => SparsitySection.Of([("dense", Dense), ("other", other)]));
        Assert.Throws<ArgumentException>(() => SparsitySection.Of([]));
    }
}
