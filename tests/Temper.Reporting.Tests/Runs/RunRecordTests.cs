using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Xml.Linq;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;
using Temper.Reporting.Runs;
using Temper.Reporting.Tests.Support;
using Temper.Testing;

namespace Temper.Reporting.Tests.Runs;

/// <summary>Tests run records: the round trip through a file, and rendering to a page.</summary>
public sealed class RunRecordTests
{
    [Fact]
    public void A_section_of_a_method_that_reporting_has_never_heard_of_is_kept_and_drawn()
    {
        RunRecord record = Record(JugglingSection.Of(balls: 5, drops: [3, 2, 0], [Blocks.Png]));
        string html = Html(Read(RunRecordJson.Write(record)));
        Assert.Equal(Html(record), html);
        XElement section = Sections(html)["Juggling"];
        Assert.Equal("5", ByClass(section, "key-value").Single().Value);
        Assert.Contains("does not protect", ByClass(section, "warning").Single().Value, StringComparison.Ordinal);
        Assert.Single(section.Descendants("svg"));
        Assert.Equal(4, section.Descendants("tr").Count());
        Assert.StartsWith("data:image/png;base64,", (string?)section.Descendants("img").Single().Attribute("src"), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_kind_of_block_and_chart_survives_the_file()
    {
        RunRecord record = Record(Blocks.Section("<b>'&\""));
        string json = RunRecordJson.Write(record);
        Assert.Equal(json, RunRecordJson.Write(Read(json)));
        Assert.Equal(Html(record), Html(Read(json)));

        // The section above contains every kind of block and chart.
        foreach (Type family in (Type[])[typeof(Block), typeof(Chart)])
        {
            foreach (JsonDerivedTypeAttribute kind in family.GetCustomAttributes<JsonDerivedTypeAttribute>())
            {
                Assert.Contains($"\"kind\": \"{kind.TypeDiscriminator}\"", json, StringComparison.Ordinal);
            }

            Assert.Equal(
                family.Assembly.GetTypes().Where(type => type.IsSubclassOf(family)).Select(type => type.Name).Order(StringComparer.Ordinal),
                family.GetCustomAttributes<JsonDerivedTypeAttribute>().Select(kind => kind.DerivedType.Name).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void Record_for_a_terminal_has_no_pictures()
    {
        RunRecord record = Record(Blocks.Section("x")).WithoutPictures();
        Assert.DoesNotContain("png", RunRecordJson.Write(record), StringComparison.Ordinal);
        Assert.Equal(7, record.Sections[0].Blocks.Count);
    }

    [Fact]
    public void Damaged_record_is_refused_or_drawn()
    {
        byte[] good = Encoding.UTF8.GetBytes(RunRecordJson.Write(Record(Blocks.Section("x"))));
        HostileBytes.Survives<InvalidDataException>(good, bad => Html(Read(Encoding.UTF8.GetString(bad))));
    }

    [Theory]
    [InlineData("\"sections\": null")]
    [InlineData("\"sections\": [null]")]
    [InlineData("\"sections\": [{\"title\": \"a\"}]")]
    [InlineData("\"sections\": [{\"title\": \"a\", \"blocks\": [null]}]")]
    [InlineData("\"sections\": [{\"title\": \"a\", \"blocks\": [{\"text\": \"b\"}]}]")]
    [InlineData("\"sections\": [{\"title\": \"a\", \"blocks\": [{\"kind\": \"script\", \"text\": \"b\"}]}]")]
    [InlineData("\"sections\": [{\"title\": \"a\", \"blocks\": [{\"kind\": \"table\", \"head\": [\"b\"], \"rows\": [[]]}]}]")]
    [InlineData("\"sections\": [{\"title\": \"a\", \"blocks\": [{\"kind\": \"pictures\", \"pictures\": [{\"png\": \"PHN2Zz4=\", \"caption\": \"\"}]}]}]")]
    public void Sections_that_no_run_writes_are_refused(string sections)
    {
        string json = RunRecordJson.Write(Record());
        Assert.Contains("\"sections\": []", json, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => Read(json.Replace("\"sections\": []", sections, StringComparison.Ordinal)));
    }

    [Fact]
    public void Section_that_cannot_be_drawn_is_not_written() =>
        Assert.Throws<ArgumentException>(() => RunRecordJson.Write(Record(new Section("a", [new DataTable(["b"], [[]])]))));

    [Fact]
    public void Training_shows_the_regularizers_where_there_are_any()
    {
        EpochRecord plain = new(0, 1, 0.5, 1, 0.5, Terms: 0, 1e-3), regularized = plain with { Terms = 2.5 };
        Assert.Equal(["Validation accuracy, %", "Loss"], Charts(TrainingSection.Of([new("train", 0, [plain])])));
        Assert.Equal(
            ["Validation accuracy, %", "Training loss, without the regularizer", "Value of the regularizers"],
            Charts(TrainingSection.Of([new("start", 0, [plain]), new("sparse", 0, [regularized])])));
    }

    private static IEnumerable<string> Charts(Section section) => section.Blocks.OfType<ChartRow>().SelectMany(row => row.Charts).Select(chart => chart.Title);

    private static RunRecord Read(string json)
    {
        using JsonDocument document = RunRecordJson.Checked("result.json", () => JsonDocument.Parse(json));
        return RunRecordJson.Read("result.json", document.RootElement);
    }

    private static string Html(RunRecord record) =>
        new RunReport { Run = record, Config = "juggle:\n  balls: 5\n", Environment = [new Fact("system", "any")] }.ToReport().ToHtml();

    private static Dictionary<string, XElement> Sections(string html) => XElement.Parse(html["<!doctype html>\n".Length..])
        .Descendants("section").ToDictionary(section => section.Element("h2")!.Value, StringComparer.Ordinal);

    private static IEnumerable<XElement> ByClass(XElement element, string name) =>
        element.Descendants().Where(inner => string.Equals((string?)inner.Attribute("class"), name, StringComparison.Ordinal));

    private static RunRecord Record(params Section[] sections) => new()
    {
        Title = "t", Command = "juggle", Network = "n", Data = "d", Seed = ulong.MaxValue, Validation = 0.1, Seconds = 1.5, Phases = [], Networks = [],
        Sections = sections, Reproduce = ["temper juggle"],
    };

    /// <summary>A single class that builds a section is enough to put a method into a report.</summary>
    private static class JugglingSection
    {
        internal static Section Of(int balls, IReadOnlyList<double> drops, IReadOnlyList<byte[]> photographs) => new("Juggling",
        [
            new KeyFigures([new KeyFigure("Balls", $"{balls}", "at once")]),
            new Warning("This does not protect against gravity."),
            new ChartRow([new LineChart { Title = "Drops", XLabel = "round", HasWholeX = true, Lines = [new("drops", [.. drops.Select((d, i) => new ChartPoint(i, d))])] }]),
            new DataTable(["round", "#drops"], [.. drops.Select((d, i) => (string[])[$"{i + 1}", $"{d}"])]),
            new PictureGrid([.. photographs.Select(png => new Picture(png, "photograph"))]),
        ]);
    }
}
