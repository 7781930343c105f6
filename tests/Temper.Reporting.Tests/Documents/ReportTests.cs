using System.Xml.Linq;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;

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
        Assert.All(root.Descendants("img"), img => Assert.StartsWith("data:image/png;base64,", (string?)img.Attribute("src"), StringComparison.Ordinal));
    }

    [Fact]
    public void Table_head_with_a_number_sign_stands_to_the_right()
    {
        XElement root = XElement.Parse(Everything("plain").ToHtml()["<!doctype html>\n".Length..]);
        Assert.Equal(["weights", "12"], root.Descendants().Where(cell => (string?)cell.Attribute("class") is "number").Select(cell => cell.Value));
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

    private static Report Everything(string text) => new()
    {
        Title = text,
        Subtitle = text,
        Footer = text,
        Sections =
        [
            new Section(text,
            [
                new TileRow([new Tile(text, text, text)]),
                new ChartRow(
                [
                    new LineChart { Title = text, XLabel = text, YLabel = text, Lines = [new ChartLine(text, [(0, 1), (1, 2)])] },
                    new BarChart { Title = text, Labels = [text], ValueLabel = text, Bars = [new ChartBars(text, [1])] },
                    new ConfusionChart { Title = text, Classes = [text], Count = (_, _) => 1 },
                ]),
                new DataTable([text, "#weights"], [[text, "12"]]),
                new PictureGrid([new Picture(new byte[] { 1, 2, 3 }, text, IsRight: false)]),
                new Paragraph(text), new Listing(text), new Facts([(text, text)]),
            ]),
        ],
    };
}
