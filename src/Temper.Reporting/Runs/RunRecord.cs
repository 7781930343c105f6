using System.Text.Json.Serialization;
using Temper.Reporting.Documents;

namespace Temper.Reporting.Runs;

/// <summary>
/// Record of a run and its results: the content of <c>result.json</c>. Values that scripts read are fields; content
/// shown to people is in sections, which the command and its methods provide.
/// </summary>
internal sealed record RunRecord
{
    internal const int CurrentSchema = 3;

    /// <summary>Schema version without sample counts and with epochs counted from 0.</summary>
    internal const int SecondSchema = 2;

    /// <summary>Schema version; raised when the meaning of a field changes.</summary>
    public int Schema { get; init; } = CurrentSchema;

    /// <summary>Title of the report.</summary>
    public required string Title { get; init; }

    public required string Command { get; init; }

    public required string Network { get; init; }

    public required string Data { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Fraction of the training samples held out for validation, 0 to 1.</summary>
    public required double Validation { get; init; }

    /// <summary>Duration in seconds, summed over all parts of a run that was stopped and resumed.</summary>
    public required double Seconds { get; init; }

    /// <summary>Number of samples used for each purpose; null if the run has no data.</summary>
    public SampleCounts? Samples { get; init; }

    /// <summary>
    /// Files and arrays of the data that the run did not use; also empty if the file does not say, as in older schemas.
    /// </summary>
    public IReadOnlyList<UnusedRecord> Unused { get => field ?? []; init; }

    /// <summary>Training phases, in order.</summary>
    public required IReadOnlyList<PhaseRecord> Phases { get; init; }

    /// <summary>Measured networks; the last one is the result.</summary>
    public required IReadOnlyList<NetworkRecord> Networks { get; init; }

    /// <summary>Sections of the report, in order.</summary>
    public required IReadOnlyList<Section> Sections { get; init; }

    /// <summary>Commands that reproduce the run.</summary>
    public required IReadOnlyList<string> Reproduce { get; init; }

    /// <summary>Returns the record converted to the current schema.</summary>
    internal RunRecord InCurrentSchema() => Schema == CurrentSchema
        ? this
        : this with { Schema = CurrentSchema, Phases = [.. Phases.Select(phase => phase.CountedFromOne())] };

    /// <summary>Returns the record without pictures, for output to a terminal.</summary>
    internal RunRecord WithoutPictures() => this with
    {
        Sections = [.. Sections.Select(section =>
            section with { Blocks = [.. section.Blocks.Where(block => block is not (PictureGrid or Drawing))] })],
    };
}

/// <summary>Number of samples used for training, for choosing the epoch, and for the final measurement.</summary>
internal sealed record SampleCounts(int Train, int Validation, int Test);

/// <summary>A file or array of the data that was not used; count 0 if the number of samples is unknown.</summary>
internal sealed record UnusedRecord(string Name, int Count, string Reason);

/// <summary>A training phase. Epochs count from 1; up to schema 2 they counted from 0.</summary>
internal sealed record PhaseRecord(string Name, int BestEpoch, IReadOnlyList<EpochRecord> Epochs)
{
    /// <summary>Converts a phase of an older schema, which counted epochs from 0.</summary>
    internal PhaseRecord CountedFromOne() => this with { BestEpoch = BestEpoch + 1, Epochs = [.. Epochs.Select(epoch =>
        epoch with { Epoch = epoch.Epoch + 1 })] };
}

/// <summary>One epoch; values that are not finite are null.</summary>
internal sealed record EpochRecord(
    int Epoch, double? TrainLoss, double? TrainAccuracy, double? ValidationLoss, double? ValidationAccuracy,
    double? Terms, double? LearningRate);

/// <summary>Measurements of a network.</summary>
internal sealed record NetworkRecord
{
    /// <summary>Name of the network within the run: before, dense, lean.</summary>
    public required string Name { get; init; }

    public required double? TestAccuracy { get; init; }

    public required double? TestLoss { get; init; }

    public required long Bytes { get; init; }

    /// <summary>Size of the file after gzip compression, in bytes.</summary>
    public required long CompressedBytes { get; init; }

    public required IReadOnlyList<LayerRecord> Layers { get; init; }

    [JsonIgnore]
    public long Total => Layers.Sum(layer => layer.Total);

    [JsonIgnore]
    public long Left => Layers.Sum(layer => layer.Left);

    /// <summary>
    /// Number of weights, including zeros, of the largest network of a run. Used as the reference, because a network
    /// whose channels were removed has fewer weights in total.
    /// </summary>
    internal static long MaxWeights(IReadOnlyList<NetworkRecord> run) => run.Max(network => network.Total);

    /// <summary>Number of weights of the run's largest network divided by the nonzero weights of this one.</summary>
    internal double TimesFewer(IReadOnlyList<NetworkRecord> run) =>
        Left == 0 ? double.PositiveInfinity : (double)MaxWeights(run) / Left;
}

/// <summary>Weights of one layer: total, and nonzero.</summary>
internal sealed record LayerRecord(string Name, long Total, long Left);
