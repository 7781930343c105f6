using System.Text.Json.Serialization;
using Temper.Reporting.Documents;

namespace Temper.Reporting.Runs;

/// <summary>
/// What a run did and what came of it: the content of <c>result.json</c>. Figures that scripts read are fields; what is
/// shown to people are sections, which the command and its methods contribute.
/// </summary>
internal sealed record RunRecord
{
    internal const int CurrentSchema = 3;

    /// <summary>Had no counts of samples, and epochs from 0.</summary>
    internal const int SecondSchema = 2;

    /// <summary>Version of the document; raised when a field changes its meaning.</summary>
    public int Schema { get; init; } = CurrentSchema;

    /// <summary>The report's headline.</summary>
    public required string Title { get; init; }

    public required string Command { get; init; }

    public required string Network { get; init; }

    public required string Data { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Fraction of the training samples held out for validation, 0 to 1.</summary>
    public required double Validation { get; init; }

    /// <summary>Of all parts of a run that was stopped and resumed.</summary>
    public required double Seconds { get; init; }

    /// <summary>How many samples were used for what; null where there are no data.</summary>
    public SampleCounts? Samples { get; init; }

    /// <summary>
    /// What the data hold and the run did not use; empty also where a file, as those of older schemas, does not say it.
    /// </summary>
    public IReadOnlyList<UnusedRecord> Unused { get => field ?? []; init; }

    /// <summary>Trainings, one after the other.</summary>
    public required IReadOnlyList<PhaseRecord> Phases { get; init; }

    /// <summary>Networks that were measured; the last one is the result.</summary>
    public required IReadOnlyList<NetworkRecord> Networks { get; init; }

    /// <summary>What the report shows, in order.</summary>
    public required IReadOnlyList<Section> Sections { get; init; }

    /// <summary>Commands that give this run again.</summary>
    public required IReadOnlyList<string> Reproduce { get; init; }

    /// <summary>The record as this version writes it.</summary>
    internal RunRecord InCurrentSchema() => Schema == CurrentSchema
        ? this
        : this with { Schema = CurrentSchema, Phases = [.. Phases.Select(phase => phase.CountedFromOne())] };

    /// <summary>The record without pictures: for a terminal, where a picture is a page of letters.</summary>
    internal RunRecord WithoutPictures() => this with
    {
        Sections = [.. Sections.Select(section =>
            section with { Blocks = [.. section.Blocks.Where(block => block is not (PictureGrid or Drawing))] })],
    };
}

/// <summary>How many samples of a run trained, chose the epoch, and measured the result.</summary>
internal sealed record SampleCounts(int Train, int Validation, int Test);

/// <summary>Something in the data that was not used; 0 samples where their number is not known.</summary>
internal sealed record UnusedRecord(string Name, int Count, string Reason);

/// <summary>One training. Epochs count from 1; up to schema 2 they counted from 0.</summary>
internal sealed record PhaseRecord(string Name, int BestEpoch, IReadOnlyList<EpochRecord> Epochs)
{
    /// <summary>What an older schema counted from 0.</summary>
    internal PhaseRecord CountedFromOne() => this with { BestEpoch = BestEpoch + 1, Epochs = [.. Epochs.Select(epoch =>
        epoch with { Epoch = epoch.Epoch + 1 })] };
}

/// <summary>One epoch; what is not finite is null.</summary>
internal sealed record EpochRecord(
    int Epoch, double? TrainLoss, double? TrainAccuracy, double? ValidationLoss, double? ValidationAccuracy,
    double? Terms, double? LearningRate);

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

    /// <summary>
    /// Weights of the largest network of a run, zeros included: a network whose channels were removed has fewer of its
    /// own.
    /// </summary>
    internal static long MaxWeights(IReadOnlyList<NetworkRecord> run) => run.Max(network => network.Total);

    /// <summary>How many times fewer weights it has left than the largest network of its run has.</summary>
    internal double TimesFewer(IReadOnlyList<NetworkRecord> run) =>
        Left == 0 ? double.PositiveInfinity : (double)MaxWeights(run) / Left;
}

/// <summary>Weights of one layer: all, and those that are not zero.</summary>
internal sealed record LayerRecord(string Name, long Total, long Left);
