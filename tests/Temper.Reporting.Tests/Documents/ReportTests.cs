using System.Xml.Linq;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;
using Temper.Reporting.Tests.Support;

namespace Temper.Reporting.Tests.Documents;

public sealed class ReportTests
{
    private const string Hostile = "<script>alert('x')</script>&\"\u0007";

    [Fact]
    public void Report_escapes_every_text()
    {
        string html = Everything(Hostile).ToHtml();
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\u0007', html);
        Assert.Contains("&lt;script&gt;", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Report_is_well_formed_and_needs_nothing_from_outside()
    {
        string html = Everything("plain").ToHtml();
        XElement root = XElement.Parse(html["<!doctype html>\n".Length..]);
        Assert.Equal("html", root.Name.LocalName);
        Assert.DoesNotContain("http", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("url(", html, StringComparison.OrdinalIgnoreCase);
        Assert.All(root.Descendants("img"), img => Assert.Matches(@"^data:image/(png|svg\+xml);base64,", (string?)img.Attribute("src")));
    }

    [Fact]
    public void Table_head_with_a_number_sign_stands_to_the_right()
    {
        XElement root = XElement.Parse(Everything("plain").ToHtml()["<!doctype html>\n".Length..]);
        Assert.Equal(["weights", "12"], root.Descendants().Where(cell => (string?)cell.Attribute("class") is "number").Select(cell => cell.Value));
    }

    /// <summary>Column names may come from the classes of a data set.</summary>
    [Fact]
    public void Only_one_number_sign_of_a_table_head_is_a_mark()
    {
        var report = new Report { Title = "t", Sections = [new Section("s", [new DataTable(["from", "##1", "#2"], [["#1", "3", "4"]])])] };
        XElement root = XElement.Parse(report.ToHtml()["<!doctype html>\n".Length..]);
        Assert.Equal(["from", "#1", "2"], root.Descendants("th").Select(cell => cell.Value));
        Assert.Equal(["#1", "2", "3", "4"], root.Descendants().Where(cell => (string?)cell.Attribute("class") is "number").Select(cell => cell.Value));
    }

    [Fact]
    public void Save_replaces_the_file_and_leaves_no_part()
    {
        string folder = Directory.CreateTempSubdirectory("temper-report").FullName;
        string path = Path.Combine(folder, "report.html");
        Everything("first").Save(path);
        Everything("second").Save(path);
        Assert.Contains("second", File.ReadAllText(path), StringComparison.Ordinal);
        Assert.Equal([path], Directory.GetFiles(folder));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Save_makes_the_folder_and_leaves_no_part_if_it_fails()
    {
        string folder = Directory.CreateTempSubdirectory("temper-report").FullName;
        string path = Path.Combine(folder, "new", "report.html"), taken = Path.Combine(folder, "taken");
        Everything("first").Save(path);
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));

        // A folder has the name of the file.
        Directory.CreateDirectory(taken);
        Assert.ThrowsAny<SystemException>(() => Everything("second").Save(taken));
        Assert.Empty(Directory.GetFiles(folder));
        Directory.Delete(folder, recursive: true);
    }

    public static TheoryData<string, Block> Broken => new()
    {
        { "too few cells", new DataTable(["a", "b"], [["1"]]) },
        { "too many cells", new DataTable(["a"], [["1", "2"]]) },
        { "counts", new ChartRow([new ConfusionChart { Title = "c", Classes = ["a", "b"], Counts = [1, 2, 3] }]) },
        { "negative count", new ChartRow([new ConfusionChart { Title = "c", Classes = ["a", "b"], Counts = [1, -1, 0, 3] }]) },
        { "counts beyond 64 bits", new ChartRow([new ConfusionChart { Title = "c", Classes = ["a", "b"], Counts = [long.MaxValue, 1, 0, 0] }]) },
        { "bars", new ChartRow([new BarChart { Title = "c", Labels = ["a", "b"], Bars = [new ChartBars("x", [1])] }]) },
        { "format", new ChartRow([new BarChart { Title = "c", Labels = ["a"], Bars = [new ChartBars("x", [1])], ValueFormat = "F999999999" }]) },
        { "script for a picture", new PictureGrid([new Picture("<svg onload='x()'/>"u8.ToArray(), "a")]) },
        { "script for a drawing", new Drawing("<script>x()</script>", "a") },
        { "missing", new PictureGrid([null!]) },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void Section_that_cannot_be_drawn_is_refused_with_its_name(string what, Block block)
    {
        var report = new Report { Title = what, Sections = [new Section("broken one", [block])] };
        Assert.Contains("section 'broken one'", Assert.Throws<ArgumentException>(report.ToHtml).Message, StringComparison.Ordinal);
    }

    private static Report Everything(string text) => new()
    {
        Title = text,
        Subtitle = text,
        Footer = text,
        Sections = [Blocks.Section(text)],
    };
}
