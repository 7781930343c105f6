using System.Text.Json;
using System.Text.Json.Serialization;
using Temper.Compression.Pruning;
using Temper.Reporting.Documents;
using Temper.Reporting.Runs;
using Temper.Training.Runs;

namespace Temper.Cli.Runs;

/// <summary>
/// The <c>result.json</c> of the first version: figures without report sections, with the samples in a separate file.
/// The sections are created from the figures when the record is read.
/// </summary>
internal sealed record SchemaOneRecord
{
    internal const int Schema = 1;
    private const string SamplesName = "samples.json";

    public required string Command { get; init; }

    public required string Network { get; init; }

    public required string Data { get; init; }

    public required ulong Seed { get; init; }

    public required double Validation { get; init; }

    public required double Seconds { get; init; }

    public required IReadOnlyList<PhaseRecord> Phases { get; init; }

    public required IReadOnlyList<NetworkRecord> Networks { get; init; }

    public required IReadOnlyList<long> Confusion { get; init; }

    public required IReadOnlyList<string> Classes { get; init; }

    public required IReadOnlyList<string> Reproduce { get; init; }

    /// <summary>Reads a record and converts it to the current schema.</summary>
    /// <exception cref="InvalidDataException">The file is not a valid record of the first version.</exception>
    internal static RunRecord Read(RunFolder folder, JsonElement document)
    {
        SchemaOneRecord old = RunRecordJson.Checked(
            folder.ResultPath, () => Whole(document.Deserialize(SchemaOneJson.Default.SchemaOneRecord)));
        string samplesPath = folder.PathOf(SamplesName);
        using JsonDocument samples = RunRecordJson.Open(samplesPath);
        return old.Upgraded(RunRecordJson.Checked(
            samplesPath, () => Whole(samples.Deserialize(SchemaOneJson.Default.SampleRecordArray))));
    }

    private RunRecord Upgraded(SampleRecord[] samples)
    {
        (string, SparsityReport)[] weights = [.. Networks.Select(network => (
            network.Name, new SparsityReport([.. network.Layers.Select(layer =>
                new LayerSparsity(layer.Name, layer.Total, layer.Left))], OtherCount: 0)))];
        PhaseRecord[] phases = [.. Phases.Select(phase => phase.CountedFromOne())];
        IEnumerable<Section> answers = RunSections.OfAnswers(Networks[^1].Name, Classes, Confusion, samples);
        return new RunRecord
        {
            Title = Networks.Count > 1 ? $"{Network} compressed on {Data}" : $"{Network} on {Data}",
            Command = Command,
            Network = Network,
            Data = Data,
            Seed = Seed,
            Validation = Validation,
            Seconds = Seconds,
            Phases = phases,
            Networks = Networks,
            Sections = RunSections.Of(phases, Networks, [SparsitySection.Of(weights)], answers),
            Reproduce = Reproduce,
        };
    }

    private static SchemaOneRecord Whole(SchemaOneRecord? old)
    {
        bool isWhole = old is { Networks.Count: > 0 }
            && old.Networks.All(network => network is not null && network.Layers.All(layer => layer is not null))
            && old.Networks.All(network => network.Layers.Select(layer => layer.Name).SequenceEqual(
                old.Networks[0].Layers.Select(layer => layer.Name), StringComparer.Ordinal))
            && old.Phases.All(phase => phase is { Epochs: not null } && phase.Epochs.All(epoch => epoch is not null))
            && old.Classes.All(name => name is not null) && old.Reproduce.All(line => line is not null)
            && old.Confusion.Count is var counts
            && (counts == 0 || counts == (long)old.Classes.Count * old.Classes.Count);
        return isWhole ? old! : throw new JsonException("a list is empty or has missing entries");
    }

    private static SampleRecord[] Whole(SampleRecord[]? samples) => samples is not null
        && samples.All(sample => sample is not null && PictureGrid.IsPng(sample.Png))
        ? samples
        : throw new JsonException("a sample is missing, or its picture is not a PNG file");
}

/// <summary>Source-generated JSON reader of the first schema.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SchemaOneRecord))]
[JsonSerializable(typeof(SampleRecord[]))]
internal sealed partial class SchemaOneJson : JsonSerializerContext;
