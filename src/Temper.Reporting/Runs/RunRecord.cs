using System.Text.Json;
using System.Text.Json.Serialization;

namespace Temper.Reporting.Runs;

/// <summary>What a run did and what came of it: the content of <c>result.json</c>, and all that its report is made of.</summary>
internal sealed record RunRecord
{
    /// <summary>Of the document's form; raised when a field changes its meaning.</summary>
    public int Schema { get; init; } = 1;

    public required string Command { get; init; }

    public required string Network { get; init; }

    public required string Data { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Part of the training samples that was held out to choose the epoch, 0 to 1.</summary>
    public required double Validation { get; init; }

    public required double Seconds { get; init; }

    /// <summary>Trainings, one after the other.</summary>
    public required IReadOnlyList<PhaseRecord> Phases { get; init; }

    /// <summary>Networks that were measured on the test samples; the last one is the result.</summary>
    public required IReadOnlyList<NetworkRecord> Networks { get; init; }

    /// <summary>Of the result: counts by actual class, then predicted class, row after row.</summary>
    public required IReadOnlyList<long> Confusion { get; init; }

    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>Commands that give this run again.</summary>
    public required IReadOnlyList<string> Reproduce { get; init; }
}

/// <summary>One training.</summary>
internal sealed record PhaseRecord(string Name, int BestEpoch, IReadOnlyList<EpochRecord> Epochs);

/// <summary>One epoch; what is not finite is null.</summary>
internal sealed record EpochRecord(
    int Epoch, double? TrainLoss, double? TrainAccuracy, double? ValidationLoss, double? ValidationAccuracy, double? Terms, double? LearningRate);

/// <summary>A network as measured.</summary>
internal sealed record NetworkRecord
{
    /// <summary>What it is in this run: before, dense, lean.</summary>
    public required string Name { get; init; }

    public required double? TestAccuracy { get; init; }

    public required double? TestLoss { get; init; }

    public required long Bytes { get; init; }

    /// <summary>Of the same file after gzip.</summary>
    public required long CompressedBytes { get; init; }

    public required IReadOnlyList<LayerRecord> Layers { get; init; }

    [JsonIgnore]
    public long Total => Layers.Sum(layer => layer.Total);

    [JsonIgnore]
    public long Left => Layers.Sum(layer => layer.Left);

    /// <summary>How many times fewer weights are left.</summary>
    [JsonIgnore]
    public double Ratio => Left == 0 ? double.PositiveInfinity : (double)Total / Left;
}

/// <summary>Weights of one layer: all, and those that are not zero.</summary>
internal sealed record LayerRecord(string Name, long Total, long Left);

/// <summary>A test sample as the result sees it.</summary>
internal sealed record SampleRecord(byte[] Png, int Label, int Predicted, float Probability);

/// <summary>Reads and writes the records without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(RunRecord))]
[JsonSerializable(typeof(SampleRecord[]))]
internal sealed partial class RunRecordJson : JsonSerializerContext
{
    internal static RunRecord ReadRun(string path) => Read(path, () => JsonSerializer.Deserialize(File.ReadAllText(path), Default.RunRecord));

    internal static SampleRecord[] ReadSamples(string path) => Read(path, () => JsonSerializer.Deserialize(File.ReadAllText(path), Default.SampleRecordArray));

    private static T Read<T>(string path, Func<T?> read)
        where T : class
    {
        try
        {
            return read() ?? throw new InvalidDataException($"run: {path} is empty; it is written when a run ends");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"run: {path} is not what a run writes ({error.Message})", error);
        }
    }
}
