using System.Globalization;
using System.Xml.Linq;
using Temper.Reporting.Charts;

namespace Temper.Reporting.Tests.Charts;

public sealed class ChartTests
{
    private static readonly LineChart TwoPoints = new()
    {
        Title = "Loss",
        XLabel = "epoch",
        HasWholeX = true,
        Lines = [new ChartLine("training", [new(1, 2.0), new(2, 1.0)])],
    };

    [Fact]
    public void LineChart_places_points_between_axes()
    {
        XElement svg = XElement.Parse(TwoPoints.ToSvg());
        Assert.Equal("M58 40L624 254", (string?)ByClass(svg, "line c1").Single().Attribute("d"));
        Assert.Equal(["1", "2"], ByClass(svg, "tick middle").Select(tick => tick.Value));
        Assert.Equal(["1.0", "1.2", "1.4", "1.6", "1.8", "2.0"], ByClass(svg, "tick end").Select(tick => tick.Value));
    }

    /// <summary>As in a report of snooping attacks: eight and more lines with long names.</summary>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(8, 48)]
    [InlineData(14, 96)]
    public void LineChart_of_many_lines_has_a_legend_within_the_drawing(int count, int moved)
    {
        LineChart chart = TwoPoints with { Lines = [.. Enumerable.Range(0, count).Select(i => new ChartLine($"action-imitator fgsm, attack {i:00}", [new(0, i), new(1, i + 1)]))] };
        XElement svg = XElement.Parse(chart.ToSvg());
        XElement[] names = [.. ByClass(svg, "legend")];
        Assert.Equal(chart.Lines.Select(line => line.Name), names.Select(name => name.Value));
        Assert.All(names, name => Assert.InRange((double)name.Attribute("x")! + (name.Value.Length * 6.6), 0, 640));
        Assert.Equal(count, names.Select(name => ((double)name.Attribute("x")!, (double)name.Attribute("y")!)).Distinct().Count());
        Assert.Equal(18 + moved, names.Max(name => (double)name.Attribute("y")!));
        Assert.Equal($"0 0 640 {300 + moved}", (string?)svg.Attribute("viewBox"));
        XElement rest = svg.Descendants().Single(element => element.Name.LocalName is "g");
        Assert.Equal(moved > 0 ? $"translate(0 {moved})" : null, (string?)rest.Attribute("transform"));
        Assert.Equal(count, rest.Descendants().Count(element => element.Name.LocalName is "path"));
    }

    [Fact]
    public void LineChart_dashes_the_lines_that_reuse_a_color()
    {
        LineChart chart = TwoPoints with { Lines = [.. Enumerable.Range(0, 13).Select(i => new ChartLine($"{i}", [new(0, i), new(1, i + 1)]))] };
        XElement[] paths = [.. XElement.Parse(chart.ToSvg()).Descendants().Where(element => element.Name.LocalName is "path")];
        Assert.Equal(13, paths.Select(path => ((string?)path.Attribute("class"), (string?)path.Attribute("stroke-dasharray"))).Distinct().Count());
        Assert.All(paths.Take(6), path => Assert.Null(path.Attribute("stroke-dasharray")));
    }

    [Theory]
    [InlineData(10, 82)]
    [InlineData(2, 200)]
    [InlineData(400, 5)]
    public void ConfusionChart_of_long_names_or_many_classes_has_cells(int classes, int letters)
    {
        string[] names = [.. Enumerable.Range(0, classes).Select(i => $"{i}".PadLeft(letters, 'x'))];
        var chart = new ConfusionChart { Title = "c", Classes = names, Counts = [.. Enumerable.Range(0, classes * classes).Select(i => i % (classes + 1) == 0 ? 3L : 0)] };
        XElement svg = XElement.Parse(chart.ToSvg());
        Assert.All(((string)svg.Attribute("viewBox")!).Split(' ').Skip(2), side => Assert.True(double.Parse(side, CultureInfo.InvariantCulture) > 0));
        XElement[] cells = [.. svg.Descendants().Where(element => element.Name.LocalName is "rect")];
        Assert.InRange(cells.Length, classes, 100 * 100);
        Assert.All(cells, cell => Assert.True((double)cell.Attribute("width")! > 0));
    }

    [Fact]
    public void LineChart_of_a_value_that_is_not_finite_breaks_the_line()
    {
        LineChart chart = TwoPoints with { Lines = [new ChartLine("a", [new(0, 1), new(1, 2), new(2, double.NaN), new(3, double.PositiveInfinity), new(4, 0)])] };
        string path = (string)ByClass(XElement.Parse(chart.ToSvg()), "line c1").Single().Attribute("d")!;
        Assert.Equal(2, path.Count(letter => letter == 'M'));
        Assert.DoesNotContain("NaN", path, StringComparison.Ordinal);
        Assert.DoesNotContain("∞", path, StringComparison.Ordinal);
    }

    /// <summary>A path that only moves to a point draws nothing.</summary>
    [Fact]
    public void LineChart_draws_a_point_between_two_that_are_not_finite()
    {
        double[] values = [3, double.NaN, 2, double.NaN, 1, 1, double.NaN, 4];
        LineChart chart = TwoPoints with { Lines = [new ChartLine("a", [.. values.Select((value, i) => new ChartPoint(i, value))])] };
        XElement svg = XElement.Parse(chart.ToSvg());
        double[] dots = [.. svg.Descendants().Where(element => element.Name.LocalName is "circle").Select(dot => (double)dot.Attribute("cx")!)];
        Assert.Equal([58, 219.7, 624], dots.Select(place => Math.Round(place, 1)));                    // points 0, 2, and the mark of the last one
    }

    /// <summary>
    /// The range of these values is beyond the largest double. Drawn area: 58 to 624 across, 254 up to 40.
    /// </summary>
    [Theory]
    [InlineData(1e308, "M58 254L341 147L624 40")]
    [InlineData(-1e308, "M624 40L341 147L58 254")]
    [InlineData(double.MaxValue, "M58 254L341 147L624 40")]
    public void LineChart_of_the_largest_values_has_its_range(double value, string expected)
    {
        string svg = (TwoPoints with { HasWholeX = false, Lines = [new ChartLine("a", [new(-value, -value), new(0, 0), new(value, value)])] }).ToSvg();
        Assert.Equal(expected, (string?)ByClass(XElement.Parse(svg), "line c1").Single().Attribute("d"));
        Assert.DoesNotContain("NaN", svg, StringComparison.Ordinal);
        Assert.DoesNotContain("∞", svg, StringComparison.Ordinal);
        Assert.DoesNotContain("Infinity", svg, StringComparison.Ordinal);
    }

    public static TheoryData<string, Chart> Empties => new()
    {
        { "no lines", TwoPoints with { Lines = [] } },
        { "no points", TwoPoints with { Lines = [new ChartLine("a", [])] } },
        { "only NaN", TwoPoints with { Lines = [new ChartLine("a", [new(1, double.NaN)])] } },
        { "no bars", new BarChart { Title = "b", Labels = [], Bars = [] } },
    };

    [Theory]
    [MemberData(nameof(Empties))]
    public void Chart_without_data_says_so(string what, Chart chart) =>
        Assert.True(ByClass(XElement.Parse(chart.ToSvg()), "note").Any(note => note.Value is "no data"), what);

    [Fact]
    public void BarChart_draws_groups_and_leaves_out_what_is_not_finite()
    {
        var chart = new BarChart
        {
            Title = "Weights", Labels = ["conv1", "fc1"], ValueFormat = "0.0",
            Bars = [new ChartBars("dense", [10, 5]), new ChartBars("lean", [double.NaN, 2.5])],
        };
        XElement svg = XElement.Parse(chart.ToSvg());
        double[] lengths = [.. ByClass(svg, "fill c1").Concat(ByClass(svg, "fill c2")).Where(bar => (string?)bar.Attribute("height") is "13")
            .Select(bar => (double)bar.Attribute("width")!)];
        Assert.Equal(3, lengths.Length);
        Assert.Equal(lengths[0] / 2, lengths[1], 1);
        Assert.Equal(lengths[0] / 4, lengths[2], 1);
        Assert.Equal(["10.0", "–", "5.0", "2.5"], ByClass(svg, "value").Select(value => value.Value));
    }

    [Fact]
    public void ConfusionChart_without_samples_of_a_class_has_its_row()
    {
        var chart = new ConfusionChart { Title = "c", Classes = ["cat", "dog"], Counts = [3, 2, 0, 0] };
        XElement svg = XElement.Parse(chart.ToSvg());
        Assert.Equal(["3", "2"], svg.Descendants().Where(text => ((string?)text.Attribute("class"))?.StartsWith("value", StringComparison.Ordinal) == true)
            .Select(text => text.Value));
    }

    /// <summary>A map of decision boundaries says nothing of predictions: its samples are classified correctly.</summary>
    [Theory]
    [InlineData(null, null, "cat predicted as dog: 2 of 5 (40.0 %)", "Color: fraction of the row; correct in blue, wrong in red")]
    [InlineData("from", "boundary with", "from cat, boundary with dog: 2 of 5 (40.0 %)", "Color: fraction of the row")]
    public void ConfusionChart_says_what_its_counts_are(string? row, string? column, string cell, string note)
    {
        var chart = new ConfusionChart { Title = "c", Classes = ["cat", "dog"], Counts = [3, 2, 0, 0], RowLabel = row!, ColumnLabel = column! };
        XElement svg = XElement.Parse(chart.ToSvg());
        Assert.Equal(cell, svg.Descendants().Where(element => element.Name.LocalName is "rect").ElementAt(1).Element("title")!.Value);
        Assert.Equal(note, ByClass(svg, "note-left").Single().Value);
        Assert.Equal([column ?? "predicted", row ?? "actual"], ByClass(svg, "label").Concat(ByClass(svg, "label middle")).Select(label => label.Value));
    }

    [Theory]
    [InlineData(0, 1, "0.0,0.2,0.4,0.6,0.8,1.0")]
    [InlineData(0.9012, 0.9118, "0.900,0.905,0.910,0.915")]
    [InlineData(-30, 100, "-50,0,50,100")]
    [InlineData(0, 2_000_000, "0E0,5E5,1E6,1.5E6,2E6")]
    public void Axis_has_round_ticks(double low, double high, string expected)
    {
        Axis axis = Axis.Over([low, high], isRounded: true);
        Assert.Equal(expected, string.Join(',', axis.Ticks.Select(axis.Label)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(-1e-9)]
    [InlineData(1.7e308)]
    public void Axis_over_one_value_has_room_around_it(double value)
    {
        Axis axis = Axis.Over([value], isRounded: true);
        Assert.True(axis.Minimum < value && axis.Maximum > value);
    }

    /// <summary>Above 2^53, adding one does not change a double, so counting ticks in one would never end.</summary>
    [Theory]
    [InlineData(1e17, true)]
    [InlineData(-1e17, true)]
    [InlineData(double.MaxValue, false)]
    public void Axis_far_from_zero_has_an_end(double value, bool isWhole) =>
        Assert.InRange(Axis.Over([value], isRounded: false, isWhole).Ticks.Count(), 0, 100);

    private static IEnumerable<XElement> ByClass(XElement svg, string name) =>
        svg.Descendants().Where(element => string.Equals((string?)element.Attribute("class"), name, StringComparison.Ordinal));
}
