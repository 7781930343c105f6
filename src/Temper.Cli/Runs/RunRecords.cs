using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Cli.Output;
using Temper.Formats;
using Temper.Reporting.Runs;
using Temper.Training;
using Temper.Training.Runs;

namespace Temper.Cli.Runs;

/// <summary>The records of a run: made from results, stored in its folder, and shown.</summary>
internal static class RunRecords
{
    internal const string ReportName = "report.html";
    private const string SamplesName = "samples.json";

    internal static PhaseRecord Of(string phase, TrainingResult result) => new(phase, result.BestEpoch,
    [
        .. result.History.Select(epoch => new EpochRecord(
            epoch.Epoch, Finite(epoch.TrainLoss), Finite(epoch.TrainAccuracy), Finite(epoch.ValidationLoss), Finite(epoch.ValidationAccuracy),
            Finite(epoch.Terms), Finite(epoch.LearningRate))),
    ]);

    internal static JsonNode ToJson(RunRecord record) => JsonSerializer.SerializeToNode(record, RunRecordJson.Default.RunRecord)!;

    internal static void Save(RunFolder folder, RunRecord record, SampleRecord[] samples)
    {
        AtomicFile.WriteText(folder.PathOf(SamplesName), JsonSerializer.Serialize(samples, RunRecordJson.Default.SampleRecordArray));
        AtomicFile.WriteText(folder.ResultPath, JsonSerializer.Serialize(record, RunRecordJson.Default.RunRecord));
    }

    /// <summary>Makes the report from what the folder holds.</summary>
    /// <returns>Its full path.</returns>
    internal static string WriteReport(RunFolder folder, string path)
    {
        new RunReport
        {
            Run = RunRecordJson.ReadRun(folder.ResultPath),
            Samples = RunRecordJson.ReadSamples(folder.PathOf(SamplesName)),
            Config = File.ReadAllText(folder.ConfigPath),
            Environment = Environment(folder.EnvironmentPath),
        }.ToReport().Save(path);
        return Path.GetFullPath(path);
    }

    /// <summary>The networks of a run, side by side.</summary>
    internal static ResultTable ToTable(RunRecord record)
    {
        var table = new ResultTable(
            $"{record.Network} on {record.Data}, seed {record.Seed}", "network", "#test accuracy", "#weights left", "#fewer", "#file, gzip");
        foreach (NetworkRecord network in record.Networks)
        {
            table.Row(
                network.Name, network.TestAccuracy is { } part ? $"{part * 100:F2} %" : "", $"{network.Left:N0}", $"{network.Ratio:F1} x",
                $"{network.CompressedBytes / 1024.0:N0} KiB");
        }

        return table;
    }

    private static List<(string Name, string Value)> Environment(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        return [.. document.RootElement.EnumerateObject().Select(property => (property.Name, property.Value.ToString()))];
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
