using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Temper.Growth.Blocks;
using Temper.Growth.Policies;

namespace Temper.Growth;

/// <summary>What a growth saves with each checkpoint.</summary>
internal sealed record GrowthState
{
    public required GrowthTrack Track { get; init; }

    /// <summary>The blocks of the network that trains.</summary>
    public required IReadOnlyList<StageState> Stages { get; set; }

    /// <summary>The blocks of the network of the last real gain; null: there was none yet.</summary>
    public IReadOnlyList<StageState>? GainStages { get; set; }

    /// <summary>Which held-out samples that network had right; null where answers are not compared.</summary>
    public bool[]? GainAnswers { get; set; }

    public List<GrowthStep> Path { get; init; } = [];

    public List<GrowthPoint> Points { get; init; } = [];

    /// <summary>Best held-out accuracy since the last growth.</summary>
    public double IntervalBest { get; set; }

    /// <summary>Seconds of training so far, over all starts of the run.</summary>
    public double Seconds { get; set; }

    /// <summary>
    /// Seconds of the newest epoch for each MAC of a sample: what the next network's epochs are predicted by.
    /// </summary>
    public double SecondsPerMac { get; set; }

    public bool HasEnded { get; set; }

    internal JsonNode ToJson() => JsonSerializer.SerializeToNode(this, GrowthJson.Default.GrowthState)!;

    /// <summary>Reads what <see cref="ToJson"/> gave.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    internal static GrowthState Read(JsonNode json, int stages)
    {
        try
        {
            GrowthState? state = json.Deserialize(GrowthJson.Default.GrowthState);
            return state is { Track: not null, Stages: not null }
                && state.Stages.Count == stages
                && state.Track.IsPlausible(stages)
                ? state
                : throw new JsonException("numbers contradict each other");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"growth: the state in the checkpoint is damaged (got: {error.Message}); "
                + "begin the growth again", error);
        }
    }
}

/// <summary>States by generated code.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(GrowthState))]
[JsonSerializable(typeof(FinishState))]
internal sealed partial class GrowthJson : JsonSerializerContext;
