using System.Globalization;
using System.Xml.Linq;
using Temper.Cli.Runs;
using Temper.Reporting.Charts;
using Temper.Reporting.Documents;
using Temper.Reporting.Runs;
using Temper.Testing;
using Temper.Training.Runs;

namespace Temper.Cli.Tests.Runs;

/// <summary>
/// A run folder written by the first version (<c>Golden/run-schema-1</c>: a tiny demo with four of its samples) can
/// still be read.
/// </summary>
public sealed class SchemaOneTests : IDisposable
{
    private static readonly string Golden = Path.Combine(AppContext.BaseDirectory, "Golden", "run-schema-1");
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Nothing_of_the_record_is_lost()
    {
        RunRecord record = RunRecords.Read(RunFolder.Open(Golden));
        Assert.Equal(RunRecord.CurrentSchema, record.Schema);
        Assert.Equal(
            ["Result", "Training", "Weights left in each layer", "Confusion on the test samples", "Test samples and predictions"],
            record.Sections.Select(section => section.Title));
        Assert.Equal(["87.00 %", "73.00 %", "202,805"], Blocks<KeyFigures>(record).Single().Figures.Take(3).Select(figure => figure.Value));
        Assert.Equal(["start", "dense", "sparse", "tune"], Charts<LineChart>(record)[0].Lines.Select(line => line.Name));
        Assert.Equal(["sparse", "tune"], Charts<LineChart>(record)[2].Lines.Select(line => line.Name));
        Assert.Equal(["dense", "lean"], Charts<BarChart>(record).Single().Bars.Select(bars => bars.Name));
        Assert.Equal(record.Networks[1].Left.ToString("N0", CultureInfo.InvariantCulture), Blocks<DataTable>(record).Single().Rows[^1][3]);
        Assert.Equal(9, Charts<ConfusionChart>(record).Single().Counts.Count);
        Assert.Equal([true, true, false, false], Blocks<PictureGrid>(record).Single().Pictures.Select(picture => picture.IsRight));
    }

    [Fact]
    public void Epochs_of_older_records_count_from_one()
    {
        RunRecord record = RunRecords.Read(RunFolder.Open(Golden));
        Assert.All(record.Phases, phase => Assert.Equal(Enumerable.Range(1, phase.Epochs.Count), phase.Epochs.Select(epoch => epoch.Epoch)));

        // The second schema is the same, except that epochs are numbered from 0 and counts of samples are missing.
        RunRecord second = record with
        {
            Schema = 2,
            Phases = [.. record.Phases.Select(phase => phase with { BestEpoch = phase.BestEpoch - 1, Epochs = [.. phase.Epochs.Select(epoch => epoch with { Epoch = epoch.Epoch - 1 })] })],
        };
        Copy();
        string text = RunRecordJson.Write(second);
        File.WriteAllText(_folder["result.json"], string.Join('\n', text.Split('\n').Where(line => !line.Contains("\"unused\"", StringComparison.Ordinal) && !line.Contains("\"samples\"", StringComparison.Ordinal))));
        RunRecord read = RunRecords.Read(RunFolder.Open(_folder.Path));
        Assert.Equal(RunRecord.CurrentSchema, read.Schema);
        Assert.Empty(read.Unused);
        Assert.Equal(record.Phases.SelectMany(phase => phase.Epochs), read.Phases.SelectMany(phase => phase.Epochs));
        Assert.Equal(record.Phases.Select(phase => phase.BestEpoch), read.Phases.Select(phase => phase.BestEpoch));
    }

    [Fact]
    public void Report_is_made_of_it()
    {
        RunRecords.WriteReport(RunFolder.Open(Golden), _folder["report.html"]);
        XElement page = XElement.Parse(File.ReadAllText(_folder["report.html"])["<!doctype html>\n".Length..]);
        Assert.Equal("lenet-5-caffe compressed on synth:shapes?count=600&classes=3", page.Descendants("h1").Single().Value);
        Assert.Equal(6, page.Descendants("section").Count());
        Assert.Equal(4, page.Descendants("img").Count());
        Assert.Contains("strength: 2e-4", page.Descendants("code").Last().Value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"schema\": 1", "\"schema\": 4", "has schema 4 (expected 1 to 3)")]
    [InlineData("\"schema\": 1", "\"schema\": \"one\"", "is not a valid run record")]
    [InlineData("\"schema\": 1,", "", "is not a valid run record")]
    [InlineData("\"name\": \"fc1.weight\"", "\"name\": \"other\"", "is not a valid run record")]
    [InlineData("    34,", "    -34,", "a count is negative")]
    [InlineData("    34,", "    9223372036854775807,", "the counts are too large")]
    public void Records_that_no_version_wrote_are_refused_with_their_file(string good, string bad, string message)
    {
        Copy();
        string text = File.ReadAllText(_folder["result.json"]);
        int at = text.IndexOf(good, StringComparison.Ordinal);
        File.WriteAllText(_folder["result.json"], text[..at] + bad + text[(at + good.Length)..]);
        string found = Assert.Throws<InvalidDataException>(() => RunRecords.Read(RunFolder.Open(_folder.Path))).Message;
        Assert.Contains(message, found, StringComparison.Ordinal);
        Assert.Contains(_folder["result.json"], found, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("result.json")]
    [InlineData("samples.json")]
    public void Damaged_file_is_refused_or_read(string file)
    {
        Copy();
        HostileBytes.Survives<InvalidDataException>(File.ReadAllBytes(_folder[file]), bad =>
        {
            File.WriteAllBytes(_folder[file], bad);
            RunRecords.ReportOf(RunFolder.Open(_folder.Path)).ToHtml();
        });
    }

    private void Copy()
    {
        foreach (string path in Directory.GetFiles(Golden))
        {
            File.Copy(path, _folder[Path.GetFileName(path)]);
        }
    }

    private static T[] Blocks<T>(RunRecord record) => [.. record.Sections.SelectMany(section => section.Blocks).OfType<T>()];

    private static T[] Charts<T>(RunRecord record) => [.. Blocks<ChartRow>(record).SelectMany(row => row.Charts).OfType<T>()];
}
