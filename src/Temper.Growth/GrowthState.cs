using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Temper.Growth.Blocks;
using Temper.Growth.Policies;

namespace Temper.Growth;

/// <summary>State of a growth, saved with each checkpoint.</summary>
internal sealed record GrowthState
{
    public required GrowthTrack Track { get; init; }

    /// <summary>Blocks of the network being trained.</summary>
    public required IReadOnlyList<StageState> Stages { get; set; }

    /// <summary>Blocks of the network at the last gain; null if there was none.</summary>
    public IReadOnlyList<StageState>? GainStages { get; set; }

    /// <summary>
    /// For each held-out sample: whether the network at the last gain classifies it correctly. Null if the policy does
    /// not compare predictions.
    /// </summary>
    public bool[]? GainAnswers { get; set; }

    public List<GrowthStep> Path { get; init; } = [];

    public List<GrowthPoint> Points { get; init; } = [];

    /// <summary>Best held-out accuracy since the last growth.</summary>
    public double IntervalBest { get; set; }

    /// <summary>Seconds of training so far, over all sessions of the run.</summary>
    public double Seconds { get; set; }

    /// <summary>
    /// Duration of the newest epoch in seconds, divided by the network's MACs per sample. Used to predict the duration
    /// of the next network's epochs.
    /// </summary>
    public double SecondsPerMac { get; set; }

    public bool HasEnded { get; set; }

    internal JsonNode ToJson() => JsonSerializer.SerializeToNode(this, GrowthJson.Default.GrowthState)!;

    /// <summary>Reads and validates the JSON written by <see cref="ToJson"/>.</summary>
    /// <exception cref="InvalidDataException">The JSON is damaged.</exception>
    internal static GrowthState Read(JsonNode json, int stages)
    {
        try
        {
            GrowthState? state = json.Deserialize(GrowthJson.Default.GrowthState);
            return state is { Track: not null, Stages: not null }
                && state.Stages.Count == stages
                && state.Track.IsPlausible(stages)
                ? state
                : throw new JsonException("the counters contradict each other");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"growth: the state in the checkpoint is damaged (got: {error.Message}); "
                + "restart the growth", error);
        }
    }
}

/// <summary>Source-generated JSON serialization of the states.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(GrowthState))]
[JsonSerializable(typeof(ClockState))]
internal sealed partial class GrowthJson : JsonSerializerContext;
