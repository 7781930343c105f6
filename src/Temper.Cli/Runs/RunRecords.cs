using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Output;
using Temper.Formats;
using Temper.Reporting.Documents;
using Temper.Reporting.Runs;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Cli.Runs;

/// <summary>A column of the table of networks that only the terminal shows.</summary>
/// <param name="Head">Title; one leading <c>#</c> marks a column of numbers.</param>
/// <param name="Cells">One cell for each network.</param>
internal sealed record NetworkColumn(string Head, IReadOnlyList<string> Cells);

/// <summary>Creates, saves, reads and shows the records of a run.</summary>
internal static class RunRecords
{
    internal const string ReportName = "report.html";

    /// <summary>The record of a training. Its epochs count from 1; in the library they count from 0.</summary>
    internal static PhaseRecord Of(string phase, TrainingResult result) => new PhaseRecord(phase, result.BestEpoch,
    [
        .. result.History.Select(epoch => new EpochRecord(
            epoch.Epoch, Finite(epoch.TrainLoss), Finite(epoch.TrainAccuracy), Finite(epoch.ValidationLoss),
            Finite(epoch.ValidationAccuracy),
            Finite(epoch.Regularization), Finite(epoch.LearningRate))),
    ]).CountedFromOne();

    internal static JsonNode ToJson(RunRecord record) =>
        JsonSerializer.SerializeToNode(record, RunRecordJson.Default.RunRecord)!;

    internal static void Save(RunFolder folder, RunRecord record) =>
        AtomicFile.WriteText(folder.ResultPath, RunRecordJson.Write(record));

    /// <summary>Reads the record of a run, including records written by older versions.</summary>
    /// <exception cref="InvalidDataException">The record is damaged, or its version is not known.</exception>
    /// <exception cref="ToolException">The folder has no record.</exception>
    internal static RunRecord Read(RunFolder folder)
    {
        string path = folder.ResultPath;
        if (!File.Exists(path))
        {
            throw new ToolException(ExitCode.InputOutput, File.Exists(folder.ConfigPath)
                ? $"run: the run in {folder.FullPath} has not finished; resume it with --resume "
                    + RunProcess.Quoted(folder.FullPath)
                : $"run: {folder.FullPath} is not a run folder (it has no {Path.GetFileName(path)}); give the folder "
                    + "of a run");
        }

        using JsonDocument document = RunRecordJson.Open(path);
        return RunRecordJson.Checked(path, () => document.RootElement.GetProperty("schema").GetInt32()) switch
        {
            RunRecord.CurrentSchema or RunRecord.SecondSchema => RunRecordJson.Read(path, document.RootElement),
            SchemaOneRecord.Schema => RunRecordJson.Checked(
                path, () => RunRecordJson.Drawable(SchemaOneRecord.Read(folder, document.RootElement))),
            int other => throw new InvalidDataException(
                $"run: {path} has schema {other} (expected {SchemaOneRecord.Schema} to {RunRecord.CurrentSchema}); use "
                + "the version of temper that wrote it, or a newer version"),
        };
    }

    /// <summary>The report of the run in a folder.</summary>
    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    internal static Report ReportOf(RunFolder folder) => ReportOf(folder, Read(folder));

    /// <summary>
    /// Writes the report of a run that is still in progress, under its final name; it is replaced when the run ends.
    /// </summary>
    internal static void WritePreview(RunFolder folder, RunRecord record) =>
        AtomicFile.WriteText(folder.PathOf(ReportName), ReportOf(folder, record).ToHtml());

    private static Report ReportOf(RunFolder folder, RunRecord record) => new RunReport
    {
        Run = record,
        Config = File.ReadAllText(folder.ConfigPath),
        Environment = Environment(folder.EnvironmentPath),
    }.ToReport();

    /// <summary>Writes the report of the run in a folder.</summary>
    /// <returns>The full path of the report.</returns>
    internal static string WriteReport(RunFolder folder, string path)
    {
        AtomicFile.WriteText(path, ReportOf(folder).ToHtml());
        return Path.GetFullPath(path);
    }

    /// <summary>Writes the report of a run that has ended, and prints the record: as a table, or as JSON.</summary>
    /// <param name="context">Settings and output of the command.</param>
    /// <param name="folder">The run folder, which has the record.</param>
    /// <param name="record">The record.</param>
    /// <param name="columns">Columns of the table besides those of the record.</param>
    /// <param name="fields">Fields of the command's JSON document besides the record; null: none.</param>
    /// <param name="summary">Line printed below the table of networks; null: none.</param>
    internal static void Tell(
        CommandContext context, RunFolder folder, RunRecord record, IReadOnlyList<NetworkColumn> columns,
        JsonObject? fields, string? summary)
    {
        string report = WriteReport(folder, folder.PathOf(ReportName));
        if (context.IsJson)
        {
            JsonObject document = fields ?? [];
            document["folder"] = folder.FullPath;
            document["report"] = report;
            document["result"] = ToJson(record.WithoutPictures());
            JsonResult.Write(record.Command, document);
            return;
        }

        ToTable(record, columns).Write(context.Terminal);
        if (summary is not null)
        {
            Console.Out.WriteLine(summary);
        }

        Console.Out.WriteLine($"run folder: {folder.FullPath}");
        Console.Out.WriteLine($"report:     {report}");
    }

    /// <summary>
    /// A table that compares the networks of a run. Test accuracy has a column only if a network has one.
    /// </summary>
    internal static ResultTable ToTable(RunRecord record, IReadOnlyList<NetworkColumn> columns)
    {
        (string[] heads, IReadOnlyList<string[]> rows) = Text(record, columns);
        var table = new ResultTable($"{record.Network} on {record.Data}, seed {record.Seed}", heads);
        foreach (string[] row in rows)
        {
            table.Row(row);
        }

        return table;
    }

    /// <summary>The column titles and the cells of <see cref="ToTable"/>.</summary>
    internal static (string[] Heads, IReadOnlyList<string[]> Rows) Text(
        RunRecord record, IReadOnlyList<NetworkColumn> columns)
    {
        bool hasAccuracy = record.Networks.Any(network => network.TestAccuracy is not null);
        string[] accuracy = hasAccuracy ? ["#test accuracy"] : [];
        return (
            ["network", .. accuracy, "#weights left", "#fewer", "#file, gzip",
                .. columns.Select(column => column.Head)],
            [.. record.Networks.Select((network, i) => (string[])
            [
                network.Name, .. hasAccuracy ? [Accuracy(network)] : Array.Empty<string>(), $"{network.Left:N0}",
                $"{network.TimesFewer(record.Networks):F1} x", $"{network.CompressedBytes / 1024.0:N0} KiB",
                .. columns.Select(column => column.Cells[i]),
            ])]);
    }

    private static string Accuracy(NetworkRecord network) =>
        network.TestAccuracy is { } part ? $"{part * 100:F2} %" : "";

    private static Fact[] Environment(string path)
    {
        using JsonDocument document = RunRecordJson.Open(path);
        return RunRecordJson.Checked<Fact[]>(
            path, () => [.. document.RootElement.EnumerateObject().Select(
                property => new Fact(property.Name, property.Value.ToString()))]);
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
